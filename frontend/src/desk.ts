// The desk: keys, bulk choice, and a list that asks every few seconds and is answered 304 while nothing changed.
import "./desk.css";

const list = document.getElementById("desk-list");
const beside = document.getElementById("beside");
let etag = "";
let here = ""; // id of the row that the keys stand on
const chosen = new Set<string>();

function rows(): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>(".row-task") ?? [])];
}
function boxes(): HTMLInputElement[] {
  return [...(list?.querySelectorAll<HTMLInputElement>("input[name=task]:not(:disabled)") ?? [])];
}

/** Shows which row the keys stand on and what is chosen; also after the list was swapped. */
function show(): void {
  for (const row of rows()) row.classList.toggle("here", row.id === here);
  for (const box of boxes()) box.checked = chosen.has(box.value);
  const all = list?.querySelector<HTMLInputElement>("[data-all]");
  if (all) all.checked = boxes().length > 0 && boxes().every((box) => box.checked);
  for (const button of list?.querySelectorAll<HTMLButtonElement>("[data-bulk]") ?? []) {
    button.disabled = !boxes().some((box) => box.checked);
  }
}

list?.addEventListener("change", (event) => {
  const box = event.target as HTMLInputElement;
  const touched = box.matches("[data-all]") ? boxes() : box.name === "task" ? [box] : [];
  for (const one of touched) {
    if (box.checked) chosen.add(one.value);
    else chosen.delete(one.value);
  }
  show();
});
list?.addEventListener("click", (event) => {
  const row = (event.target as Element).closest<HTMLElement>(".row-task");
  if (row) {
    here = row.id;
    show();
  }
});

// Asking again: the last answer's ETag goes along, and a 304 leaves the page alone.
document.addEventListener("htmx:configRequest", (event) => {
  const detail = (event as CustomEvent).detail;
  const byClock = (detail.triggeringEvent as Event | undefined)?.type !== "desk-changed";
  if (detail.elt === list && etag && byClock) detail.headers["If-None-Match"] = etag;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const byClock = (event as CustomEvent).detail.requestConfig.triggeringEvent?.type !== "desk-changed";
  if ((event as CustomEvent).detail.elt === list && byClock && document.hidden) event.preventDefault(); // nobody looks
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = (event as CustomEvent).detail;
  if (detail.xhr.status === 304) detail.shouldSwap = false;
});
document.addEventListener("htmx:afterRequest", (event) => {
  const detail = (event as CustomEvent).detail;
  if (detail.elt === list && detail.xhr.status === 200) etag = detail.xhr.getResponseHeader("ETag") ?? "";
});
document.addEventListener("htmx:afterSwap", (event) => {
  const target = (event as CustomEvent).detail.target as HTMLElement;
  if (target === list) {
    for (const key of chosen) if (!document.getElementById(`task-${key}`)) chosen.delete(key);
    show();
  } else if (target === beside) {
    document.body.dispatchEvent(new Event("desk-changed")); // opening is reading: the list says so at once
    if (matchMedia("(max-width: 899px)").matches) beside.scrollIntoView({ block: "start" });
  }
});

document.addEventListener("keydown", (event) => {
  const typing = (event.target as Element).closest("input:not([type=checkbox]), textarea, select, button, summary");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !list) return;
  const all = rows();
  if (!all.length) return;
  const index = all.findIndex((row) => row.id === here);
  if (event.key === "j" || event.key === "k") {
    const next = event.key === "j" ? Math.min(index + 1, all.length - 1) : Math.max(index - 1, 0);
    here = all[next].id;
    all[next].querySelector<HTMLElement>(".row-title")?.focus({ preventScroll: true });
    all[next].scrollIntoView({ block: "nearest" });
  } else if (index < 0) {
    return;
  } else if (event.key === "Enter") {
    if ((event.target as Element).closest("a")) return; // the focused link opens by itself
    all[index].querySelector<HTMLElement>(".row-title")?.click();
  } else if (event.key === "x") {
    const box = all[index].querySelector<HTMLInputElement>("input[name=task]");
    if (!box || box.disabled) return;
    if (chosen.has(box.value)) chosen.delete(box.value);
    else chosen.add(box.value);
  } else if (event.key === "a") {
    all[index].querySelector<HTMLButtonElement>(".row-act button")?.click();
  } else {
    return;
  }
  event.preventDefault();
  show();
});
show();
