// The comparison of what this phone has finished with what the server holds, in words.
import type { Chain } from "./chain";
import type { Forms } from "./forms";
import type { Outbox } from "./outbox";
import type { Word } from "./words";

/** Compares; what the server does not hold goes out again. Returns what a person reads of it. */
export async function compared(chain: Chain, box: Outbox, forms: Forms, word: Word): Promise<string> {
  const found = await chain.compare();
  if (found.missing.length) await Promise.all([box.again(found.missing), forms.again(found.missing)]);
  else if (!found.trouble) await forms.settled();
  if (found.trouble) return found.trouble === "offline" ? word("offline") : found.trouble;
  const lines = [];
  if (found.missing.length) lines.push(word("missing", { count: found.missing.length }));
  if (found.lost) lines.push(word("lost", { count: found.lost }));
  return lines.join(" ") || word("agreed");
}
