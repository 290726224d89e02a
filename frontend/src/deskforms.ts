// Forms at a desk: what is open on the ground of a post, filled in without a team and its doors.
import "./field.css";
import { FormPage } from "./field/formpage";
import { Forms } from "./field/forms";
import { noteName, toldOfOthers } from "./field/others";
import { csrf, openStore } from "./field/store";
import { speaker, type Words } from "./field/words";

const LIST = 10 * 60_000;
const page = document.getElementById("field")!;
const words = JSON.parse(document.getElementById("field-words")!.textContent!) as Words;
const word = speaker(words, document.documentElement.lang);

async function start(): Promise<void> {
  localStorage.setItem("qipan-field", "1"); // from now on signing out has something to take off (base.ts)
  const { holder, name, forms: path, openrosa, home, zone } = page.dataset as Record<string, string>;
  const unlisted = { append: () => Promise.resolve(), leave: () => Promise.resolve() }; // the numbered list belongs to a team's phone
  noteName(holder, name);
  const store = await openStore();
  const forms = new Forms(store, unlisted, holder, csrf, path, openrosa, home);
  const papers = new FormPage(forms, word, (place) => place, zone, () => Promise.resolve());
  const draw = async (): Promise<void> => {
    document.getElementById("forms-none")!.hidden = !(document.getElementById("field-forms") as HTMLElement).hidden;
    const note = document.getElementById("forms-note")!;
    const own = !navigator.onLine || forms.trouble === "offline" ? word("offline") : forms.trouble;
    note.textContent = [own, ...(await toldOfOthers(store, holder, word)).lines].join(" ").trim();
    note.hidden = !note.textContent;
  };
  forms.addEventListener("changed", () => void papers.draw().then(draw));
  for (const event of ["online", "offline"]) addEventListener(event, () => void draw());
  await forms.refresh();
  await forms.settled();
  await papers.draw();
  await draw();
  document.querySelector<HTMLElement>(`[data-form="${CSS.escape(page.dataset.form!)}"].door`)?.click();
  addEventListener("online", () => void forms.refresh());
  setInterval(() => document.hidden || (document.querySelector("dialog[open]") ?? void forms.refresh()), LIST);
}

void start();
