// Something is wrong at a door: written down first, sent when there is a network, taken once whatever is sent again.
import { v7 as uuid7 } from "uuid";
import type { Chain } from "./chain";
import { alone, writing, type Store, type Told } from "./store";

const EVERY = 30_000;

export class Matters extends EventTarget {
  private sending = false;

  constructor(
    private db: Store,
    private chain: Chain,
    private holder: string,
    private drill: boolean, // the page is an exercise's: what is told here is a drill's, too
    private token: () => string,
  ) {
    super();
    addEventListener("online", () => void this.send());
    setInterval(() => document.hidden || void this.send(), EVERY);
    void this.send();
  }

  async keep(told: Pick<Told, "place" | "category" | "text">): Promise<void> {
    await this.db.add("matters", { ...told, id: uuid7(), holder: this.holder, drill: this.drill, at: new Date().toISOString(), state: "KEPT", why: "" });
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

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      await alone(async () => {
        for (const told of await this.mine()) if (told.state === "KEPT" && !(await this.post(told))) break;
      });
    } finally {
      this.sending = false;
    }
  }

  /** Sends one; says whether the next may be tried. */
  private async post(told: Told): Promise<boolean> {
    await this.chain.append([told]);
    const { id, place, category, text, drill } = told;
    let answer: Response;
    try {
      answer = await fetch("/api/field/matters", {
        method: "POST",
        headers: writing(this.token(), this.holder),
        credentials: "same-origin",
        body: JSON.stringify({ id, place, category, text, drill }),
        signal: AbortSignal.timeout(30_000),
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
      await this.db.put("matters", { ...told, state: "REFUSED", why: said.sentence ?? `HTTP ${answer.status}` });
    }
    this.dispatchEvent(new Event("changed"));
    return true;
  }
}
