// The list of forms on the phone page, and the sheet on which one of them is read, filled in and finished.
import { button, make } from "./dom";
import type { Filling, Typed } from "./filling";
import { formOf, lapsed, type Forms } from "./forms";
import type { Blank, Filled } from "./store";
import type { Word } from "./words";

const SHOWN = 20; // filled forms of one kind that are listed

const part = (id: string): HTMLElement => document.getElementById(id)!;

export class FormPage {
  private dialog = part("field-form") as HTMLDialogElement;
  private blank: Blank | undefined;
  private door = "";
  private filling: Filling | undefined;
  private current = ""; // id of what is being filled in
  private drawn = "";
  /** Another post works on this phone: nothing of this one is shown. */
  sealed = false;

  constructor(
    private forms: Forms,
    private word: Word,
    private nameOf: (place: string) => string,
    private zone: string,
    private keepEngine: () => Promise<void>,
  ) {
    part("form-start").addEventListener("click", () => void this.begin());
    part("form-questions").addEventListener("submit", (event) => event.preventDefault()); // Enter in a line ends nothing
    part("form-finish").addEventListener("click", () => void this.finish());
    part("form-again").addEventListener("click", () => void this.begin());
    part("form-nuisance").addEventListener("click", () => {
      this.forms.complain(this.blank!.offer);
      this.drawNuisance();
    });
    for (const button of this.dialog.querySelectorAll("[data-back]")) button.addEventListener("click", () => void this.leave().then(() => this.show("passport")));
    for (const button of this.dialog.querySelectorAll("[data-shut]")) button.addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => void this.leave());
    forms.addEventListener("changed", () => void this.draw());
  }

  /** Leaves the sheet: the right has ended. */
  shut(): void {
    this.dialog.close();
  }

  /** Draws the list: what is open, and what is not any more while something of it lies here; hidden where there is neither. */
  async draw(): Promise<void> {
    const listed = await this.forms.blanks();
    const blanks = this.sealed ? [] : [...listed, ...(await this.forms.closed())];
    const mine = await this.forms.mine();
    const now = JSON.stringify([blanks.map((blank) => [blank.key, blank.listed, blank.offer, lapsed(blank.offer)]), mine.map(({ parts: _parts, ...one }) => one)]);
    if (now === this.drawn) return;
    this.drawn = now;
    part("field-forms").hidden = !blanks.length;
    part("forms-count").textContent = String(listed.length);
    part("forms-list").replaceChildren(
      ...blanks.map((blank) => {
        const row = make("li");
        const line = button("", () => void this.open(blank, ""), "door");
        line.dataset.form = blank.offer.code;
        const begun = this.of(blank, mine).filter((one) => one.state === "DRAFT").length;
        line.append(make("b", "", blank.offer.title), make("span", "state", this.stateOf(blank)));
        if (begun) line.append(make("span", "on-phone", this.word("begun", { count: begun })));
        row.append(line);
        return row;
      }),
    );
    const atDoors = document.getElementById("door-form");
    if (atDoors) atDoors.hidden = !(await this.fitting()).length;
    void this.keepAhead();
    if (this.dialog.open && this.blank && !this.filling) this.drawMine(mine);
  }

  /** The forms that can be filled in at a door, as buttons; opens the only one at once and returns whether a choice is left. */
  async atDoor(door: string, list: HTMLElement): Promise<boolean> {
    const fit = (await this.fitting()).map((blank) => button(blank.offer.title, () => void this.open(blank, door), ""));
    list.replaceChildren(...fit);
    if (fit.length === 1) fit[0].click();
    return fit.length > 1;
  }

  /** Forms about doors and persons that lie on the phone and whose passport holds. */
  private async fitting(): Promise<Blank[]> {
    return (await this.forms.blanks()).filter(({ offer, xform }) => offer.about !== "UNIT" && xform && !lapsed(offer));
  }

  /** Has what opens forms fetched ahead, once there is a form to open. */
  async keepAhead(): Promise<void> {
    if ((await this.forms.blanks()).some((blank) => blank.xform)) await this.keepEngine().catch(() => undefined);
  }

  private of(blank: Blank, mine: Filled[]): Filled[] {
    return mine.filter((one) => formOf(one.holder, one.blank) === formOf(blank.holder, blank.key));
  }

  private stateOf({ offer, xform, listed }: Blank): string {
    if (lapsed(offer)) return this.word("refuse");
    if (!listed) return this.word("not_open");
    return offer.blocked || (xform ? "" : this.word("not_fetched"));
  }

  /** Shows a form's passport first; whoever is asked may read it. */
  async open(blank: Blank, door: string): Promise<void> {
    [this.blank, this.door] = [blank, door];
    const { offer } = blank;
    part("form-title").textContent = offer.title;
    part("form-where").textContent = door ? this.nameOf(door) : "";
    part("form-passport").replaceChildren(...offer.passport.flatMap(([name, text]) => [make("dt", "", name), make("dd", "", text)]));
    const over = lapsed(offer);
    part("form-refuse").hidden = !over;
    const why = over ? "" : this.stateOf(blank);
    part("form-why").textContent = why;
    part("form-why").hidden = !why;
    part("form-start").hidden = over || Boolean(why);
    this.drawNuisance();
    this.drawMine(await this.forms.mine());
    this.show("passport");
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  private drawNuisance(): void {
    const said = this.forms.complained(this.blank!.offer);
    (part("form-nuisance") as HTMLButtonElement).disabled = said;
    part("form-nuisance-said").textContent = said ? this.word("nuisance") : "";
  }

  private drawMine(mine: Filled[]): void {
    const rows = this.of(this.blank!, mine);
    part("form-mine").replaceChildren(...rows.slice(0, SHOWN).map((one) => this.rowOf(one)));
    part("form-mine").hidden = !rows.length;
  }

  private rowOf(one: Filled): HTMLElement {
    const row = make("li", "form-one");
    const time = new Date(one.changed).toLocaleString(document.documentElement.lang, { timeZone: this.zone, dateStyle: "short", timeStyle: "short", hourCycle: "h23" });
    const said = make("p");
    const where = one.label || (one.place && this.nameOf(one.place));
    said.append(make("b", "", where || time), make("span", "state", this.word(`form_${one.state}`)), make("span", "secondary", where ? time : ""));
    row.append(said);
    if (one.why && (one.state === "REFUSED" || one.state === "CONFLICT")) row.append(make("p", "message error", one.why));
    const act = (name: string, done: () => void): void => row.append(button(this.word(name), done));
    if (one.state === "DRAFT" || one.state === "REFUSED") act("go_on", () => void this.resume(one.id));
    const sent = one.state === "KEPT" || one.state === "SENT" || one.state === "ACKNOWLEDGED";
    if (sent && one.parts.length && this.blank!.listed) act("change", () => void this.begin(one, true));
    if (one.state === "DRAFT" || one.state === "REFUSED" || one.state === "CONFLICT") {
      act("throw_away", () => confirm(this.word("sure")) && void this.forms.drop(one.id));
    }
    return row;
  }

  private show(step: "passport" | "questions" | "done"): void {
    for (const one of this.dialog.querySelectorAll<HTMLElement>("[data-step]")) one.hidden = one.dataset.step !== step;
  }

  private async resume(id: string): Promise<void> {
    if (await this.forms.reopen(id)) await this.begin((await this.forms.mine()).find((one) => one.id === id));
  }

  /** Opens a form anew, or one that was left; with ``change`` one that went out is the base of the next. */
  private async begin(filled?: Filled, change = false): Promise<void> {
    await this.leave();
    const blank = filled ? ((await this.forms.blank(filled.blank)) ?? this.blank!) : this.blank!;
    const said = part("form-said");
    const questions = part("form-questions");
    const finish = part("form-finish") as HTMLButtonElement;
    finish.disabled = true; // until there is something to finish
    said.textContent = this.word("opening");
    questions.replaceChildren();
    this.show("questions");
    try {
      const { fill } = await import("./filling");
      this.current = change ? "" : (filled?.id ?? "");
      this.filling = await fill(blank, filled, this.door, this.word, (typed) => this.keep(blank, typed), change);
      questions.replaceChildren(this.filling.element);
      said.textContent = "";
      finish.disabled = false;
    } catch (problem) {
      console.error(problem);
      said.textContent = this.word(navigator.onLine ? "cannot_open" : "no_engine");
    }
    this.dialog.scrollTop = 0;
    questions.scrollTop = 0;
    questions.querySelector<HTMLElement>("input:not([hidden]), textarea, select")?.focus({ preventScroll: true });
  }

  private async keep(blank: Blank, typed: Typed): Promise<void> {
    this.current = typed.id;
    try {
      await this.forms.keep({ ...typed, blank: blank.key, title: blank.offer.title });
      if (part("form-said").textContent === this.word("full")) part("form-said").textContent = "";
    } catch (problem) {
      part("form-said").textContent = this.word("full");
      throw problem;
    }
  }

  private async finish(): Promise<void> {
    if (!this.filling) return;
    const said = part("form-said");
    const lacks = await this.filling.finish().catch(() => -1);
    if (lacks < 0) return;
    said.textContent = lacks ? this.word("lacks", { count: lacks }) : "";
    if (lacks) {
      const first = part("form-questions").querySelector<HTMLElement>(".ask:not([hidden]):has(> .ask-wrong:not([hidden]))");
      first?.querySelector<HTMLElement>("input:not([hidden]), textarea, button")?.focus();
      first?.scrollIntoView({ block: "start" });
      return;
    }
    const id = this.current;
    this.filling = undefined;
    await this.forms.finish(id);
    part("form-kept").textContent = this.word("form_kept");
    this.show("done");
    (part("form-again") as HTMLButtonElement).focus();
  }

  /** What was typed is written down before the sheet is left. */
  private async leave(): Promise<void> {
    const { filling } = this;
    this.filling = undefined;
    await filling?.close().catch(() => undefined);
    part("form-questions").replaceChildren();
    if (this.blank) this.drawMine(await this.forms.mine());
  }
}
