// The report of something wrong at a door: filled in on the door's sheet and kept first, like a visit.
import { chooseSame, hideAlike } from "./alike";
import type { Matters } from "./matters";
import { smaller } from "./picture";
import type { Word } from "./words";

const MOST_PHOTOS = 3;
const MOST_BYTES = 600_000; // of one, so that three go with one report

/** Lets the sheet of a door take reports; ``kept`` is called when one lies on this phone. */
export function takeReports(form: HTMLFormElement, matters: Matters, word: Word, zone: string, place: () => string | undefined, kept: () => void): void {
  form.noValidate = true;
  const send = form.querySelector<HTMLButtonElement>("[type=submit]")!;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send.disabled = true; // while it is asked what may be the same, a second tap reports nothing twice
    void tell(matters, word, zone, place()).then((done) => done && kept()).finally(() => (send.disabled = false));
  });
}

/** Keeps what was filled in; says whether it was, and else on the sheet why not. */
async function tell(matters: Matters, word: Word, zone: string, place: string | undefined): Promise<boolean> {
  const category = document.getElementById("tell-category") as HTMLSelectElement;
  const text = document.getElementById("tell-text") as HTMLTextAreaElement;
  const photos = document.getElementById("tell-photos") as HTMLInputElement;
  const said = document.getElementById("tell-said")!;
  const refuse = (why: string): boolean => {
    said.textContent = word(why);
    return false;
  };
  if (!place || !category.value || text.value.trim().length < 2) return refuse("say_more");
  const told = { place, category: category.value, text: text.value.trim() };
  const same = await chooseSame(told, matters, word("another"), zone);
  if (same === undefined) return refuse("may_be_same");
  try {
    const small = await Promise.all([...(photos.files ?? [])].slice(0, MOST_PHOTOS).map((file) => smaller(file, 1280, 0.7)));
    if (small.some((file) => file.size > MOST_BYTES)) return refuse("photo_large"); // the browser cannot read it, so it stayed as it was
    await matters.keep({ ...told, photos: small, same: same ?? undefined });
  } catch {
    return refuse("full");
  }
  text.value = category.value = photos.value = said.textContent = "";
  hideAlike();
  return true;
}
