// Risk levels: the map where outlines are known, and the timeline as a slider. Without a script the squares, the date
// field and the tables say the same.
import "./zones.css";
import type { Collection } from "./board/map";
import type { Figures } from "./board/figures";

const DAY = 86_400_000;

for (const host of document.querySelectorAll<HTMLElement>("[data-zone-map]")) {
  void draw(host).catch((reason: unknown) => {
    console.warn("no map:", reason); // no WebGL, say: the squares say the same
    host.hidden = true;
  });
}

async function draw(host: HTMLElement): Promise<void> {
  const answer = await fetch(host.dataset.zoneMap ?? "");
  const shapes = answer.ok ? ((await answer.json()) as Collection) : null;
  if (!shapes?.usable) return;
  const card = host.closest<HTMLElement>(".zone-map-card")!;
  const squares = [...card.querySelectorAll<HTMLAnchorElement>("[data-zone]")];
  const areas = squares.map((one) => ({
    code: one.dataset.zone ?? "",
    step: Number(one.dataset.step),
    text: one.dataset.text,
    part: null,
    whole: null,
    left: 0,
  }));
  const { GroundMap } = await import("./board/map");
  host.hidden = false;
  const map = new GroundMap(host, (code) => {
    const square = squares.find((one) => one.dataset.zone === code);
    if (square) location.assign(square.href);
  });
  await map.show(shapes, { code: "", shape: "", show: "", total: null, areas } satisfies Figures);
  card.classList.add("has-map");
  const note = card.querySelector<HTMLElement>("[data-missing]");
  if (note) {
    note.hidden = shapes.missing.length === 0;
    note.lastElementChild!.textContent = shapes.missing.join(", ");
  }
}

for (const form of document.querySelectorAll<HTMLFormElement>("[data-timeline]")) {
  const slider = form.querySelector<HTMLInputElement>("[type=range]")!;
  const field = form.querySelector<HTMLInputElement>("[type=date]")!;
  const output = form.querySelector<HTMLOutputElement>("[data-day]")!;
  const first = Date.parse(slider.dataset.first ?? "");
  const text = (days: number) => new Date(first + days * DAY).toISOString().slice(0, 10);
  slider.max = String(Math.max(1, Math.round((Date.parse(slider.dataset.last ?? "") - first) / DAY)));
  slider.value = String(Math.round((Date.parse(field.value) - first) / DAY));
  slider.closest<HTMLElement>(".zone-slider")!.hidden = false;
  const tell = () => {
    output.textContent = text(Number(slider.value));
    slider.setAttribute("aria-valuetext", output.textContent);
  };
  tell();
  slider.addEventListener("input", tell);
  slider.addEventListener("change", () => {
    field.value = text(Number(slider.value));
    form.requestSubmit();
  });
}
