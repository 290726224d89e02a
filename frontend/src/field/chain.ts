// The numbered list of what this phone has finished. Each line's hash covers all before it, so no line can be left out
// unseen. The server is asked now and then which lines it holds: "nothing lost" is compared, not believed.
import { writing, type Line, type Store } from "./store";

const AT_ONCE = 500;
interface Item {
  id: string;
  place: string;
}
/** What a comparison found: lines that the server does not hold, or why none was made. */
export interface Compared {
  lines: number;
  missing: string[];
  trouble: string;
}

export class Chain {
  constructor(
    private db: Store,
    private holder: string,
    private token: () => string,
    private path: string,
  ) {}

  private lines(after: number, most?: number): Promise<Line[]> {
    return this.db.getAll("lines", IDBKeyRange.bound([this.holder, after + 1], [this.holder, Infinity]), most);
  }

  private async agreed(): Promise<{ device: string; n: number; hash: string }> {
    const held = await this.db.get("agreed", this.holder);
    if (held) return held;
    const fresh = { holder: this.holder, device: crypto.randomUUID(), n: 0, hash: "" };
    await this.db.put("agreed", fresh);
    return fresh;
  }

  /** Adds what is not on the list yet. Only one page at a time may call it (``alone``). */
  async append(items: Item[]): Promise<void> {
    if (!globalThis.crypto?.subtle) return; // no secure address, no list; the counts above still hold
    let { n, hash } = (await this.lines(0)).at(-1) ?? (await this.agreed());
    for (const { id, place } of items) {
      if (await this.db.getFromIndex("lines", "id", id)) continue;
      n++;
      hash = await digest(`${hash}|${id}|${place}`);
      await this.db.add("lines", { holder: this.holder, n, id, place, hash });
    }
  }

  /** Asks the server which of the lines it holds, to the last one; what it agrees to leaves this phone. */
  async compare(refused: (ids: string[]) => Promise<string[]>): Promise<Compared> {
    for (let lines = 0; ; ) {
      const found = await this.compareNext(refused);
      lines += found.lines;
      if (found.lines < AT_ONCE || found.missing.length || found.trouble) return { ...found, lines };
    }
  }

  private async compareNext(refused: (ids: string[]) => Promise<string[]>): Promise<Compared> {
    const agreed = await this.agreed();
    const lines = await this.lines(agreed.n, AT_ONCE);
    const found: Compared = { lines: lines.length, missing: [], trouble: "" };
    if (!lines.length) return found;
    const ids = lines.map((line) => line.id);
    try {
      const answer = await fetch(this.path, {
        method: "POST",
        headers: writing(this.token()),
        credentials: "same-origin",
        body: JSON.stringify({
          device: agreed.device,
          before: agreed.hash,
          head: lines.at(-1)!.hash,
          lines: lines.map(({ id, place }) => ({ id, place })),
          refused: await refused(ids),
        }),
        signal: AbortSignal.timeout(30_000),
      });
      const said = (await answer.json()) as { missing?: string[]; sentence?: string };
      if (!answer.ok) return { ...found, trouble: said.sentence ?? `HTTP ${answer.status}` };
      found.missing = said.missing ?? [];
    } catch {
      return { ...found, trouble: "offline" };
    }
    if (!found.missing.length) {
      const last = lines.at(-1)!;
      await this.db.put("agreed", { holder: this.holder, device: agreed.device, n: last.n, hash: last.hash });
      await this.db.delete("lines", IDBKeyRange.bound([this.holder, 0], [this.holder, last.n]));
    }
    return found;
  }
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
