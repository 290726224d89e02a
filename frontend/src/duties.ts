// The map of responsibilities: arrow keys move between cells, and what a cell says is written out below.
import "./duties.css";

const map = document.querySelector<HTMLTableElement>("[data-map]");
const here = document.querySelector<HTMLElement>("[data-here]");

function cellAt(row: number, column: number): HTMLTableCellElement | undefined {
  return map?.tBodies[0]?.rows[row]?.cells[column];
}

/** One cell is in the tab order at a time. */
function stand(cell: HTMLTableCellElement, focus: boolean): void {
  for (const old of map?.querySelectorAll<HTMLElement>("td[tabindex='0']") ?? []) old.tabIndex = -1;
  cell.tabIndex = 0;
  if (focus) cell.focus();
}

function tell(cell: HTMLTableCellElement): void {
  if (!here) return;
  const item = (cell.parentElement as HTMLTableRowElement).cells[0]?.querySelector("a")?.textContent ?? "";
  const organ = map?.tHead?.rows[0]?.cells[cell.cellIndex]?.textContent ?? "";
  here.textContent = `${item} · ${cell.title || `${organ} · –`}`;
}

const first = cellAt(0, 1);
if (map && first) {
  stand(first, false);
  map.addEventListener("focusin", (event) => {
    const cell = (event.target as Element).closest("td");
    if (cell) tell(cell);
  });
  map.addEventListener("click", (event) => {
    const cell = (event.target as Element).closest("td");
    if (cell) stand(cell, true);
  });
  map.addEventListener("keydown", (event) => {
    const cell = (event.target as Element).closest("td");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = (cell.parentElement as HTMLTableRowElement).sectionRowIndex;
    const last = (cell.parentElement as HTMLTableRowElement).cells.length - 1;
    const steps: Record<string, [number, number]> = {
      ArrowUp: [row - 1, cell.cellIndex],
      ArrowDown: [row + 1, cell.cellIndex],
      ArrowLeft: [row, Math.max(1, cell.cellIndex - 1)],
      ArrowRight: [row, cell.cellIndex + 1],
      Home: [row, 1],
      End: [row, last],
    };
    if (event.key === "Enter") {
      (cell.parentElement as HTMLTableRowElement).cells[0]?.querySelector("a")?.click();
      return;
    }
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const next = cellAt(...step);
    if (next) stand(next, true);
  });
}
