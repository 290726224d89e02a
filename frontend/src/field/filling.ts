// Filling in one form: loaded only when a form is opened, for ODK's engine is larger than the rest of the page together.
import { loadForm, type AnyNode } from "@getodk/xforms-engine";
import type { Page, View } from "./questions";
import { viewOf } from "./questions";
import type { Blank, Filled } from "./store";
import type { Word } from "./words";

const XML = "xml_submission_file";
const BASE = /<(?:\w+:)?deprecatedID>([^<]*)</;
const PAUSE = 300; // between a keystroke and its being written down
type Root = Awaited<ReturnType<typeof opened>>;

/** What was typed, as it is kept. */
export type Typed = Pick<Filled, "id" | "place" | "label" | "parts">;
export interface Filling {
  element: HTMLElement;
  /** Shows what lacks and returns how much; 0 means that everything is answered and the last word is kept. */
  finish(): Promise<number>;
  /** Writes down what was typed a moment ago. */
  close(): Promise<void>;
}

async function opened(blank: Blank, filled: Filled | undefined, change: boolean) {
  const loaded = await loadForm(blank.xform, {
    // A file that is not here is a fault; the form is then not opened at all rather than with an empty list.
    fetchFormAttachment: async (url) => {
      const name = decodeURIComponent(url.pathname.split("/").at(-1)!);
      const file = blank.files.find((one) => one.name === name);
      return file ? new Response(file.blob) : new Response("", { status: 404 });
    },
  });
  if (loaded.status === "failure") throw loaded.error;
  if (!filled?.parts.length) return loaded.createInstance().root;
  const data = new FormData();
  for (const part of filled.parts) data.append(part.name, new File([part.blob], part.name, { type: part.blob.type }));
  // A change is a form of its own: a new id, and as deprecatedID the one that its editor had before him.
  if (change) return (await loaded.editInstance({ inputType: "FORM_INSTANCE_INPUT_RESOLVED", data: [data as never] })).root;
  return (await loaded.restoreInstance({ data: [data as never] })).root;
}

/** Speaks the page's language where the form has it. */
function speak(root: Root): void {
  const english = document.documentElement.lang.startsWith("en");
  const ours = (name: string): boolean => (english ? /(^|\W)en(\W|$)|english/i : /(^|\W)zh|chinese|中|汉/i).test(name);
  const found = root.languages.find((one) => !one.isSyntheticDefault && ours(one.language));
  if (found) root.setLanguage(found as Parameters<typeof root.setLanguage>[0]);
}

function leaves(node: AnyNode): AnyNode[] {
  const children = (node.currentState.children ?? []) as readonly AnyNode[];
  return children.length ? children.flatMap(leaves) : [node];
}

const placeOf = (root: Root): AnyNode | undefined => leaves(root as AnyNode).find((node) => node.currentState.reference.endsWith("/place"));

/** Opens a form, anew, where it was left, or to ``change`` what was sent; ``door`` answers its question for the place. */
export async function fill(
  blank: Blank,
  filled: Filled | undefined,
  door: string,
  word: Word,
  keep: (typed: Typed) => Promise<void>,
  change = false,
): Promise<Filling> {
  const root = await opened(blank, filled, change);
  // The engine forgets what a draft is based on when it is opened again; it is put back into what is sent.
  const base = change || !filled?.parts.length ? "" : (BASE.exec(await filled.parts[0].blob.text())?.[1] ?? "");
  speak(root);
  const asked = placeOf(root);
  if (door && !filled && asked) {
    if (asked.nodeType === "select" && asked.getValueOption(door)) asked.selectValue(door);
    else if (asked.nodeType === "input") (asked.setValue as (value: string) => unknown)(door);
  }

  let timer = 0;
  let writing: Promise<void> = Promise.resolve();
  const page: Page = {
    word,
    checked: false,
    answered() {
      view.draw();
      clearTimeout(timer);
      timer = window.setTimeout(() => void write(), PAUSE);
    },
  };
  const view: View = viewOf(root as AnyNode, page)!;
  view.draw();

  async function typed(): Promise<{ typed: Typed; ready: boolean; lacks: number }> {
    const payload = await root.prepareInstancePayload({ payloadType: "monolithic" });
    const parts = [...payload.data[0].entries()].map(([name, blob]) => ({ name, blob: blob as Blob }));
    parts.sort((a, b) => Number(b.name === XML) - Number(a.name === XML));
    const text = await parts[0].blob.text();
    if (base && !BASE.test(text)) {
      const told = text.replace(/<\/((?:\w+:)?)instanceID>/, `</$1instanceID><$1deprecatedID>${base}</$1deprecatedID>`);
      parts[0].blob = new Blob([told], { type: parts[0].blob.type });
    }
    const xml = new DOMParser().parseFromString(text, "text/xml");
    const id = xml.querySelector("instanceID")!.textContent!.replace(/^uuid:/, "");
    const node = placeOf(root);
    const said = (node?.currentState as { instanceValue?: string } | undefined)?.instanceValue ?? "";
    const place = /^\d{19}$/.test(said) ? said : "";
    const label = node?.nodeType === "select" ? (node.getValueOption(said)?.label.asString ?? "") : "";
    return { typed: { id, place, label, parts }, ready: payload.status === "ready", lacks: payload.violations?.length ?? 0 };
  }

  /** One writing at a time, in their order. */
  function write(): Promise<void> {
    clearTimeout(timer);
    timer = 0;
    writing = writing.catch(() => undefined).then(async () => keep((await typed()).typed));
    return writing;
  }

  const flush = async (): Promise<void> => {
    if (timer) await write();
    else await writing;
  };
  const leave = (): void => void flush();
  addEventListener("pagehide", leave); // stays while the form is open: a page that is hidden may be shown again
  const close = async (): Promise<void> => {
    removeEventListener("pagehide", leave); // else each form that was ever opened here stays in memory
    await flush();
  };

  return {
    element: view.element,
    close,
    async finish() {
      page.checked = true;
      view.draw();
      const unread = view.element.querySelectorAll(".ask:not([hidden]) .ask-wrong:not([hidden])").length;
      const now = await typed();
      if (unread || !now.ready) return Math.max(unread, now.lacks);
      await write();
      removeEventListener("pagehide", leave);
      return 0;
    },
  };
}
