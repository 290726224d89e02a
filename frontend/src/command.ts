// Composer, receipts and release. Everything works without it, except unfolding the tree of areas.
import "./command.css";

// What cannot be taken back asks once.
document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-ask]");
  if (button && !window.confirm(button.dataset.ask)) event.preventDefault();
});

// ▸ The first click loads what lies below (htmx), later ones fold and unfold it.
document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-unfold]");
  if (!button) return;
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  button.textContent = open ? "▾" : "▸";
  const below = button.nextElementSibling as HTMLElement | null;
  if (below) below.hidden = !open;
});

// The question before sending comes into view and takes the focus.
const question = document.querySelector<HTMLElement>(".confirm");
question?.scrollIntoView({ block: "start" });
question?.querySelector<HTMLElement>("button")?.focus();
