// The server's time on this phone, whose own clock may be wrong by days: kept is by how much it was wrong when the server
// was last heard. Times that the server gave (when a right ends) are held against ``now``, never against the phone's clock.
const KEY = "qipan-clock";
const LEAST = "qipan-least";
const SMALL = 60_000; // ms; the server tells whole seconds, and an answer takes its time
/** How long what was entered can be taken back, in ms. */
export const TAKE_BACK = 5_000;
let ahead = Number(localStorage.getItem(KEY)) || 0;
let least = 0;
let counted = performance.now();
const STEADY = 2_000; // ms; an answer of a time server may move a clock by less
/** What the clocks said when this page last heard the server: the phone's less the server's, and less the page's own. */
let heard: { ahead: number; pace: number } | undefined;

/** The server's time in ms, as far as this phone has heard it. */
export const now = (at = Date.now()): number => at - ahead;

/** The server's time in ms at least: what it said last, and what has run since while pages were open. No setting of a clock moves it. */
export function sure(): number {
  const at = performance.now();
  least = Math.max(least + at - counted, Number(localStorage.getItem(LEAST)) || 0);
  counted = at;
  localStorage.setItem(LEAST, String(least));
  return least;
}

/** The server's time in ms, where nothing has moved the phone's clock since this page heard the server; else undefined.
 *
 * The page's own clock has run with it then: nobody set it, and the phone did not sleep, which looks the same. What is dated
 * by this stays right whatever is set later. */
export function certain(): number | undefined {
  const at = Date.now();
  return heard && Math.abs(at - performance.now() - heard.pace) < STEADY ? at - heard.ahead : undefined;
}

/** Notes the server's time that came with an answer of its own. */
export function hear(answer: Response): void {
  const told = Date.parse(answer.headers.get("As-Of") ?? answer.headers.get("Date") ?? "");
  if (Number.isNaN(told)) return;
  const found = Date.now() - told;
  heard = { ahead: found, pace: Date.now() - performance.now() };
  ahead = Math.abs(found) < SMALL ? 0 : found;
  if (ahead) localStorage.setItem(KEY, String(ahead));
  else localStorage.removeItem(KEY);
  [least, counted] = [told, performance.now()];
  localStorage.setItem(LEAST, String(least));
}

/** Forgets what was heard. */
export function unhear(): void {
  heard = undefined;
  for (const key of [KEY, LEAST]) localStorage.removeItem(key);
}

/** How long what can be taken back until ``ready`` waits still, in ms; nothing where only a clock that was set says longer. */
export function pause(ready: number): number {
  const left = ready - now();
  return left > TAKE_BACK ? 0 : Math.max(0, left);
}
