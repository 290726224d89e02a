// The questions of a form on a narrow screen. ODK's engine decides what is asked, needed, allowed and computed; here each
// of its nodes gets an element, drawn anew after each answer. Errors stand beside their question.
import type { AnyNode } from "@getodk/xforms-engine";
import { choices } from "./choices";
import { button, make, write } from "./dom";
import { inputOf } from "./inputs";
import type { Word } from "./words";

/** What questions need of the page around them. */
export interface Page {
  word: Word;
  /** An answer was given: everything is drawn anew and kept. */
  answered(): void;
  /** Somebody asked to finish: what lacks is shown everywhere. */
  checked: boolean;
}
/** An element for a node of the form. */
export interface View {
  element: HTMLElement;
  draw(): void;
}
/** The control of a question, below its label. */
export interface Control {
  element: HTMLElement;
  /** Puts the form's value into the control. */
  draw(): void;
  /** What the control itself cannot make out, in words; empty when there is nothing to say. */
  wrong(): string;
  /** A group of choices has no single control that a label could name. */
  many: boolean;
}
export type Leaf = Exclude<AnyNode, { nodeType: "root" | "group" | "repeat-instance" | "repeat-range:controlled" | "repeat-range:uncontrolled" }>;

const PASSPORT = "qipan_passport"; // shown by the page itself
const nameOf = (node: AnyNode): string => node.currentState.reference.split("/").at(-1)!.replace(/\[\d+\]$/, "");

/** The element of a node; undefined for what nobody sees. */
export function viewOf(node: AnyNode, page: Page): View | undefined {
  switch (node.nodeType) {
    case "model-value":
      return undefined;
    case "root":
    case "group":
    case "repeat-instance":
      return group(node, page);
    case "repeat-range:controlled":
    case "repeat-range:uncontrolled":
      return repeats(node, page);
    default:
      return nameOf(node) === PASSPORT ? undefined : node.nodeType === "note" ? note(node, page) : question(node, page);
  }
}

/** Draws the views of some nodes in their order, making those that are new. */
function below(parent: HTMLElement, page: Page): (nodes: readonly AnyNode[]) => void {
  const made = new Map<string, View | undefined>();
  return (nodes) => {
    const wanted: HTMLElement[] = [];
    for (const node of nodes) {
      if (!made.has(node.nodeId)) made.set(node.nodeId, viewOf(node, page));
      const view = made.get(node.nodeId);
      if (!view) continue;
      view.draw();
      wanted.push(view.element);
    }
    const same = wanted.length === parent.children.length && wanted.every((element, n) => parent.children[n] === element);
    if (!same) parent.replaceChildren(...wanted);
  };
}

function group(node: Extract<AnyNode, { nodeType: "root" | "group" | "repeat-instance" }>, page: Page): View {
  const named = node.nodeType === "group" && node.currentState.label !== null;
  const element = make(named ? "fieldset" : "div", "ask-group");
  const legend = make("legend");
  const inside = make("div");
  element.append(...(named ? [legend, inside] : [inside]));
  const drawBelow = below(inside, page);
  return {
    element,
    draw() {
      const { relevant, label, children } = node.currentState;
      element.hidden = !relevant || (node.nodeType !== "root" && !node.currentState.hasRelevantBodyNodes);
      if (element.hidden) return;
      if (named) write(legend, label?.asString ?? "");
      drawBelow(children as readonly AnyNode[]);
    },
  };
}

function repeats(node: Extract<AnyNode, { nodeType: `repeat-range:${string}` }>, page: Page): View {
  const element = make("section", "ask-group");
  const title = make("h3");
  const rows = make("div");
  element.append(title, rows);
  const made = new Map<string, { frame: HTMLElement; legend: HTMLElement; view: View }>();
  if (node.nodeType === "repeat-range:uncontrolled") {
    const more = button(page.word("more"), () => {
      node.addInstances();
      page.answered();
      made.get(node.currentState.children.at(-1)!.nodeId)?.frame.querySelector<HTMLElement>("input, textarea, select")?.focus();
    });
    element.append(more);
  }
  return {
    element,
    draw() {
      const { relevant, label, children } = node.currentState;
      element.hidden = !relevant;
      if (!relevant) return;
      write(title, label?.asString ?? "");
      const frames = (children as readonly AnyNode[]).map((child, n): HTMLElement => {
        if (!made.has(child.nodeId)) {
          const frame = make("fieldset", "ask-repeat");
          const legend = make("legend");
          const view = viewOf(child, page)!;
          frame.append(legend, view.element);
          if (node.nodeType === "repeat-range:uncontrolled") {
            const less = button(page.word("less"), () => {
              node.removeInstances((node.currentState.children as readonly AnyNode[]).findIndex((one) => one.nodeId === child.nodeId));
              page.answered();
            });
            frame.append(less);
          }
          made.set(child.nodeId, { frame, legend, view });
        }
        const { frame, legend, view } = made.get(child.nodeId)!;
        write(legend, `${label?.asString ?? ""} ${n + 1}`.trim());
        view.draw();
        return frame;
      });
      if (frames.length !== rows.children.length || frames.some((frame, n) => rows.children[n] !== frame)) rows.replaceChildren(...frames);
    },
  };
}

/** Words of the form, or a value that a register holds: filled in, read-only, not asked. */
function note(node: Extract<AnyNode, { nodeType: "note" }>, page: Page): View {
  const element = make("div", "ask-note");
  element.dataset.ref = node.currentState.reference;
  const words = make("p");
  const value = make("p", "ask-value");
  const held = make("span", "ask-held", page.word("held"));
  const text = make("b");
  value.append(text, " ", held);
  element.append(words, value);
  return {
    element,
    draw() {
      const { relevant, label, hint, instanceValue } = node.currentState;
      element.hidden = !relevant;
      write(words, [label?.asString, hint?.asString].filter(Boolean).join("\n"));
      write(text, instanceValue);
      value.hidden = !instanceValue;
    },
  };
}

let last = 0;

function question(node: Leaf, page: Page): View {
  const id = `ask-${++last}`;
  let touched = false;
  const control: Control = node.nodeType === "select" || node.nodeType === "rank" ? choices(node, page, id) : inputOf(node, page, id);
  const element = make(control.many ? "fieldset" : "div", "ask");
  element.dataset.ref = node.currentState.reference;
  const title = make(control.many ? "legend" : "label", "ask-label");
  if (title instanceof HTMLLabelElement) title.htmlFor = id;
  const words = make("span");
  const needed = make("span", "ask-needed", page.word("needed"));
  const held = make("span", "ask-held", page.word("held"));
  title.append(words, " ", needed, held);
  const hint = make("p", "secondary");
  const wrong = make("p", "ask-wrong");
  [hint.id, wrong.id] = [`${id}-hint`, `${id}-wrong`];
  element.append(title, hint, wrong, control.element);
  const named = control.many ? element : control.element.matches("input, textarea") ? control.element : (control.element.querySelector<HTMLElement>(`#${id}`) ?? control.element);
  element.addEventListener("focusout", () => {
    touched = true;
    draw();
  });
  function draw(): void {
    const { relevant, label, hint: more, required, readonly } = node.currentState;
    element.hidden = !relevant;
    if (!relevant) return;
    write(words, label?.asString || nameOf(node));
    needed.hidden = !required || readonly;
    held.hidden = !readonly;
    write(hint, more?.asString ?? "");
    hint.hidden = !hint.textContent;
    control.draw();
    const said = touched || page.checked ? control.wrong() || complaintOf(node, page) : "";
    write(wrong, said);
    wrong.hidden = !said;
    named.toggleAttribute("aria-invalid", Boolean(said));
    if (said) named.setAttribute("aria-invalid", "true");
    named.setAttribute("aria-describedby", [hint.hidden ? "" : hint.id, wrong.hidden ? "" : wrong.id].filter(Boolean).join(" "));
  }
  return { element, draw };
}

/** What the form finds wrong with an answer, in its own words where it has some. */
export function complaintOf(node: Leaf, page: Page): string {
  const { violation } = node.validationState as { violation?: { condition: string; message: { asString: string } | null } | null };
  if (!violation) return "";
  return violation.message?.asString || page.word(violation.condition === "required" ? "is_needed" : "not_allowed");
}
