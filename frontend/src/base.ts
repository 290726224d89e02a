// Loaded by every page: the design system's style, htmx, the theme switch, menus, and moments that read well.
import "@tabler/core/dist/css/tabler.min.css";
import "./style.css";
import htmx from "htmx.org";

htmx.config.allowEval = false; // the content security policy forbids it
htmx.config.includeIndicatorStyles = false;
htmx.config.historyCacheSize = 0; // figures are never shown from an old page

function cookie(name: string): string {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

document.addEventListener("htmx:configRequest", (event) => {
  (event as CustomEvent).detail.headers["X-CSRFToken"] = cookie("csrftoken");
});

// ◐ light, dark; without a choice the machine's own setting holds (theme.ts runs before paint).
document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
  const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
  document.documentElement.dataset.bsTheme = next;
  localStorage.setItem("theme", next);
  document.dispatchEvent(new CustomEvent("qipan:theme", { detail: next }));
});

// Paper is white: what is printed is laid out light, whatever the screen shows.
let shown: string | undefined;
function relight(theme: string): void {
  document.documentElement.dataset.bsTheme = theme;
  document.dispatchEvent(new CustomEvent("qipan:theme", { detail: theme }));
}
addEventListener("beforeprint", () => {
  shown = document.documentElement.dataset.bsTheme;
  if (shown === "dark") relight("light");
});
addEventListener("afterprint", () => shown === "dark" && relight("dark"));

// Menus are <details class="menu">: one open at a time, Escape or a click elsewhere closes.
function closeMenus(except?: Element | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}
document.addEventListener("click", (event) => closeMenus((event.target as Element).closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector<HTMLDetailsElement>("details.menu[open]");
  closeMenus();
  open?.querySelector("summary")?.focus();
});

// Where doors and forms may lie on this device, signing out goes by the page that takes them off.
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (form.id === "leave" || !form.action.endsWith("/accounts/logout/") || !localStorage.getItem("qipan-field")) return;
  event.preventDefault();
  location.href = "/field/leave";
});

// A select or a check box with data-submit sends its form when changed; without script the button beside it does.
document.addEventListener("change", (event) => {
  const field = event.target as HTMLInputElement;
  if (field.matches("[data-submit]")) field.form?.requestSubmit();
});
for (const button of document.querySelectorAll<HTMLElement>("[data-print]")) {
  button.addEventListener("click", () => window.print());
}

// On a narrow screen the rows of a table stand as cards (.stack), each cell under the name of its column.
for (const table of document.querySelectorAll<HTMLTableElement>("table.stack")) {
  const names = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent?.trim() ?? "");
  for (const row of [...table.tBodies].flatMap((body) => [...body.rows])) {
    if (row.cells.length !== names.length) continue; // a sentence over all columns
    for (const [index, cell] of [...row.cells].entries()) if (names[index]) cell.dataset.label = names[index];
  }
}
// What scrolls sideways is reached by keyboard too, whether the window or what stands in the box made it so.
const wide = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    const box = target.closest<HTMLElement>(".table-responsive");
    if (!box) continue;
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
});
for (const part of document.querySelectorAll(".table-responsive, .table-responsive > *")) wide.observe(part);
