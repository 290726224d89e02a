// Making elements, for the phone page.
/** An element with its class and text. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, kind = "", text = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  if (text) element.textContent = text;
  return element;
}

export function button(text: string, act: () => void, kind = "btn"): HTMLButtonElement {
  const element = make("button", kind, text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

/** Writes only what differs, so that nothing moves under a thumb and nothing is read aloud twice. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Lines that somebody reads and puts out of sight. */
export function drawLines(area: HTMLElement, noted: string, lines: { text: string; bad: boolean; dismiss: () => void }[]): void {
  area.hidden = !lines.length;
  area.replaceChildren(
    ...lines.map(({ text, bad, dismiss }) => {
      const line = make("p", bad ? "message error" : "message");
      line.append(make("span", "", text), button(noted, dismiss));
      return line;
    }),
  );
}

/** Gives a drawing its turn among others that run beside it: it asks before it writes whether a later one, which reads more, has begun. */
export function turns(): () => () => boolean {
  let latest = 0;
  return () => {
    const own = ++latest;
    return () => own !== latest;
  };
}
