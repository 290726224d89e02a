// "/" finds places on one's own ground: areas and compounds, never persons.
interface Found {
  code: string;
  label: string;
  within: string;
  href: string;
}

export function startFinder(open: (href: string) => void): void {
  let asked = 0;
  let marked = -1;

  const parts = () => {
    const form = document.querySelector<HTMLFormElement>("[data-finder]");
    return form && { input: form.querySelector("input")!, list: form.querySelector("ul")! };
  };
  const options = () => [...(parts()?.list.children ?? [])] as HTMLElement[];

  function hide(): void {
    const found = parts();
    if (!found) return;
    found.list.hidden = true;
    found.input.setAttribute("aria-expanded", "false");
    found.input.removeAttribute("aria-activedescendant");
    marked = -1;
  }

  function mark(index: number): void {
    const all = options();
    if (!all.length) return;
    marked = (index + all.length) % all.length;
    all.forEach((option, position) => option.setAttribute("aria-selected", String(position === marked)));
    parts()?.input.setAttribute("aria-activedescendant", all[marked].id);
    all[marked].scrollIntoView({ block: "nearest" });
  }

  async function find(text: string): Promise<void> {
    const found = parts();
    if (!found) return;
    if (!text.trim()) return hide();
    const mine = ++asked;
    const answer = await fetch(`/api/search?q=${encodeURIComponent(text.trim())}`).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const places = (await answer.json()) as Found[];
    found.list.replaceChildren(
      ...places.map((place, index) => {
        const option = document.createElement("li");
        option.id = `found-${index}`;
        option.role = "option";
        option.dataset.href = place.href;
        option.setAttribute("aria-selected", "false");
        option.append(place.label, Object.assign(document.createElement("small"), { textContent: place.within }));
        return option;
      }),
    );
    found.list.hidden = places.length === 0;
    found.input.setAttribute("aria-expanded", String(places.length > 0));
    marked = -1;
  }

  let wait = 0;
  document.addEventListener("input", (event) => {
    if (event.target !== parts()?.input) return;
    clearTimeout(wait);
    wait = window.setTimeout(() => void find((event.target as HTMLInputElement).value), 120);
  });
  document.addEventListener("keydown", (event) => {
    const found = parts();
    if (!found) return;
    if (event.target === found.input) {
      if (event.key === "ArrowDown") mark(marked + 1);
      else if (event.key === "ArrowUp") mark(marked - 1);
      else if (event.key === "Escape") hide();
      else if (event.key === "Enter") {
        const chosen = options()[Math.max(marked, 0)];
        if (chosen?.dataset.href && !found.list.hidden) open(chosen.dataset.href);
      } else return;
      event.preventDefault();
    } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !(event.target as Element).closest("input, textarea, select")) {
      event.preventDefault();
      found.input.focus();
      found.input.select();
    }
  });
  document.addEventListener("submit", (event) => {
    if ((event.target as Element).matches("[data-finder]")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const option = (event.target as Element).closest<HTMLElement>("#found li");
    if (option?.dataset.href) open(option.dataset.href);
    else if (!(event.target as Element).closest("[data-finder]")) hide();
  });
}
