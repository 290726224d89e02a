// Choosing from a list. A short one stands there whole; a long one (11,800 wards) is looked through by a word, so that the
// page never holds more than a few of its lines.
import { button, make, write } from "./dom";
import type { Control, Leaf, Page } from "./questions";

const SHORT = 12;
const AT_FIRST = 6; // before anything is typed
const SHOWN = 30;
type Chosen = Extract<Leaf, { nodeType: "select" }>;
type Ranked = Extract<Leaf, { nodeType: "rank" }>;
interface Option {
  value: string;
  label: { asString: string };
}
interface Line {
  value: string;
  label: string;
  found: string; // what is looked through
}

export function choices(node: Chosen | Ranked, page: Page, id: string): Control {
  return node.nodeType === "rank" ? ranks(node, page) : selects(node, page, id);
}

function selects(node: Chosen, page: Page, id: string): Control {
  const element = make("div", "ask-choices");
  const several = node.selectType === "select";
  const search = make("input", "form-control");
  search.type = "search";
  search.id = `${id}-search`;
  search.autocomplete = "off";
  search.placeholder = page.word("search");
  search.setAttribute("aria-label", page.word("search"));
  const list = make("div", "ask-list");
  const more = make("p", "secondary");
  more.setAttribute("role", "status");
  element.append(search, list, more);
  let options: readonly Option[] = [];
  let language: unknown;
  let lines: Line[] = [];
  let drawn = "";

  function choose(value: string, on: boolean): void {
    const held: readonly string[] = node.currentState.value;
    if (!several && search.value) search.value = ""; // found: the list closes
    if (several) node.selectValues(on ? [...held, value] : held.filter((one) => one !== value));
    else node.selectValue(on ? value : null);
    page.answered();
  }

  /** What is chosen stands first in a long list; then what the word finds. */
  function shown(): Line[] {
    const word = search.value.trim().toLowerCase();
    if (lines.length <= SHORT) return lines;
    const chosen = new Set(node.currentState.value);
    const first = chosen.size ? lines.filter((line) => chosen.has(line.value)) : [];
    if (first.length && !word) {
      write(more, "");
      return first; // the rest would only push the next question away
    }
    const found = lines.filter((line) => !chosen.has(line.value) && line.found.includes(word));
    const left = found.splice(word ? SHOWN : AT_FIRST).length;
    write(more, left ? page.word("more_found", { count: left }) : found.length ? "" : page.word("none_found"));
    return [...first, ...found];
  }

  function row(line: Line, n: number): HTMLElement {
    const label = make("label", "ask-choice");
    const input = make("input");
    input.type = several ? "checkbox" : "radio";
    input.name = id;
    input.id = `${id}-${n}`;
    input.value = line.value;
    input.addEventListener("change", () => choose(line.value, input.checked));
    label.append(input, make("span", "", line.label));
    return label;
  }

  function drawList(): void {
    const rows = shown();
    const now = JSON.stringify(rows.map((line) => [line.value, line.label]));
    if (now !== drawn) {
      const focused = list.contains(document.activeElement) ? (document.activeElement as HTMLInputElement).value : undefined;
      drawn = now;
      list.replaceChildren(...rows.map(row));
      if (focused !== undefined) [...list.querySelectorAll("input")].find((input) => input.value === focused)?.focus();
    }
    const chosen = new Set(node.currentState.value);
    for (const input of list.querySelectorAll("input")) {
      input.checked = chosen.has(input.value);
      input.disabled = node.currentState.readonly;
    }
  }
  search.addEventListener("input", drawList);

  return {
    element,
    many: true,
    wrong: () => "",
    draw() {
      const { valueOptions } = node.currentState;
      const tongue = node.root.currentState.activeLanguage;
      if (valueOptions !== options || tongue !== language) {
        [options, language] = [valueOptions as readonly Option[], tongue];
        lines = options.map((option) => {
          const label = option.label.asString || option.value;
          return { value: option.value, label, found: label.toLowerCase() };
        });
        search.hidden = more.hidden = lines.length <= SHORT;
      }
      drawList();
    },
  };
}

function ranks(node: Ranked, page: Page): Control {
  const element = make("ol", "ask-ranks");
  let drawn = "";
  function move(at: number, by: number): void {
    const order = orderOf();
    const [one] = order.splice(at, 1);
    order.splice(at + by, 0, one);
    node.setValues(order);
    page.answered();
    (element.children[at + by]?.querySelectorAll("button")[by > 0 ? 1 : 0] as HTMLElement | undefined)?.focus();
  }
  const options = (): readonly Option[] => node.currentState.valueOptions;
  const orderOf = (): string[] => {
    const held: readonly string[] = node.currentState.value;
    return held.length ? [...held] : options().map((option) => option.value);
  };
  return {
    element,
    many: true,
    wrong: () => "",
    draw() {
      const labels = new Map(options().map((option) => [option.value, option.label.asString || option.value]));
      const order = orderOf();
      const now = JSON.stringify([order, [...labels]]);
      if (now === drawn) return;
      drawn = now;
      element.replaceChildren(
        ...order.map((value, n) => {
          const row = make("li", "ask-rank");
          const up = button("↑", () => move(n, -1), "btn");
          const down = button("↓", () => move(n, 1), "btn");
          up.setAttribute("aria-label", page.word("up", { name: labels.get(value) ?? value }));
          down.setAttribute("aria-label", page.word("down", { name: labels.get(value) ?? value }));
          up.disabled = n === 0 || node.currentState.readonly;
          down.disabled = n === order.length - 1 || node.currentState.readonly;
          row.append(make("span", "", labels.get(value)), up, down);
          return row;
        }),
      );
    },
  };
}
