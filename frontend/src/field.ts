// The phone page: door, outcome, next. Counts at the top are of this phone; nothing here follows a person.
import "./field.css";
import { trainingCard } from "./field/card";
import { Chain } from "./field/chain";
import { clear, goes } from "./field/clearing";
import { now } from "./field/clock";
import { compared } from "./field/comparing";
import { button, drawLines, make, turns } from "./field/dom";
import { FormPage } from "./field/formpage";
import { Forms } from "./field/forms";
import { Matters } from "./field/matters";
import { dropPages, keepEngine, keepPage, kept } from "./field/keeping";
import { keepOrders } from "./field/orders";
import { isLeft, isPost, noteName, sweepEnded, takeOver, toldOfOthers } from "./field/others";
import { Outbox } from "./field/outbox";
import { DAYS, Right, type Standing } from "./field/right";
import { rowsOf } from "./field/rows";
import { OPEN_STATES, readSheet, stairwells, type Door, type Sheet, type Stairwell } from "./field/sheet";
import { alone, csrf, openStore, type Kept, type State, type Store, type Told } from "./field/store";
import { takeReports } from "./field/telling";
import { speaker, type Words } from "./field/words";

const REFRESH = 60_000;
const COMPARE = 30 * 60_000;
const LIST = 10 * 60_000;
const LOOK = 15_000;
const page = document.getElementById("field")!;
const holder = page.dataset.holder!;
const team = Number(page.dataset.team);
const ground = page.dataset.ground!.split(" ");
const words = JSON.parse(document.getElementById("field-words")!.textContent!) as Words & { states: Record<string, string> };
const list = document.getElementById("field-list")!;
const dialog = document.getElementById("field-door") as HTMLDialogElement;
const word = speaker(words, document.documentElement.lang);

let store: Store;
let box: Outbox;
let chain: Chain;
let matters: Matters;
let forms: Forms;
let papers: FormPage;
let sheet: Sheet | undefined;
let asked = 0;
let ended: string[] = []; // passes and posts of others here whose right is over
let emptied = ""; // when the server last heard of a list that this phone has lost
let right: Right;
let standing: Standing = "stands"; // as the clocks said when they were last read
let hidden = ""; // why nothing is shown: "other" while another post works on this phone, or what its clock did
let asks = ""; // why somebody has to sign in again, or to go back to this post
let wells: Stairwell[] = [];
let chosen: Door | undefined;
let last: Kept | undefined;
let drawn = "";
let begun = false;
const opened = new Set<string>();
/** Settled doors leave the short list only when the page is drawn anew by hand, so nothing jumps under a thumb. */
const touched = new Set<string>();

const [countsTurn, listTurn] = [turns(), turns()];

const showsAll = (): boolean => (document.getElementById("field-all") as HTMLInputElement).checked;
const wellName = (well: { compound: string; building: string; entrance: string }): string =>
  [well.compound, well.building && word("building", { name: well.building }), well.entrance && word("entrance", { name: well.entrance })]
    .filter(Boolean)
    .join(" · ");

const timeOf = (moment: string, how: Intl.DateTimeFormatOptions): string =>
  new Date(moment).toLocaleString(document.documentElement.lang, { timeZone: page.dataset.zone, hourCycle: "h23", ...how });

async function drawCounts(): Promise<void> {
  const overtaken = countsTurn();
  const tally = await box.tally();
  for (const one of await forms.mine()) if (one.state !== "DRAFT") tally[one.state]++;
  const lines = [];
  if (!navigator.onLine || box.trouble === "offline") lines.push(word("offline"));
  else if (asks) lines.push(asks);
  else if (box.trouble || forms.trouble) lines.push(box.trouble || forms.trouble);
  if (tally.KEPT && lines.length && !(await kept())) lines.push(word("swept"));
  const told = (await matters.mine()).filter((one) => one.state === "KEPT").length;
  if (told) lines.push(word("waiting", { count: told }));
  const waiting = await toldOfOthers(store, holder, word, ended);
  lines.push(...waiting.lines);
  const left = await isLeft(store, ended, ground);
  if (overtaken()) return;
  for (const state of ["KEPT", "SENT", "ACKNOWLEDGED", "CONFLICT", "REFUSED"] as State[]) {
    const cell = document.getElementById(`count-${state}`)!;
    cell.textContent = String(tally[state]);
    cell.parentElement!.classList.toggle("some", tally[state] > 0);
  }
  document.getElementById("count-REFUSED")!.parentElement!.hidden = tally.REFUSED === 0;
  const note = document.getElementById("field-note")!;
  note.textContent = lines.join(" ");
  const link = (name: string, href: string): void => {
    const way = make("a", "btn", word(name));
    way.href = href;
    note.append(" ", way);
  };
  if (page.dataset.posts && (hidden === "other" || waiting.posts)) link("my_posts", page.dataset.posts);
  else if (asks && isPost(holder)) link("sign_in", location.href); // by the log-in page, and back to here
  if (left) note.append(" ", button(word("take_over"), () => void takeUp()));
  note.hidden = !lines.length;
}

async function drawList(): Promise<void> {
  const overtaken = listTurn();
  const [mine, told] = [await box.mine(), await matters.mine()];
  if (overtaken()) return;
  if (!hidden) drawSaid(mine, told);
  if (!sheet) return;
  wells = stairwells(sheet, asked, mine);
  const all = showsAll();
  const state = JSON.stringify([wells, all, [...touched]]);
  if (state === drawn) return; // a finger may be on the list
  drawn = state;
  const parts: HTMLElement[] = [];
  for (const well of wells) {
    const left = well.doors.filter((door) => OPEN_STATES.has(door.state)).length;
    const doors = well.doors.filter((door) => all || OPEN_STATES.has(door.state) || touched.has(door.place));
    if (!doors.length) continue;
    const part = make("details", "well");
    if (!begun) opened.add(well.key);
    begun = true;
    part.open = opened.has(well.key);
    const summary = make("summary");
    summary.append(make("span", "", wellName(well)), make("span", "num", word("left", { left, doors: well.doors.length })));
    part.append(summary);
    part.addEventListener("toggle", () => {
      if (part.open) opened.add(well.key);
      else opened.delete(well.key);
      if (part.open && part.childElementCount === 1) part.append(rowsOf(doors, words.states, word, choose));
    });
    if (part.open) part.append(rowsOf(doors, words.states, word, choose));
    parts.push(part);
  }
  if (!parts.length) parts.push(make("p", "empty", sheet.round ? word("all_done") : word("no_round")));
  list.replaceChildren(...parts);
}

/** What the server did not take, or took otherwise than it was meant; a person reads it and says so. */
function drawSaid(mine: Kept[], told: Told[]): void {
  const visits = mine.filter((one) => one.state === "REFUSED" || one.state === "CONFLICT" || (one.state === "ACKNOWLEDGED" && one.why));
  drawLines(document.getElementById("field-refused")!, word("noted"), [
    ...visits.map((one) => ({
      text: `${labelOf(one.place)} · ${words.states[one.outcome]}: ${one.state === "CONFLICT" ? word("conflict") : one.why} `,
      bad: one.state !== "ACKNOWLEDGED",
      dismiss: () => void box.dismiss(one.id),
    })),
    ...(emptied ? [{ text: word("emptied", { time: timeOf(emptied, { dateStyle: "short", timeStyle: "short" }) }), bad: true, dismiss: () => void noteEmptied() }] : []),
    ...told
      .filter((one) => one.state === "REFUSED")
      .map((one) => ({ text: `${labelOf(one.place)} · ${one.text}: ${one.why} `, bad: true, dismiss: () => void matters.dismiss(one.id) })),
  ]);
}

function labelOf(place: string): string {
  for (const well of wells) for (const door of well.doors) if (door.place === place) return `${wellName(well)} · ${door.label}`;
  return place;
}

function choose(door: Door): void {
  chosen = door;
  last = undefined;
  touched.add(door.place);
  document.getElementById("door-title")!.textContent = door.label;
  document.getElementById("door-where")!.textContent = wellName(door);
  document.getElementById("door-state")!.textContent = words.states[door.state];
  showStep("outcomes");
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function showStep(step: "outcomes" | "kept" | "tell" | "forms"): void {
  for (const part of dialog.querySelectorAll<HTMLElement>("[data-step]")) part.hidden = part.dataset.step !== step;
}

function nextDoor(): Door | undefined {
  const doors = wells.flatMap((well) => well.doors);
  const here = doors.findIndex((door) => door.place === chosen?.place);
  const open = (door: Door): boolean => OPEN_STATES.has(door.state) && !touched.has(door.place);
  return doors.slice(here + 1).find(open) ?? doors.slice(0, Math.max(here, 0)).find(open);
}

async function record(outcome: number, name: string): Promise<void> {
  if (!chosen || !sheet?.round) return;
  const door = chosen;
  try {
    last = await box.keep({ team: sheet.team.id, round: sheet.round.id, place: door.place, outcome, name });
  } catch {
    document.getElementById("door-state")!.textContent = word("full"); // nothing was entered, and it says so
    return;
  }
  await drawList();
  const next = nextDoor();
  document.getElementById("door-state")!.textContent = words.states[outcome];
  document.getElementById("door-kept")!.textContent = word("kept", { door: door.label, outcome: words.states[outcome] });
  const button = document.getElementById("door-next") as HTMLButtonElement;
  button.hidden = !next;
  if (next) button.textContent = word("next", { door: next.label });
  showStep("kept");
  await drawBack();
  (next ? button : (document.getElementById("door-close") as HTMLButtonElement)).focus();
}

/** Takes off what goes with rights of others that have ended, and shows what of theirs was finished and waits. */
async function sweep(): Promise<void> {
  ended = await sweepEnded(store, holder, page.dataset.sheet!);
  await drawCounts();
}

/** What was finished under a right that has ended goes out under this one. */
async function takeUp(): Promise<void> {
  await alone("visits", () => takeOver(store, ended, holder, ground));
  box.soon(0);
  forms.soon(0);
  await matters.send();
  await drawCounts();
}

/** Has this phone's list known to the server, and hears whether the phone has lost one. */
async function begin(): Promise<void> {
  emptied = await chain.begin();
  if (emptied) await drawList();
}

async function noteEmptied(): Promise<void> {
  emptied = "";
  await chain.noted();
  await drawList();
}

/** Asks whether the server holds all that this phone has finished; what it does not hold goes out again. */
async function compare(): Promise<void> {
  await begin().catch(() => undefined); // without a network the comparison says so
  document.getElementById("field-compared")!.textContent = await compared(chain, box, forms, word);
}

/** Taking back is offered while the server cannot have it. */
async function drawBack(): Promise<void> {
  document.getElementById("door-back")!.hidden = !last || !(await box.held(last.id));
}

async function takeBack(): Promise<void> {
  if (!last || !chosen) return;
  const inTime = await box.takeBack(last.id);
  await drawList();
  if (inTime) choose(chosen);
  else document.getElementById("door-kept")!.textContent = word("gone");
}

/** Shows nothing of what lies here, and loses none of it: another post works on this phone, or its clock is in doubt. */
async function hide(why: string, text: string): Promise<void> {
  if (hidden === why) return drawCounts();
  hidden = why;
  sheet = undefined;
  wells = [];
  drawn = "";
  papers.sealed = true;
  dialog.close();
  papers.shut();
  drawSaid([], []);
  document.getElementById("field-orders")?.setAttribute("hidden", "");
  const said = make("p", "message warning", text);
  said.setAttribute("role", "status");
  list.replaceChildren(said);
  await papers.draw();
  await drawCounts();
}

/** Says what the clock of this phone has to do with it that nothing is shown. */
function hideForClock(): Promise<void> {
  const written = (moment: number): string => timeOf(new Date(moment).toISOString(), { dateStyle: "short", timeStyle: "short" });
  const why = now() >= right.ends ? "clock_ahead" : "clock_back";
  return hide(why, `${word(why, { time: written(Date.now()), end: written(right.ends) })} ${word("clock_do", { days: DAYS })}`);
}

/** Takes doors, page and answers off this phone when the right to them is over, or those of a team that stands down; what was
 * finished and not sent waits for a right. */
async function wipe(of?: number): Promise<void> {
  sheet = undefined;
  wells = [];
  drawn = "";
  asks = "";
  if (!of) await box.dropSheets();
  await dropPages(!of);
  document.getElementById("field-orders")?.remove();
  list.replaceChildren(make("p", "empty", word("ended")));
  await forms.wipe(of);
  papers.sealed = true;
  dialog.close();
  papers.shut();
  // Not one at a time with the sending, which may wait long: it leaves alone what is on its way.
  await clear(store, [holder], goes, of);
  drawSaid([], []);
  await papers.draw();
  await drawCounts();
}

async function refresh(): Promise<void> {
  const read = await readSheet(box, page.dataset.sheet!); // first: the answer tells the time, too
  if (read.told) right.confirm();
  standing = right.read();
  if (read.ended || standing === "over") return wipe();
  if (read.gone) return wipe(isPost(holder) ? team : undefined); // a pass is for its team alone
  if (hidden === "other" && !read.told && !read.other) return drawCounts(); // nobody says that this post is back
  asks = read.other || read.asks ? read.refused : "";
  if (read.other) return hide("other", read.refused);
  if (standing === "doubted" && !read.told) return hideForClock();
  if (hidden || papers.sealed) {
    hidden = "";
    papers.sealed = false;
    document.getElementById("field-orders")?.removeAttribute("hidden");
    await papers.draw();
  }
  sheet = read.sheet;
  asked = read.asked;
  const stale = document.getElementById("field-as-of")!;
  stale.textContent = read.as_of
    ? word("as_of", { time: timeOf(read.as_of, { timeStyle: "medium" }) })
    : "";
  if (!sheet) list.replaceChildren(make("p", "empty", read.refused || word("nothing_yet")));
  await drawList();
  await drawCounts();
}

/** A clock may be set, and a right ends, at any time. */
function lookAtClocks(): void {
  const was = standing;
  standing = right.read();
  if (standing !== was) void refresh(); // the server is asked first
}

async function start(): Promise<void> {
  localStorage.setItem("qipan-field", "1"); // from now on signing out has something to take off (base.ts)
  noteName(holder, page.dataset.name!);
  trainingCard(holder, csrf);
  right = new Right(holder, page.dataset.ends ? Date.parse(page.dataset.ends) : Infinity);
  store = await openStore();
  chain = new Chain(store, holder, csrf, page.dataset.lists!);
  box = await Outbox.open(store, chain, holder, csrf);
  matters = new Matters(store, chain, holder, "drill" in page.dataset, csrf, team);
  matters.addEventListener("changed", () => void drawCounts().then(drawList));
  forms = new Forms(store, chain, holder, csrf, page.dataset.forms!, page.dataset.openrosa!, page.dataset.home!, team);
  papers = new FormPage(forms, word, labelOf, page.dataset.zone!, keepEngine);
  forms.addEventListener("changed", () => void drawCounts());
  navigator.serviceWorker?.addEventListener("controllerchange", () => void papers.keepAhead());
  let answered = 0;
  box.addEventListener("changed", () => {
    void drawBack();
    void drawCounts();
    void drawList();
    // What the server took shows in its own sheet a moment later.
    clearTimeout(answered);
    answered = window.setTimeout(() => void refresh(), 1_500);
  });
  for (const button of dialog.querySelectorAll<HTMLButtonElement>("[data-outcome]")) {
    button.addEventListener("click", () => void record(Number(button.dataset.outcome), button.dataset.name!));
  }
  document.getElementById("door-next")!.addEventListener("click", () => {
    const next = nextDoor();
    if (!next) return dialog.close();
    opened.add(wells.find((well) => well.doors.some((door) => door.place === next.place))!.key);
    choose(next);
  });
  const form = dialog.querySelector<HTMLFormElement>("[data-step=tell]");
  if (form) {
    takeReports(form, matters, word, page.dataset.zone!, () => chosen?.place, () => {
      showStep("outcomes");
      document.getElementById("door-state")!.textContent = word("told");
    });
    document.getElementById("door-tell")!.addEventListener("click", () => showStep("tell"));
    document.getElementById("tell-back")!.addEventListener("click", () => showStep("outcomes"));
  }
  document.getElementById("door-form")!.addEventListener("click", () => {
    void papers.atDoor(chosen!.place, document.getElementById("door-forms")!).then((more) => more && showStep("forms"));
  });
  document.getElementById("forms-back")!.addEventListener("click", () => showStep("outcomes"));
  document.getElementById("field-compare")!.addEventListener("click", () => void compare());
  document.getElementById("field-leave")!.addEventListener("click", (event) => {
    if (navigator.onLine) return;
    event.preventDefault();
    document.getElementById("field-compared")!.textContent = word("stay");
  });
  setInterval(() => document.hidden || !navigator.onLine || void compare(), COMPARE);
  document.getElementById("door-back")!.addEventListener("click", () => void takeBack());
  for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => list.querySelector<HTMLElement>(`[data-place="${chosen?.place}"]`)?.focus());
  document.getElementById("field-all")!.addEventListener("change", () => {
    touched.clear();
    void drawList();
  });
  addEventListener("online", () => void drawCounts());
  addEventListener("offline", () => void drawCounts());
  setInterval(() => document.hidden || dialog.open || void refresh(), REFRESH);
  await refresh();
  await drawCounts();
  await papers.draw();
  if (standing === "over") return;
  setInterval(lookAtClocks, LOOK);
  document.addEventListener("visibilitychange", lookAtClocks);
  void begin().catch(() => undefined);
  void forms.refresh();
  addEventListener("online", () => void forms.refresh());
  void sweep().catch(() => undefined);
  setInterval(() => document.hidden || void sweep().catch(() => undefined), COMPARE);
  setInterval(() => document.hidden || (document.querySelector("dialog[open]") ?? void forms.refresh()), LIST);
  keepOrders();
  await keepPage().catch(() => undefined); // a browser that forbids it still has the open page
}

void start();
