// Puts new figures into a page that is already laid out. Only what changed is touched.
import { at, figure, minutes, moment, percent, rate, type Figures } from "./figures";

const written: Record<string, (value: unknown) => string> = { minutes, rate };

function text(element: Element | null | undefined, value: string): void {
  if (element && element.textContent !== value) element.textContent = value;
}

function share(element: Element | null | undefined, part: number | null, whole: number | null): void {
  if (!element) return;
  const inner = element.querySelector("[title]") ?? element;
  text(inner, percent(part, whole));
  inner.setAttribute("title", `${figure(part)} / ${figure(whole)}`);
}

export function paintMoment(root: ParentNode, asOf: string): void {
  const written = moment(asOf);
  for (const element of root.querySelectorAll("[data-as-of]")) {
    text(element.querySelector("time") ?? element, written);
    element.querySelector("time")?.setAttribute("datetime", asOf);
  }
}

function paintRows(board: HTMLElement, figures: Figures): void {
  const list = board.querySelector(".list");
  if (!list) return;
  const rows = new Map([...list.children].map((row) => [(row as HTMLElement).dataset.row ?? "", row as HTMLElement]));
  const focused = document.activeElement;
  figures.areas.forEach((area, position) => {
    const row = rows.get(area.code);
    if (row) {
      share(row.querySelector('[data-cell="percent"]'), area.part, area.whole);
      text(row.querySelector('[data-cell="left"]'), area.part === null ? "–" : figure(area.left));
      const bar = row.querySelector<HTMLElement>(".bar i");
      if (bar) bar.style.width = `${area.whole ? Math.floor(((area.part ?? 0) * 1000) / area.whole) / 10 : 0}%`;
      if (list.children[position] !== row) list.insertBefore(row, list.children[position] ?? null);
    }
    const square = board.querySelector<HTMLElement>(`.square[data-area="${area.code}"]`);
    if (square) {
      share(square.querySelector("[data-share]"), area.part, area.whole);
      square.className = `square step-${area.step}`;
    }
  });
  if (focused instanceof HTMLElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

interface Holder {
  unit: number;
  label: string;
  late: number;
}

/** Which units, never persons, hold the most late tasks; each opens its own. */
function paintHolders(board: HTMLElement, holders: Holder[]): void {
  const line = board.querySelector<HTMLElement>("[data-holders]");
  const told = JSON.stringify(holders);
  if (!line || line.dataset.told === told) return;
  line.dataset.told = told;
  line.hidden = !holders.length;
  line.lastElementChild!.replaceChildren(
    ...holders.flatMap(({ unit, label, late }) => {
      const [link, count] = [document.createElement("a"), document.createElement("b")];
      link.href = `${line.dataset.holders}${unit}`;
      count.className = "num";
      count.textContent = figure(late);
      link.append(`${label} `, count);
      return [link, " "];
    }),
  );
}

export function paint(board: HTMLElement, figures: Figures): void {
  for (const element of board.querySelectorAll<HTMLElement>("[data-f]")) {
    const value = at(figures, element.dataset.f ?? "");
    text(element, (written[element.dataset.as ?? ""] ?? figure)(value));
    if (element.dataset.state) {
      for (const name of ["state", `state-${element.dataset.state}`]) element.classList.toggle(name, Boolean(value));
    }
  }
  const total = figures.total;
  if (total) {
    share(board.querySelector('[data-head="percent"]'), total.part, total.whole);
    text(board.querySelector('[data-head="part"]'), figure(total.part));
    text(board.querySelector('[data-head="whole"]'), figure(total.whole));
    const bar = board.querySelector<HTMLElement>('[data-head="bar"]');
    if (bar) bar.style.width = `${total.whole ? Math.floor((total.part * 1000) / total.whole) / 10 : 0}%`;
  }
  paintHolders(board, (figures.holders ?? []) as Holder[]);
  paintRows(board, figures);
}
