// Where it is, on the report page: a point by a tap on the map or by one's own position, and the places at that point.
import type { Picker, Spot } from "./map";

const ROUGH = 100; // metres: a position that is less exact is said to be so

export function startPicking(host: HTMLElement): void {
  const box = host.querySelector<HTMLElement>("[data-host]")!;
  const said = host.querySelector<HTMLElement>("[data-said]")!;
  const how = host.querySelector<HTMLElement>("[data-how]")!;
  const open = host.querySelector<HTMLButtonElement>("[data-open]")!;
  const locate = host.querySelector<HTMLButtonElement>("[data-locate]")!;
  const point = document.querySelector<HTMLElement>("#point")!;
  const places = document.querySelector<HTMLElement>("#places")!;
  let picker: Promise<Picker> | null = null;
  let turn = 0;

  const say = (name: string, n = "") => (said.textContent = (said.dataset[name] ?? "").replace("{n}", n));

  /** The point as a box that is ticked: taking the tick away takes the point away. */
  const keep = (spot: Spot): string => {
    const text = spot.map((degrees) => degrees.toFixed(5)).join(",");
    const [longitude, latitude] = spot;
    const label = document.createElement("label");
    label.className = "form-check";
    const input = Object.assign(document.createElement("input"), {
      className: "form-check-input", type: "checkbox", name: "point", value: text, checked: true,
    });
    const words = document.createElement("span");
    const figures = Object.assign(document.createElement("span"), {
      className: "secondary num",
      textContent: `${Math.abs(latitude).toFixed(5)}° ${latitude < 0 ? "S" : "N"}, ${Math.abs(longitude).toFixed(5)}° ${longitude < 0 ? "W" : "E"}`,
    });
    words.append(`${said.dataset.label ?? ""} `, figures);
    label.append(input, words);
    point.replaceChildren(label);
    return text;
  };

  const chosen = async (spot: Spot, rough = 0) => {
    const mine = ++turn;
    const answer = await fetch(`${host.dataset.places}?point=${keep(spot)}`).catch(() => null);
    if (mine !== turn || !answer?.ok) return;
    // What was chosen before at the top of the list gives way to what lies at the point.
    document.querySelector("#where > label.form-check")?.remove();
    places.innerHTML = await answer.text();
    const first = places.querySelector<HTMLInputElement>("input[name=place]");
    if (rough > ROUGH) say("rough", String(Math.round(rough)));
    else say(first ? "set" : "none");
    (first ?? point).dispatchEvent(new Event("change", { bubbles: true }));
  };

  const given = (): Spot | null => {
    const [longitude, latitude] = (point.querySelector("input")?.value ?? "").split(",").map(Number);
    return Number.isFinite(latitude) ? [longitude, latitude] : null;
  };

  const start = (): Promise<Picker> => {
    open.setAttribute("aria-expanded", "true");
    picker ??= import("./map")
      .then(({ pick }) => pick(host, box, (spot) => void chosen(spot), given()))
      .then((ready) => ((how.hidden = false), ready));
    picker.catch((reason: unknown) => {
      console.warn("no map:", reason); // no WebGL, say
      box.hidden = true;
      say("nomap");
    });
    return picker;
  };

  open.setAttribute("aria-expanded", "false");
  open.addEventListener("click", () => void start().then(() => box.querySelector("canvas")?.focus(), () => undefined));
  locate.hidden = !(isSecureContext && "geolocation" in navigator);
  locate.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const spot: Spot = [Number(coords.longitude.toFixed(5)), Number(coords.latitude.toFixed(5))];
        void chosen(spot, coords.accuracy);
        void start().then((map) => map.set(spot), () => undefined);
      },
      () => say("refused"),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 0 },
    );
  });
  host.hidden = false;
}
