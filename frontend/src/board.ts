// The board: figures renewed every two seconds, one level down in place, the choice kept in the address.
import "./board/board.css";
import type { Collection, GroundMap } from "./board/map";
import { startFinder } from "./board/finder";
import { figure, percent, type Figures } from "./board/figures";
import { paint, paintMoment } from "./board/paint";
import type { Trend, TrendCharts } from "./board/trend";

const PERIOD = 2000;
const TREND = 10_000; // samples come every ten minutes, in a drill every few seconds
const SPEAK = 30_000; // a screen reader hears of changes at most this often

const root = () => document.querySelector<HTMLElement>("#board")!;
let latest: Figures | null = null;
let asOf = ""; // the moment of the latest figures
let map: GroundMap | null = null;
let charts: TrendCharts | null = null;
let trended = 0;
let timer = 0;
let spoken = 0;
let failures = 0;
let turn = 0; // a newer look at another area makes older answers void

const params = () => new URLSearchParams(location.search);

/** The choice in the address, less what is not for the endpoint. */
function endpoint(tail = ""): string {
  const query = params();
  query.delete("cycle");
  const text = query.toString();
  return `${root().dataset.api}${tail}${text ? `?${text}` : ""}`;
}

function speak(figures: Figures): void {
  const live = root().querySelector<HTMLElement>("[data-live]");
  if (!live || !figures.total || performance.now() - spoken < SPEAK) return;
  spoken = performance.now();
  live.textContent = (live.dataset.sentence ?? "")
    .replace("{label}", document.querySelector("#ground-title")?.textContent ?? "")
    .replace("{percent}", percent(figures.total.part, figures.total.whole))
    .replace("{left}", figure(figures.total.whole - figures.total.part));
}

async function renew(): Promise<void> {
  const mine = turn;
  const answer = await fetch(endpoint(), { headers: { Accept: "application/json" } }).catch(() => null);
  if (mine !== turn) return;
  const stale = root().querySelector<HTMLElement>("[data-stale]")!;
  if (!answer?.ok) {
    if (answer && [401, 403, 404].includes(answer.status)) return location.reload(); // the page itself says why
    stale.hidden = ++failures < 2;
    return;
  }
  const figures = (await answer.json()) as Figures;
  if (mine !== turn) return;
  failures = 0;
  stale.hidden = true;
  asOf = answer.headers.get("X-As-Of") ?? "";
  paintMoment(document, asOf);
  if (figures.shape !== root().dataset.shape) return lay(location.href);
  latest = figures;
  paint(root(), figures);
  map?.paint(figures);
  charts?.follow(figures, asOf);
  speak(figures);
  if (performance.now() - trended > TREND) void trend();
}

function plan(): void {
  clearTimeout(timer);
  if (document.hidden) return;
  const late = Math.min(failures, 5) * PERIOD;
  timer = window.setTimeout(() => void renew().finally(plan), PERIOD * (0.9 + Math.random() * 0.2) + late);
}

/** Replaces every region by the same region of another page, keeping the map where it is. */
async function lay(address: string, focus = false): Promise<void> {
  const mine = ++turn;
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (mine !== turn) return;
  if (!answer?.ok || answer.redirected) return location.assign(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.querySelector<HTMLElement>("#board");
  if (mine !== turn) return;
  if (!next) return location.assign(address);
  turn++; // figures asked for while this page was on its way are those of the page that goes now
  const opened = root().querySelector<HTMLDetailsElement>("details.states")?.open ?? false;
  const typing = document.querySelector("[data-finder]:focus-within") && (document.activeElement as HTMLElement);
  for (const region of document.querySelectorAll<HTMLElement>("[data-swap]")) {
    const fresh = page.querySelector(`[data-swap="${region.dataset.swap}"]`);
    if (!fresh) continue;
    const copy = document.importNode(fresh, true);
    region.replaceWith(copy);
    if (typing && region.contains(typing)) copy.querySelector("[data-finder]")?.replaceWith(typing.closest("[data-finder]")!);
  }
  if (!focus) typing?.focus({ preventScroll: true }); // who types in the finder goes on typing
  Object.assign(root().dataset, { ...next.dataset });
  document.title = page.title;
  shapeSquares();
  const states = root().querySelector<HTMLDetailsElement>("details.states");
  if (states) states.open = opened;
  latest = null;
  void trend();
  if (focus && (document.activeElement === null || document.activeElement === document.body)) {
    // What had the focus is gone with its level; the reader goes on at the first area of the new one.
    const first = root().querySelector<HTMLElement>(".list a") ?? document.querySelector<HTMLElement>("#main");
    first?.focus({ preventScroll: true });
  }
  await renew();
  void ground();
}

async function open(address: string): Promise<void> {
  if (new URL(address, location.href).href !== location.href) history.pushState(null, "", address);
  await lay(location.href, true);
}

function openArea(code: string): void {
  const row = root().querySelector<HTMLAnchorElement>(`[data-row="${code}"] a`);
  if (row) void open(row.href);
}

/** Draws the map where every area below has an outline; everywhere else the schematic squares stand. */
async function ground(): Promise<void> {
  const mine = turn;
  const host = document.querySelector<HTMLElement>("#map")!;
  const answer = await fetch(endpoint("/outlines")).catch(() => null);
  const shapes = answer?.ok ? ((await answer.json()) as Collection) : null;
  if (mine !== turn) return;
  const usable = Boolean(shapes?.usable);
  root().classList.toggle("has-map", usable && map !== null);
  if (!usable) {
    host.hidden = true;
    return;
  }
  try {
    const { GroundMap } = await import("./board/map");
    host.hidden = false;
    map ??= new GroundMap(host, openArea);
    if (!latest) await renew();
    if (latest && mine === turn) {
      await map.show(shapes!, latest);
      root().classList.add("has-map");
      const note = root().querySelector<HTMLElement>("[data-missing]")!;
      note.hidden = shapes!.missing.length === 0;
      note.lastElementChild!.textContent = shapes!.missing.join(", ");
    }
  } catch (reason) {
    console.warn("no map:", reason); // no WebGL, say: the squares say the same
    host.hidden = true;
    root().classList.remove("has-map");
  }
}

/** Draws how coverage went, where the page has a place for it. */
async function trend(): Promise<void> {
  const panel = root().querySelector<HTMLElement>("[data-trend]");
  if (charts && charts.panel !== panel) {
    charts.dispose();
    charts = null;
  }
  if (!panel) return;
  const mine = turn;
  trended = performance.now();
  const answer = await fetch(endpoint("/trend")).catch(() => null);
  if (!answer?.ok) return; // the figures say that the connection is gone
  const found = (await answer.json()) as Trend;
  const { TrendCharts } = await import("./board/trend");
  if (mine !== turn) return;
  charts ??= new TrendCharts(panel);
  charts.show(found);
  if (latest) charts.follow(latest, asOf);
}

document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-drill]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  void open(link.href);
});
window.addEventListener("popstate", () => void lay(location.href));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return clearTimeout(timer);
  void renew().finally(plan);
});

/** How many squares stand side by side: as many as keep them nearest to square in the panel. */
function shapeSquares(): void {
  const squares = root().querySelector<HTMLElement>(".squares");
  const count = squares?.querySelectorAll(".square").length ?? 0;
  if (!squares || !count) return;
  const { clientWidth: width, clientHeight: height } = squares.parentElement!;
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= count; columns++) {
    const side = Math.min(width / columns, height / Math.ceil(count / columns));
    if (side > largest) [best, largest] = [columns, side];
  }
  squares.style.setProperty("--columns", String(best));
}
window.addEventListener("resize", shapeSquares);

// Explanations open while the pointer is on them, by click and by Enter.
for (const [event, open] of [["pointerover", true], ["pointerout", false]] as const) {
  document.addEventListener(event, (moved) => {
    if (moved.pointerType !== "mouse") return;
    const told = (moved.target as Element).closest<HTMLDetailsElement>("details.told");
    if (told && !told.contains(moved.relatedTarget as Node | null)) told.open = open;
  });
}

// The list by keyboard: arrows move, Enter goes down, Backspace goes up.
document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (target.closest("input, select, textarea")) return;
  if (event.key === "Backspace") {
    const above = [...root().querySelectorAll<HTMLAnchorElement>(".crumbs a")].pop();
    if (above) void open(above.href);
    return;
  }
  if (!target.matches(".list a") || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const rows = [...root().querySelectorAll<HTMLAnchorElement>(".list a")];
  rows[rows.indexOf(target as HTMLAnchorElement) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  event.preventDefault();
});

startFinder((href) => void open(href + location.search));

// The wall shows each area below in turn, then the whole again.
const cycle = Number(root().dataset.cycle ?? 0);
if (cycle) {
  const home = root().dataset.code!;
  const codes = [home, ...[...root().querySelectorAll<HTMLElement>(".square")].map((s) => s.dataset.area!)];
  let position = 0;
  setInterval(() => {
    position = (position + 1) % codes.length;
    history.replaceState(null, "", `${root().dataset.base}/${codes[position]}${location.search}`);
    void lay(location.href);
  }, cycle * 1000);
}

shapeSquares();
void renew().finally(plan);
(window.requestIdleCallback ?? window.setTimeout)(() => void trend().then(ground));
