// The controls for single answers: words, numbers, days, a photograph, a position when one asks for it.
import { button, make, write } from "./dom";
import { smaller } from "./picture";
import type { Control, Leaf, Page } from "./questions";

const GRID = 2_000; // parts of a degree; the server keeps no finer point either
const NUMBERS = new Set(["int", "decimal"]);
const NOT_HERE = new Set(["geotrace", "geoshape"]);

export function inputOf(node: Exclude<Leaf, { nodeType: "select" | "rank" | "note" | "model-value" }>, page: Page, id: string): Control {
  if (node.nodeType === "upload") return upload(node, page, id);
  if (node.nodeType === "trigger") return trigger(node, page, id);
  if (node.nodeType === "input" && node.valueType === "geopoint") return point(node, page, id);
  if (NOT_HERE.has(node.valueType)) return { element: make("p", "secondary", page.word("not_here")), many: true, draw: () => undefined, wrong: () => "" };
  return words(node, page, id);
}

type Written = Extract<Leaf, { nodeType: "input" | "range" }>;

function words(node: Written, page: Page, id: string): Control {
  const kind = node.valueType;
  const long = kind === "string" && (node.appearances as { multiline?: boolean } | null)?.multiline;
  const input = make(long ? "textarea" : "input", "form-control") as HTMLInputElement;
  input.id = id;
  input.autocomplete = "off";
  if (!long) input.type = kind === "date" ? "date" : kind === "time" ? "time" : kind === "dateTime" ? "datetime-local" : "text";
  if (kind === "int") input.inputMode = "numeric";
  if (kind === "decimal") input.inputMode = "decimal";
  const give = (): void => {
    (node.setValue as (value: string | null) => unknown)(toForm(kind, input.value.trim()) || null);
    page.answered();
  };
  input.addEventListener("input", give);
  return {
    element: input,
    many: false,
    wrong: () => (NUMBERS.has(kind) && input.value.trim() && !node.currentState.instanceValue ? page.word("no_number") : ""),
    draw() {
      input.readOnly = node.currentState.readonly;
      if (document.activeElement === input) return; // what is being typed is not touched
      const value = fromForm(kind, node.currentState.instanceValue);
      if (!value && NUMBERS.has(kind) && input.value) return; // not made out yet: it stays to be corrected
      if (input.value !== value) input.value = value;
    },
  };
}

/** A moment with the phone's own distance from UTC, as the form wants it. */
function toForm(kind: string, text: string): string {
  if (kind !== "dateTime" || !text) return text;
  const at = new Date(text);
  const off = -at.getTimezoneOffset();
  const two = (n: number): string => String(Math.floor(Math.abs(n))).padStart(2, "0");
  return `${text.length === 16 ? `${text}:00` : text}.000${off < 0 ? "-" : "+"}${two(off / 60)}:${two(off % 60)}`;
}

const fromForm = (kind: string, text: string): string => (kind === "dateTime" ? text.slice(0, 16) : kind === "time" ? text.slice(0, 5) : text);

function trigger(node: Extract<Leaf, { nodeType: "trigger" }>, page: Page, id: string): Control {
  const label = make("label", "ask-choice");
  const input = make("input");
  input.type = "checkbox";
  input.id = id;
  input.addEventListener("change", () => {
    node.setValue(input.checked);
    page.answered();
  });
  label.append(input, make("span", "", page.word("ok")));
  return {
    element: label,
    many: true,
    wrong: () => "",
    draw() {
      input.checked = Boolean(node.currentState.value);
      input.disabled = node.currentState.readonly;
    },
  };
}

function point(node: Written, page: Page, id: string): Control {
  const element = make("div", "ask-point");
  const said = make("p");
  said.setAttribute("role", "status");
  const set = (text: string | null): void => {
    (node.setValue as (value: string | null) => unknown)(text);
    page.answered();
  };
  const ask = button(page.word("take_point"), () => {
    write(said, page.word("asking_point"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => set(`${round(coords.latitude)} ${round(coords.longitude)} 0 50`),
      () => write(said, page.word("no_point")),
      { enableHighAccuracy: false, timeout: 15_000, maximumAge: 0 },
    );
  });
  ask.id = id;
  const clear = button(page.word("clear"), () => set(null));
  element.append(said, ask, clear);
  return {
    element,
    many: true,
    wrong: () => "",
    draw() {
      const held = node.currentState.instanceValue;
      if (held) write(said, held.split(" ").slice(0, 2).join(", "));
      else if (!clear.hidden) write(said, "");
      clear.hidden = !held;
      ask.disabled = node.currentState.readonly;
    },
  };
}

const round = (degrees: number): string => (Math.round(degrees * GRID) / GRID).toFixed(4);

const LARGEST = 9_500_000; // bytes of a file; the server takes ten million in one post, the answers with it

function upload(node: Extract<Leaf, { nodeType: "upload" }>, page: Page, id: string): Control {
  const element = make("div", "ask-file");
  const said = make("p", "secondary");
  said.setAttribute("role", "status");
  const input = make("input", "form-control");
  input.type = "file";
  input.id = id;
  input.accept = node.nodeOptions.media.accept;
  let large = false;
  const clear = button(page.word("clear"), () => {
    input.value = "";
    large = false;
    node.setValue(null);
    page.answered();
  });
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (!file) return;
    void smaller(file).then((kept) => {
      large = kept.size > LARGEST;
      if (large) input.value = "";
      node.setValue(large ? null : kept);
      page.answered();
    });
  });
  element.append(input, said, clear);
  return {
    element,
    many: false,
    wrong: () => "",
    draw() {
      const { value, readonly } = node.currentState;
      write(said, large ? page.word("too_large") : value ? page.word("photo_kept", { kb: Math.ceil(value.size / 1000) }) : "");
      said.hidden = !value && !large;
      clear.hidden = !value;
      input.disabled = readonly;
    },
  };
}
