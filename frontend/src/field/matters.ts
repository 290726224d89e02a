// Something is wrong at a door: written down first, sent when there is a network, taken once whatever is sent again.
import { v7 as uuid7 } from "uuid";
import type { Chain } from "./chain";
import { alone, patience, writing, type Store, type Told } from "./store";

const EVERY = 30_000;
const HINT = 5_000;

/** An open matter nearby in the same words. */
export interface Alike {
  id: number;
  number: string;
  category: string;
  state: string;
  at: string;
  sure: string;
}
export type Said = Pick<Told, "place" | "category" | "text">;

export class Matters extends EventTarget {
  private sending = false;

  constructor(
    private db: Store,
    private chain: Chain,
    private holder: string,
    private drill: boolean, // the page is an exercise's: what is told here is a drill's, too
    private token: () => string,
    private team: number,
  ) {
    super();
    addEventListener("online", () => void this.send());
    setInterval(() => document.hidden || void this.send(), EVERY);
    void this.send();
  }

  /** What may be the same; nothing without a network, so that nobody waits. */
  async alike(told: Said): Promise<Alike[]> {
    try {
      const answer = await fetch("/api/field/matters/similar", {
        method: "POST",
        headers: writing(this.token(), this.holder),
        credentials: "same-origin",
        body: JSON.stringify({ ...told, drill: this.drill }),
        signal: AbortSignal.timeout(HINT),
      });
      return answer.ok ? ((await answer.json()) as { alike: Alike[] }).alike : [];
    } catch {
      return [];
    }
  }

  async keep(told: Said & Pick<Told, "photos" | "same">): Promise<void> {
    await this.db.add("matters", { ...told, id: uuid7(), holder: this.holder, team: this.team, drill: this.drill, at: new Date().toISOString(), state: "KEPT", why: "" });
    void this.send();
    this.dispatchEvent(new Event("changed"));
  }

  async mine(): Promise<Told[]> {
    return (await this.db.getAll("matters")).filter((told) => told.holder === this.holder);
  }

  async dismiss(id: string): Promise<void> {
    await this.chain.leave(id);
    await this.db.delete("matters", id);
    this.dispatchEvent(new Event("changed"));
  }

  async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      await alone("matters", async () => {
        for (const told of await this.mine()) if (told.state === "KEPT" && !(await this.post(told))) break;
      });
    } finally {
      this.sending = false;
    }
  }

  /** Sends one; says whether the next may be tried. */
  private async post(told: Told): Promise<boolean> {
    await this.chain.append([told]);
    const { id, place, category, text, drill, same = null } = told;
    const photos = await Promise.all((told.photos ?? []).map(base64));
    const body = JSON.stringify({ id, place, category, text, drill, photos, same });
    let answer: Response;
    try {
      answer = await fetch("/api/field/matters", {
        method: "POST",
        headers: writing(this.token(), this.holder),
        credentials: "same-origin",
        body,
        signal: patience(body.length),
      });
    } catch {
      return false;
    }
    if (answer.ok) {
      await this.db.delete("matters", id);
    } else if (answer.status >= 500 || answer.status === 401 || answer.status === 403 || answer.status === 429) {
      return false; // later, or under another right
    } else {
      const said = (await answer.json().catch(() => ({}))) as { sentence?: string };
      const store = this.db.transaction("matters", "readwrite").store;
      const held = await store.get(id);
      if (held) await store.put({ ...held, state: "REFUSED", why: said.sentence ?? `HTTP ${answer.status}` });
    }
    this.dispatchEvent(new Event("changed"));
    return true;
  }
}

function base64(blob: Blob): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(",", 2)[1] ?? "");
    reader.onerror = () => failed(reader.error ?? new Error("unreadable"));
    reader.readAsDataURL(blob);
  });
}
