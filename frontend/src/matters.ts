// Matters: keys in the dispatcher's inbox. Everything else works without a script.
import "./matters.css";

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
