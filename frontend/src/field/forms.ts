// The forms of the team's ground, kept on the phone with their files, and filled ones: written down as they are typed,
// sent by themselves to the OpenRosa address when they are finished, and taken once whatever is sent again.
import type { Chain } from "./chain";
import { hear, now, pause, TAKE_BACK } from "./clock";
import { alone, asking, patience, writing, type Blank, type Filled, type Offer, type State, type Store } from "./store";

const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 120_000;
const DAY = 86_400_000;
const FORGOTTEN = 30 * DAY; // a draft that nobody went on with
const AT_ONCE = 1_000_000; // bytes; more goes out in several posts
const LEAST = 60_000; // ms for the answer to a form without files
const FINAL = new Set([400, 403, 404, 409, 413, 415]); // sending the same again would not help

const SAID = new Set<Filled["state"]>(["ACKNOWLEDGED", "CONFLICT"]); // the server said that it holds it

/** Whether whoever is asked may refuse a form by now, as far as this phone knows the time. */
export const lapsed = (offer: Offer, at = now()): boolean => offer.lapsed || Date.parse(offer.valid_to) <= at;
/** Which form in which version with which files: what changes it makes it another. */
export const keyOf = (holder: string, offer: Offer): string =>
  [holder, offer.code, offer.version, offer.sum, ...offer.files.flat()].join(" ");
/** The form and its version in a key, whatever files it had; a post's name has a space in it. */
export const formOf = (holder: string, key: string): string => key.slice(holder.length + 1).split(" ", 2).join(" ");

export class Forms extends EventTarget {
  private wait = FIRST_WAIT;
  private timer = 0;
  private sending = false;
  private over = false; // the right has ended
  /** Why nothing goes out now: "", "offline", or the server's sentence. */
  trouble = "";

  constructor(
    private db: Store,
    private chain: Pick<Chain, "append" | "leave">,
    private holder: string,
    private token: () => string,
    private path: string, // of the list
    private root: string, // of OpenRosa
    private home: string, // the team's place: what is about no door is about its ground
    private team?: number, // none at a desk
  ) {
    super();
    addEventListener("online", () => this.soon(0));
    document.addEventListener("visibilitychange", () => document.hidden || this.soon(0));
    this.soon(0);
  }

  private changed(): void {
    this.dispatchEvent(new Event("changed"));
  }

  private headers(): Record<string, string> {
    return { ...asking(this.holder), "X-CSRFToken": this.token(), "X-OpenRosa-Version": "1.0" };
  }

  /** The forms that the server lists for this holder. */
  async blanks(): Promise<Blank[]> {
    return (await this.db.getAll("forms")).filter((blank) => blank.holder === this.holder && blank.listed);
  }

  blank(key: string): Promise<Blank | undefined> {
    return this.db.get("forms", key);
  }

  /** The forms of which something lies here though the server lists them no more; of some only the name is left. */
  async closed(): Promise<Blank[]> {
    const known = new Set((await this.blanks()).map((blank) => formOf(this.holder, blank.key)));
    const found: Blank[] = [];
    for (const one of await this.mine()) {
      const form = formOf(this.holder, one.blank);
      if (known.has(form)) continue;
      known.add(form);
      const [code, version] = form.split(" ");
      const offer: Offer = { code, version: Number(version), title: one.title, about: "", passport: [], valid_to: "", lapsed: false, sum: "", files: [], blocked: "" };
      found.push((await this.blank(one.blank)) ?? { ...this.bare(one.blank, offer), listed: false });
    }
    return found;
  }

  /** What was filled in here, the newest first. */
  async mine(): Promise<Filled[]> {
    const rows = (await this.db.getAll("filled")).filter((one) => one.holder === this.holder);
    return rows.sort((a, b) => b.changed - a.changed);
  }

  /** Asks which forms there are and fetches what is new; says whether all of them lie on the phone. */
  async refresh(): Promise<boolean> {
    let offers: Offer[];
    try {
      const answer = await fetch(this.path, { headers: { ...asking(this.holder), Accept: "application/json" }, credentials: "same-origin", signal: AbortSignal.timeout(30_000) });
      if (!answer.ok) return false;
      hear(answer);
      this.over = false;
      offers = ((await answer.json()) as { forms: Offer[] }).forms;
    } catch {
      return false;
    }
    let whole = true;
    const listed = new Set(offers.map((offer) => keyOf(this.holder, offer)));
    for (const offer of offers) {
      const key = keyOf(this.holder, offer);
      const held = await this.db.get("forms", key);
      const wanted = offer.sum !== "" && !offer.blocked;
      try {
        const blank = held?.xform ? held : wanted ? await this.fetched(key, offer) : this.bare(key, offer);
        await this.keepBlank({ ...blank, offer, listed: true }, listed); // the passport in the language of now
      } catch {
        whole = false; // the network went, or the phone is full: what is here stays as it is
        const older = (await this.blanks()).find((blank) => blank.offer.code === offer.code);
        if (!older) await this.db.put("forms", this.bare(key, offer)).catch(() => undefined);
      }
    }
    if (whole) await this.sweep(listed);
    this.changed();
    return whole;
  }

  /** Keeps a blank in place of what it was before, in one step: nobody sees both in the list, nor neither. */
  private async keepBlank(blank: Blank, listed: Set<string>): Promise<void> {
    const step = this.db.transaction("forms", "readwrite");
    for (const other of await step.store.getAll()) {
      const same = other.holder === blank.holder && other.offer.code === blank.offer.code && !listed.has(other.key);
      if (same && other.listed) await step.store.put({ ...other, listed: false });
    }
    await step.store.put(blank);
    await step.done;
  }

  private bare(key: string, offer: Offer): Blank {
    return { key, holder: this.holder, offer, listed: true, xform: "", files: [] };
  }

  private async fetched(key: string, offer: Offer): Promise<Blank> {
    const at = `${this.root}forms/${encodeURIComponent(offer.code)}/`;
    const get = async (path: string): Promise<Blob> => {
      const answer = await fetch(at + path, { headers: this.headers(), credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.blob();
    };
    const older = await this.db.getAll("forms");
    const kept = older.flatMap((blank) => (blank.holder === this.holder && blank.offer.code === offer.code ? blank.files : []));
    const files: Blank["files"] = [];
    for (const [name, sum] of offer.files) {
      const same = kept.find((file) => file.name === name && file.sum === sum);
      files.push(same ?? { name, sum, blob: await get(`media/${encodeURIComponent(name)}`) });
    }
    return { ...this.bare(key, offer), xform: await (await get("form.xml")).text(), files };
  }

  /** What the server lists no more leaves the phone, unless something was begun with it. */
  private async sweep(listed: Set<string>): Promise<void> {
    for (const one of await this.db.getAll("filled")) {
      if (one.state === "DRAFT" && one.changed < now() - FORGOTTEN) await this.db.delete("filled", one.id); // also of a right that is gone
    }
    const used = new Set((await this.db.getAll("filled")).filter((one) => one.state === "DRAFT" || one.state === "REFUSED").map((one) => one.blank));
    for (const blank of await this.db.getAll("forms")) {
      if (blank.holder === this.holder && listed.has(blank.key)) continue;
      if (used.has(blank.key)) await this.db.put("forms", { ...blank, listed: false });
      else await this.db.delete("forms", blank.key);
    }
  }

  /** Writes a draft down; throws when the phone is full. */
  async keep(filled: Pick<Filled, "id" | "blank" | "title" | "place" | "label" | "parts">): Promise<void> {
    if (this.over) return; // a form that stood open when the right ended
    const held = await this.db.get("filled", filled.id);
    const { at, team } = held ?? { at: new Date().toISOString(), team: this.team };
    await this.db.put("filled", { ...filled, holder: this.holder, at, team, changed: now(), state: "DRAFT", ready: 0, why: "" });
  }

  /** The last word of a draft: it goes out by itself, in a few seconds. */
  async finish(id: string): Promise<void> {
    await this.mark(id, { state: "KEPT", ready: now() + TAKE_BACK, changed: now() });
    this.soon(TAKE_BACK + 50);
  }

  /** Opens a draft, or what was refused, for another word; what may have reached the server is changed by a new version. */
  async reopen(id: string): Promise<boolean> {
    const store = this.db.transaction("filled", "readwrite").store;
    const held = await store.get(id);
    if (held?.state !== "DRAFT" && held?.state !== "REFUSED") return false;
    await store.put({ ...held, state: "DRAFT" });
    this.changed();
    return true;
  }

  async drop(id: string): Promise<void> {
    await this.chain.leave(id);
    await this.db.delete("filled", id);
    this.changed();
  }

  /** Sends again what the server turned out not to hold. */
  async again(ids: string[]): Promise<void> {
    for (const one of await Promise.all(ids.map((id) => this.db.get("filled", id)))) {
      if (one && SAID.has(one.state) && one.parts.length) await this.mark(one.id, { state: "KEPT" });
    }
    this.soon(0);
  }

  /** The server has said that it holds all that was finished: what was answered need not lie here any longer. */
  async settled(): Promise<void> {
    for (const one of await this.mine()) {
      if (!SAID.has(one.state)) continue;
      if (one.changed < now() - DAY) await this.db.delete("filled", one.id);
      else if (one.parts.length) await this.mark(one.id, { parts: [] });
    }
  }

  /** The right is over, or a team's: drafts go, and nothing is written down until a right is back. */
  async wipe(team?: number): Promise<void> {
    this.over = true;
    for (const one of await this.mine()) if (one.state === "DRAFT" && (!team || one.team === team)) await this.drop(one.id);
  }

  private grief(offer: Offer): string {
    return `qipan-nuisance ${this.holder} ${offer.code} ${offer.version}`;
  }

  /** Whether this phone has said that a form is a nuisance. */
  complained(offer: Offer): boolean {
    return localStorage.getItem(this.grief(offer)) !== null;
  }

  /** Says that a form is a nuisance: noted here first, told without a name when there is a network. */
  complain(offer: Offer): void {
    if (!this.complained(offer)) localStorage.setItem(this.grief(offer), offer.code);
    void this.tell();
  }

  private async tell(): Promise<void> {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(`qipan-nuisance ${this.holder} `))) {
      const form = localStorage.getItem(key);
      if (!form) continue; // told
      try {
        const answer = await fetch("/api/field/nuisances", { method: "POST", headers: writing(this.token(), this.holder), credentials: "same-origin", body: JSON.stringify({ form }), signal: AbortSignal.timeout(30_000) });
        if (answer.ok || answer.status === 404) localStorage.setItem(key, "");
      } catch {
        return; // later
      }
    }
  }

  private async mark(id: string, changes: Partial<Filled>): Promise<void> {
    const store = this.db.transaction("filled", "readwrite").store;
    const held = await store.get(id);
    if (held) await store.put({ ...held, ...changes });
    this.changed();
  }

  soon(delay: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.send(), delay);
  }

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    void this.tell();
    try {
      await alone("forms", () => this.upload());
    } finally {
      this.sending = false;
    }
  }

  /** Sends what is ready until nothing is, or one fails: the others go before it then. It is looked anew after each, for some may
   * have been finished meanwhile. */
  private async upload(): Promise<void> {
    for (;;) {
      const waiting = (await this.mine()).filter((one) => one.state === "KEPT" || one.state === "SENT").reverse();
      waiting.sort((a, b) => (a.failed ?? 0) - (b.failed ?? 0));
      const ready = waiting.find((one) => pause(one.ready) === 0);
      if (ready && (await this.post(ready))) continue;
      if (ready) return; // it plans the next try
      this.trouble = "";
      this.wait = FIRST_WAIT;
      if (waiting.length) this.soon(Math.min(...waiting.map((one) => pause(one.ready))) + 50);
      return;
    }
  }

  /** Sends one, each file in a post of its own where they are large, and none twice; says whether the next may be tried. */
  private async post(filled: Filled): Promise<boolean> {
    await this.chain.append([{ id: filled.id, place: filled.place || this.home }]); // before it leaves
    await this.mark(filled.id, { state: "SENT" });
    let parts = filled.parts;
    const [xml, ...files] = parts;
    const left = files.filter((part) => !part.taken);
    const posts = left.length && sizeOf(left) > AT_ONCE ? left.map((part) => [part]) : [left];
    let told: { state: State; why?: string } = { state: "ACKNOWLEDGED" };
    for (const [n, some] of posts.entries()) {
      const body = new FormData();
      for (const part of [xml, ...some]) body.append(part.name, part.blob, part.name);
      if (n < posts.length - 1) body.append("*isIncomplete*", "yes");
      let answer: Response;
      try {
        const headers = { ...this.headers(), "Qipan-Sent-At": new Date().toISOString() };
        answer = await fetch(`${this.root}submission`, { method: "POST", headers, credentials: "same-origin", body, signal: patience(sizeOf([xml, ...some]), LEAST) });
      } catch {
        return this.later(filled.id, "offline");
      }
      if (!answer.ok) {
        const said = sentenceIn(await answer.text()) || `HTTP ${answer.status}`;
        const code = answer.headers.get("X-Refusal");
        // Without the right it waits for one, as visits do.
        if (!FINAL.has(answer.status) || code === "not_allowed") return this.later(filled.id, said);
        const conflict = answer.status === 409 && !code;
        told = { state: conflict ? "CONFLICT" : "REFUSED", why: said };
        if (!conflict) break; // what differs from another is kept beside it: the rest of its files belongs to it
      }
      parts = parts.map((part) => (some.includes(part) ? { ...part, taken: true } : part));
      if (n < posts.length - 1) await this.mark(filled.id, { parts });
    }
    // Whoever sends it anew, sends it whole.
    await this.mark(filled.id, { ...told, parts: parts.map(({ taken: _taken, ...part }) => part), failed: undefined, changed: now() });
    return true;
  }

  private async later(id: string, why: string): Promise<boolean> {
    this.trouble = why;
    await this.mark(id, { state: "KEPT", failed: now() });
    this.soon(this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    return false;
  }
}

const sizeOf = (parts: Filled["parts"]): number => parts.reduce((sum, { blob }) => sum + blob.size, 0);

/** The sentence in an answer of OpenRosa. */
export function sentenceIn(text: string): string {
  return new DOMParser().parseFromString(text, "text/xml").querySelector("message")?.textContent?.trim() ?? "";
}
