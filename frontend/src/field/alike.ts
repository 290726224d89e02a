// The hint that a report may be the same as one that is open already: whoever reports says so.
import { make } from "./dom";
import type { Matters, Said } from "./matters";

const box = (): HTMLFieldSetElement => document.getElementById("tell-alike") as HTMLFieldSetElement;

/** Which open matter the report is said to be, null for none; undefined while that is still to be chosen. */
export async function chooseSame(told: Said, matters: Matters, another: string, timeZone: string): Promise<number | null | undefined> {
  const about = JSON.stringify(told);
  if (box().dataset.about === about) {
    const picked = box().querySelector<HTMLInputElement>(":checked");
    return picked ? Number(picked.value) || null : undefined;
  }
  hideAlike();
  const found = await matters.alike(told);
  if (!found.length) return null;
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeZone });
  for (const one of found) choice(String(one.id), `${one.category} · ${one.number} · ${day.format(new Date(one.at))} · ${one.state} · ${one.sure}`);
  choice("", another);
  box().dataset.about = about;
  box().hidden = false;
  return undefined;
}

export function hideAlike(): void {
  box().querySelectorAll("label").forEach((one) => one.remove());
  box().hidden = true;
  delete box().dataset.about;
}

function choice(value: string, text: string): void {
  const input = make("input", "form-check-input");
  Object.assign(input, { type: "radio", name: "same", value });
  const label = make("label", "form-check");
  label.append(input, ` ${text}`);
  box().append(label);
}
