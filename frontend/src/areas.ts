// Areas by name: a search writes the codes into the box, which is all that is sent and which works without this.
import "./areas.css";

interface Found {
  code: string;
  label: string;
  within: string;
}

const CODES = /[\s,，、;；]+/;

function start(picker: HTMLElement, index: number): void {
  const box = picker.querySelector("textarea")!;
  const names = new Map<string, string>();
  for (const each of picker.querySelectorAll<HTMLElement>("[data-code]")) names.set(each.dataset.code!, each.textContent!);

  const chosen = document.createElement("ul");
  chosen.className = "area-chips";
  const list = document.createElement("ul");
  list.className = "area-found";
  list.id = `areas-found-${index}`;
  list.role = "listbox";
  list.hidden = true;
  const input = document.createElement("input");
  input.type = "search";
  input.className = "form-control";
  input.maxLength = 60;
  input.autocomplete = "off";
  input.placeholder = picker.dataset.find!;
  input.role = "combobox";
  input.setAttribute("aria-label", `${picker.querySelector("label")!.textContent}: ${picker.dataset.find}`);
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-autocomplete", "list");
  const said = document.createElement("p");
  said.className = "form-hint";
  said.role = "status";

  let asked = 0;
  let marked = -1;
  const codes = () => [...new Set(box.value.split(CODES).filter(Boolean))];

  function close(): void {
    list.hidden = true;
    marked = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function show(): void {
    chosen.replaceChildren(
      ...codes().map((code) => {
        const chip = document.createElement("li");
        const name = names.get(code) ?? code;
        const off = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
        off.setAttribute("aria-label", `${picker.dataset.remove} ${name}`);
        off.addEventListener("click", () => {
          write(codes().filter((other) => other !== code));
          input.focus();
        });
        chip.append(name, Object.assign(document.createElement("small"), { textContent: names.has(code) ? code : "" }), off);
        return chip;
      }),
    );
    chosen.hidden = chosen.childElementCount === 0;
  }

  function write(next: string[]): void {
    box.value = next.join("\n");
    box.dispatchEvent(new Event("change", { bubbles: true }));
    show();
  }

  function choose(option: HTMLElement | undefined): void {
    if (!option) return;
    names.set(option.dataset.code!, option.dataset.label!);
    write([...new Set([...codes(), option.dataset.code!])]);
    input.value = "";
    close();
  }

  function mark(next: number): void {
    const options = [...list.children] as HTMLElement[];
    if (!options.length || list.hidden) return;
    marked = (next + options.length) % options.length;
    options.forEach((option, position) => option.setAttribute("aria-selected", String(position === marked)));
    input.setAttribute("aria-activedescendant", options[marked].id);
    options[marked].scrollIntoView({ block: "nearest" });
  }

  async function find(text: string): Promise<void> {
    const mine = ++asked;
    said.textContent = "";
    if (!text) return close();
    const answer = await fetch(`/api/search?q=${encodeURIComponent(text)}`).catch(() => null);
    if (mine !== asked) return;
    if (!answer?.ok) return plain();
    const places = (await answer.json()) as Found[];
    if (mine !== asked) return;
    list.replaceChildren(
      ...places.map((place, position) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${position}`;
        option.role = "option";
        option.dataset.code = place.code;
        option.dataset.label = place.label;
        option.setAttribute("aria-selected", "false");
        option.append(place.label, Object.assign(document.createElement("small"), { textContent: `${place.within} ${place.code}` }));
        return option;
      }),
    );
    list.hidden = places.length === 0;
    input.setAttribute("aria-expanded", String(places.length > 0));
    marked = -1;
    if (!places.length) said.textContent = picker.dataset.none!;
    else mark(0);
  }

  // Without the search (no right to it, no network) the box itself is there.
  function plain(): void {
    close();
    box.hidden = false;
    box.removeAttribute("tabindex");
    show();
  }

  let wait = 0;
  input.addEventListener("input", () => {
    clearTimeout(wait);
    wait = window.setTimeout(() => void find(input.value.trim()), 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(marked + 1);
    else if (event.key === "ArrowUp") mark(marked - 1);
    else if (event.key === "Escape" && !list.hidden) close();
    else if (event.key === "Enter" && input.value) choose(list.hidden ? undefined : (list.children[Math.max(marked, 0)] as HTMLElement));
    else if (event.key === "Backspace" && !input.value) return write(codes().slice(0, -1));
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    choose((event.target as Element).closest<HTMLElement>("[data-code]") ?? undefined);
    input.focus();
  });
  document.addEventListener("click", (event) => {
    if (!picker.contains(event.target as Node)) close();
  });
  box.addEventListener("input", show);

  input.setAttribute("aria-expanded", "false");
  const finder = document.createElement("div");
  finder.className = "area-finder";
  finder.append(input, list);
  box.before(chosen, finder, said);
  box.hidden = true;
  const hint = picker.querySelector<HTMLElement>("[data-without-script]");
  if (hint) hint.hidden = true;
  const label = picker.querySelector("label")!;
  input.id = `${box.id}-find`;
  label.htmlFor = input.id;
  show();
}

document.querySelectorAll<HTMLElement>("[data-area-picker]").forEach(start);
