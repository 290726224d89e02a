// Matters: keys in the dispatcher's inbox, maps where a page has one. Everything works without a script too.
import "./matters.css";
import { startPicking } from "./matters/where";

let here = -1;

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(".row-matter")];
}

document.addEventListener("keydown", (event) => {
  const typing = (event.target as Element).closest("input:not([type=checkbox]), textarea, select, button, summary");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = rows();
  if (event.key === "/") {
    const search = document.querySelector<HTMLInputElement>("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  } else if (all.length && (event.key === "j" || event.key === "k")) {
    here = Math.max(0, Math.min(all.length - 1, here + (event.key === "j" ? 1 : -1)));
    all[here].querySelector<HTMLAnchorElement>("a")?.focus();
    for (const [n, row] of all.entries()) row.classList.toggle("here", n === here);
  }
});

// Which open matter a report was said to be stays said when a hint that was asked for before comes after it.
let offered: HTMLInputElement[] = [];
const hint = (event: Event): boolean => ((event as CustomEvent).detail.target as Element).id === "alike";
const choices = (): HTMLInputElement[] => [...document.querySelectorAll<HTMLInputElement>("#alike input[name=same]")];
document.addEventListener("htmx:beforeSwap", (event) => {
  if (hint(event)) offered = choices();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!hint(event)) return;
  const now = choices();
  const picked = offered.find((one) => one.checked)?.value;
  // "Another one" was said of these only: to other ones it is no answer.
  if (picked === "another" && String(now.map((one) => one.value)) !== String(offered.map((one) => one.value))) return;
  const again = now.find((one) => one.value === picked);
  if (again) again.checked = true;
});

// Maps come after the page: to look at at once, to choose on when somebody opens one.
for (const host of document.querySelectorAll<HTMLElement>("[data-map]")) {
  const kind = host.dataset.map;
  if (kind === "pick") {
    startPicking(host);
  } else if (kind === "show" || kind === "clusters") {
    void draw(host, kind);
  }
}
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-show-map]")) {
  const host = document.getElementById(button.dataset.showMap ?? "");
  button.hidden = !host;
  button.addEventListener("click", () => {
    button.hidden = true;
    if (host) void draw(host, "show");
  });
}

async function draw(host: HTMLElement, kind: "show" | "clusters"): Promise<void> {
  try {
    await (await import("./matters/map"))[kind](host);
  } catch (reason) {
    console.warn("no map:", reason); // no WebGL, say: the rows beside it say the same
    host.hidden = true;
  }
}
