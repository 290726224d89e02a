// What was found at a door is written into IndexedDB first and sent from there: a lost network loses nothing.
// A visit keeps its id from the first write, so sending it twice counts it once.
import { v7 as uuid7 } from "uuid";
import type { Chain } from "./chain";
import { certain, now, pause, sure, TAKE_BACK } from "./clock";
import { alone, writing, type Kept, type Store, type Stored, type Tally } from "./store";

const BATCH = 100;
const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 120_000;
const DAY = 86_400_000;

export class Outbox extends EventTarget {
  private wait = FIRST_WAIT;
  private timer = 0;
  private sending = false;
  /** Why nothing goes out now: "", "offline", or the server's sentence. */
  trouble = "";

  private constructor(
    private db: Store,
    private chain: Chain,
    readonly holder: string,
    private token: () => string,
  ) {
    super();
  }

  /** Opens the phone's store; what an interrupted upload left as SENT goes out again. */
  static async open(db: Store, chain: Chain, holder: string, token: () => string): Promise<Outbox> {
    const box = new Outbox(db, chain, holder, token);
    await box.forget();
    addEventListener("online", () => box.soon(0));
    addEventListener("offline", () => box.stuck("offline"));
    document.addEventListener("visibilitychange", () => document.hidden || box.soon(0));
    void navigator.storage?.persist?.();
    box.soon(0);
    return box;
  }

  async keep(visit: Pick<Kept, "team" | "round" | "place" | "outcome" | "name">): Promise<Kept> {
    const known = certain();
    const kept: Kept = {
      ...visit,
      id: uuid7(),
      holder: this.holder,
      at: new Date(known ?? Date.now()).toISOString(), // else by this phone's clock, as sent_at is
      served: known !== undefined,
      state: "KEPT",
      ready: now() + TAKE_BACK,
      answered: 0,
      why: "",
    };
    await this.db.add("visits", kept);
    this.changed();
    this.soon(TAKE_BACK + 50);
    return kept;
  }

  /** Whether a visit can be taken back: it was never tried, so the server cannot hold it. */
  async held(id: string): Promise<boolean> {
    const kept = await this.db.get("visits", id);
    return kept?.state === "KEPT" && !kept.tried;
  }

  /** Takes back what has not left the phone; says whether it was in time. */
  async takeBack(id: string): Promise<boolean> {
    const store = this.db.transaction("visits", "readwrite").store;
    const kept = await store.get(id);
    if (kept?.state !== "KEPT" || kept.tried) return false;
    await store.delete(id);
    this.changed();
    return true;
  }

  /** Sends again what the server turned out not to hold; what this phone holds no more is the server's to show. */
  async again(ids: string[]): Promise<void> {
    const known = await Promise.all(ids.map((id) => this.db.get("visits", id)));
    const said = known.filter((kept) => kept?.state === "ACKNOWLEDGED" || kept?.state === "CONFLICT");
    await this.mark(said.map((kept) => ({ ...kept!, state: "KEPT" })));
    this.soon(0);
  }

  /** Puts out of sight what the server said of a visit, once it was read. */
  async dismiss(id: string): Promise<void> {
    await this.chain.leave(id);
    await this.db.delete("visits", id);
    this.changed();
  }

  async tally(): Promise<Tally> {
    const tally: Tally = { KEPT: 0, SENT: 0, ACKNOWLEDGED: 0, CONFLICT: 0, REFUSED: 0 };
    for (const kept of await this.mine()) tally[kept.state]++;
    return tally;
  }

  /** What this phone knows and the sheet may not know yet. */
  async mine(): Promise<Kept[]> {
    return (await this.db.getAll("visits")).filter((kept) => kept.holder === this.holder);
  }

  async sheet(key: string): Promise<Stored | undefined> {
    return this.db.get("sheets", `${this.holder} ${key}`);
  }

  async keepSheet(sheet: Stored): Promise<void> {
    await this.db.put("sheets", { ...sheet, key: `${this.holder} ${sheet.key}` });
  }

  /** Takes every sheet of doors off this phone; what is not sent yet stays until it is. */
  async dropSheets(): Promise<void> {
    await this.db.clear("sheets");
  }

  /** Plans the next upload; a shorter wait replaces a longer one. */
  soon(delay: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.send(), delay);
  }

  private stuck(why: string): void {
    this.trouble = why;
    this.changed();
  }

  private changed(): void {
    this.dispatchEvent(new Event("changed"));
  }

  /** Drops what the server acknowledged a day ago, and doors of other holders and of rounds that are over: no archive.
   *
   * Nothing goes because a clock has leapt. */
  private async forget(): Promise<void> {
    const at = sure();
    for (const sheet of await this.db.getAll("sheets")) {
      const ends = (sheet.body as { round?: { closes_at: string } | null }).round?.closes_at;
      const over = ends !== undefined && Date.parse(ends) < at;
      if (over || !sheet.key.startsWith(`${this.holder} `)) await this.db.delete("sheets", sheet.key);
    }
    const store = this.db.transaction("visits", "readwrite").store;
    for (const kept of await store.getAll()) {
      if (kept.state === "ACKNOWLEDGED" && !kept.why && kept.ready < at - DAY) await store.delete(kept.id);
    }
  }

  /** One page of this browser sends at a time. */
  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      await alone("visits", () => this.upload());
    } finally {
      this.sending = false;
    }
  }

  private async upload(size = BATCH): Promise<void> {
    const { batch, next } = await this.take(size);
    if (!batch.length) {
      this.trouble = "";
      this.changed();
      if (next !== undefined) this.soon(next + 50);
      return;
    }
    this.changed();
    await this.chain.append(batch); // before it leaves: what is lost on the way is missed later
    let answer: Response;
    try {
      answer = await fetch("/api/visits", {
        method: "POST",
        headers: writing(this.token(), this.holder),
        credentials: "same-origin",
        body: JSON.stringify(bodyOf(batch)),
        signal: AbortSignal.timeout(30_000),
      });
    } catch {
      return this.later(batch, "offline");
    }
    if (answer.ok) {
      const unanswered = await this.settle(batch, (await answer.json()) as Answer);
      if (unanswered.length) return this.later(unanswered, "");
      this.wait = FIRST_WAIT;
      this.trouble = "";
      this.changed();
      this.soon(0);
      return;
    }
    const said = (await answer.json().catch(() => ({}))) as { sentence?: string };
    const sentence = said.sentence ?? `HTTP ${answer.status}`;
    const lasting = answer.status === 400 || answer.status === 413 || answer.status === 422;
    if (!lasting) return this.later(batch, sentence);
    if (batch.length > 1) {
      await this.mark(batch.map((kept) => ({ ...kept, state: "KEPT" })));
      return this.upload(1); // one of them is at fault: find it, let the others through
    }
    await this.mark([{ ...batch[0], state: "REFUSED", why: sentence }]);
    this.soon(0);
  }

  /** Marks what goes out now, in one step with looking, so that nothing is taken back meanwhile; else says when to look again. */
  private async take(size: number): Promise<{ batch: Kept[]; next: number | undefined }> {
    const step = this.db.transaction("visits", "readwrite");
    const mine = (await step.store.getAll()).filter((kept) => kept.holder === this.holder);
    const waiting = mine.filter((kept) => kept.state === "KEPT" || kept.state === "SENT");
    const ready = waiting.filter((kept) => pause(kept.ready) === 0);
    // An upload is of one team, and dated by one clock: the server's, this phone's, or as this phone's stood before it was set back.
    const at = new Date().toISOString();
    const clock = (kept: Kept): string => (kept.served ? "server" : kept.at > at ? kept.at.slice(0, 10) : "phone");
    const due = ready.filter((kept) => kept.team === ready[0].team && clock(kept) === clock(ready[0])).slice(0, size);
    const batch = due.map((kept): Kept => ({ ...kept, state: "SENT", tried: true }));
    for (const kept of batch) void step.store.put(kept);
    await step.done;
    return { batch, next: waiting.length ? Math.min(...waiting.map((kept) => pause(kept.ready))) : undefined };
  }

  private async later(batch: Kept[], why: string): Promise<void> {
    await this.mark(batch.map((kept) => ({ ...kept, state: "KEPT" })));
    this.stuck(why);
    this.soon(this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  /** Writes down what the server said of each visit; returns those that it did not name. */
  private async settle(batch: Kept[], answer: Answer): Promise<Kept[]> {
    const said = new Map(answer.answers.map((item) => [item.id, item]));
    const unanswered = batch.filter((kept) => !said.has(kept.id));
    await this.mark(
      batch.filter((kept) => said.has(kept.id)).map((kept) => {
        const item = said.get(kept.id)!;
        kept = { ...kept, answered: now() };
        if (item.answer === "stored" || item.answer === "duplicate") return { ...kept, state: "ACKNOWLEDGED" };
        if (item.answer === "late") return { ...kept, state: "ACKNOWLEDGED", why: item.sentence ?? "" };
        if (item.answer === "conflict") return { ...kept, state: "CONFLICT" };
        return { ...kept, state: "REFUSED", why: item.sentence ?? item.code ?? "" };
      }),
    );
    return unanswered;
  }

  private async mark(visits: Kept[]): Promise<void> {
    const transaction = this.db.transaction("visits", "readwrite");
    for (const visit of visits) void transaction.store.put(visit);
    await transaction.done;
    this.changed();
  }
}

interface Answer {
  answers: { id: string; answer: string; code?: string; sentence?: string }[];
}

/** The body of POST /api/visits; ``sent_at`` lets the server take the error of this phone's clock out. What is dated by the
 * server's clock goes without: the server believes it as it stands, whatever was set since.
 *
 * What is dated after the sending was entered before the clock was set back: it is sent as of its latest, so that no visit is
 * refused for that. Its own time says which visit it is, and never changes from one try to the next. */
function bodyOf(batch: Kept[]): object {
  const sent_at = batch[0].served ? undefined : batch.reduce((latest, { at }) => (at > latest ? at : latest), new Date().toISOString());
  return {
    sent_at,
    team: batch[0].team,
    visits: batch.map(({ id, round, place, name, at }) => ({ id, round, place, outcome: name, at })),
  };
}
