// The numbered list of what this phone has finished. Each line's hash covers all before it, so no line can be left out
// unseen. The server is asked now and then which lines it holds: "nothing lost" is compared, not believed.
import { alone, writing, type Agreed, type Filled, type Kept, type Line, type Store, type Told } from "./store";

const AT_ONCE = 500;
interface Item {
  id: string;
  place: string;
}
/** Why a line will never arrive: refused, opened again after that and not finished yet, or thrown away then. */
export type Gone = "REFUSED" | "REOPENED" | "DROPPED";
/** What a comparison found: lines that the server does not hold, or why none was made. */
export interface Compared {
  lines: number;
  missing: string[]; // they lie here and go out again
  lost: number; // they lie nowhere; the server shows them to the team's community
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

  /** How far the list is agreed; what is ``noted`` is written down beside it, in one step. */
  private async agreed(noted: Partial<Agreed> = {}): Promise<Agreed> {
    const step = this.db.transaction("agreed", "readwrite");
    const held = (await step.store.get(this.holder)) ?? { holder: this.holder, device: crypto.randomUUID(), n: 0, hash: "" };
    const row = { ...held, ...noted };
    await step.store.put(row);
    await step.done;
    return row;
  }

  /** Tells the server once that this list begins; returns when it last heard of one that this phone has lost, "" when of none. */
  async begin(): Promise<string> {
    const { device, begun, emptied } = await this.agreed();
    if (begun) return emptied ?? "";
    const answer = await fetch(this.path.replace("lists", "lists/begin"), {
      method: "POST",
      headers: writing(this.token(), this.holder),
      credentials: "same-origin",
      body: JSON.stringify({ device }),
      signal: AbortSignal.timeout(30_000),
    });
    if (!answer.ok) return ""; // later
    const said = (await answer.json()) as { emptied: string | null };
    return (await this.agreed({ begun: true, emptied: said.emptied ?? undefined })).emptied ?? "";
  }

  /** Somebody has read that the store was emptied. */
  async noted(): Promise<void> {
    await this.agreed({ emptied: undefined });
  }

  /** Adds what is not on the list yet. */
  async append(items: Item[]): Promise<void> {
    if (!globalThis.crypto?.subtle) return; // no secure address, no list; the counts above still hold
    await alone("list", () => this.add(items));
  }

  private async add(items: Item[]): Promise<void> {
    let { n, hash } = (await this.lines(0)).at(-1) ?? (await this.agreed());
    for (const { id, place } of items) {
      if (await this.db.getFromIndex("lines", "id", id)) continue;
      n++;
      hash = await digest(`${hash}|${id}|${place}`);
      await this.db.add("lines", { holder: this.holder, n, id, place, hash });
    }
  }

  /** Notes that what was refused leaves the phone: its line would be missed for ever. */
  async leave(id: string): Promise<void> {
    const [line, one] = [await this.db.getFromIndex("lines", "id", id), await this.entry(id)];
    if (line && (one?.state === "REFUSED" || one?.state === "DRAFT")) await this.db.put("lines", { ...line, gone: "DROPPED" });
  }

  /** Asks the server which of the lines it holds, to the last one; what it agrees to leaves this phone. */
  async compare(): Promise<Compared> {
    for (let lines = 0, lost = 0; ; ) {
      const found = await this.compareNext();
      lines += found.lines;
      lost += found.lost;
      if (found.lines < AT_ONCE || found.missing.length || found.trouble) return { ...found, lines, lost };
    }
  }

  private async entry(id: string): Promise<Kept | Told | Filled | undefined> {
    return (await this.db.get("visits", id)) ?? (await this.db.get("matters", id)) ?? this.db.get("filled", id);
  }

  private async goneWhy({ id, gone }: Line): Promise<Gone | undefined> {
    const one = await this.entry(id);
    if (!one) return gone;
    return one.state === "REFUSED" ? "REFUSED" : one.state === "DRAFT" ? "REOPENED" : undefined;
  }

  /** Whether what a line names lies here whole: it goes out, again if need be. */
  private async lies(id: string): Promise<boolean> {
    const one = await this.entry(id);
    return one !== undefined && (!("parts" in one) || one.parts.length > 0);
  }

  private async compareNext(): Promise<Compared> {
    const agreed = await this.agreed();
    const lines = await this.lines(agreed.n, AT_ONCE);
    const found: Compared = { lines: lines.length, missing: [], lost: 0, trouble: "" };
    if (!lines.length) return found;
    const told = await Promise.all(lines.map(async (line) => ({ id: line.id, place: line.place, gone: await this.goneWhy(line) })));
    try {
      const answer = await fetch(this.path, {
        method: "POST",
        headers: writing(this.token(), this.holder),
        credentials: "same-origin",
        body: JSON.stringify({
          device: agreed.device,
          before: agreed.hash,
          head: lines.at(-1)!.hash,
          lines: told,
        }),
        signal: AbortSignal.timeout(30_000),
      });
      const said = (await answer.json()) as { missing?: string[]; sentence?: string };
      if (!answer.ok) return { ...found, trouble: said.sentence ?? `HTTP ${answer.status}` };
      for (const id of said.missing ?? []) {
        if (await this.lies(id)) found.missing.push(id);
        else found.lost++;
      }
    } catch {
      return { ...found, trouble: "offline" };
    }
    if (!found.missing.length) {
      const last = lines.at(-1)!;
      await this.agreed({ n: last.n, hash: last.hash });
      await this.db.delete("lines", IDBKeyRange.bound([this.holder, 0], [this.holder, last.n]));
    }
    return found;
  }
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
