// The orders in force on the team's ground, as the guard shows them: the server writes the cards, this phone keeps the last.
import { now } from "./clock";
const REFRESH = 60_000;
const TICK = 15_000;

/** Marks what has begun or ended since the server wrote the cards: an order ends by itself, with or without a network. */
function mark(box: HTMLElement): void {
  const at = now();
  for (const card of box.querySelectorAll<HTMLElement>("[data-until]")) {
    const state = at >= Date.parse(card.dataset.until!) ? "over" : at < Date.parse(card.dataset.from!) ? "coming" : "force";
    if (card.dataset.state === state) continue;
    card.dataset.state = state;
    for (const said of card.querySelectorAll<HTMLElement>("[data-when]")) said.hidden = said.dataset.when !== state;
  }
}

/** Keeps the cards fresh; without a network the worker answers with those that were last told. */
export function keepOrders(): void {
  const box = document.getElementById("field-orders");
  if (!box) return;
  let shown = "";
  const refresh = async (): Promise<void> => {
    if (!box.isConnected) return; // the right has ended
    try {
      const answer = await fetch(box.dataset.path!, { credentials: "same-origin", signal: AbortSignal.timeout(30_000) });
      if (answer.redirected) return; // to the log-in page: the session has ended, what is shown stays
      if (answer.status === 401 || answer.status === 403 || answer.status === 404) box.replaceChildren();
      if (!answer.ok) return;
      const text = await answer.text();
      if (text === shown || box.querySelector("details[open]")) return; // somebody is reading it
      shown = text;
      box.innerHTML = text; // the server's own page, escaped there
      mark(box);
    } catch {
      // no network: what is shown stays
    }
  };
  mark(box);
  setInterval(() => mark(box), TICK);
  setInterval(() => document.hidden || void refresh(), REFRESH);
  addEventListener("online", () => void refresh());
  void refresh();
}
