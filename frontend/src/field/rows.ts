// The doors of a stairwell as rows to tap.
import { make } from "./dom";
import { OPEN_STATES, type Door } from "./sheet";
import type { Word } from "./words";

const kindOf = (door: Door): string => (door.state === 0 ? "waiting" : OPEN_STATES.has(door.state) ? "under-way" : "done");

export function rowsOf(doors: Door[], states: Record<string, string>, word: Word, choose: (door: Door) => void): HTMLElement {
  const rows = make("ul", "doors");
  for (const door of doors) {
    const button = make("button", "door");
    button.type = "button";
    button.dataset.place = door.place;
    button.append(make("b", "", door.label), make("span", `state state-${kindOf(door)}`, states[door.state]));
    if (door.attempts > 1) button.append(make("span", "secondary", word("times", { count: door.attempts })));
    if (door.waiting) button.append(make("span", "on-phone", word("on_phone")));
    button.addEventListener("click", () => choose(door));
    const row = make("li");
    row.append(button);
    rows.append(row);
  }
  return rows;
}
