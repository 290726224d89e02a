// Where it is: a point by a tap on the map or by one's own position. On the report page with the places at that point;
// where the host names a field (data-into), the point is written there.
import type { Picker } from "./map";
import { labelOf, spotOf, textOf, type Spot } from "./spot";

const ROUGH = 100; // metres: a position that is less exact is said to be so

export function startPicking(host: HTMLElement): void {
  const box = host.querySelector<HTMLElement>("[data-host]")!;
  const said = host.querySelector<HTMLElement>("[data-said]")!;
  const how = host.querySelector<HTMLElement>("[data-how]")!;
  const open = host.querySelector<HTMLButtonElement>("[data-open]")!;
  const locate = host.querySelector<HTMLButtonElement>("[data-locate]")!;
  const into = document.getElementById(host.dataset.into ?? "") as HTMLInputElement | null;
  const point = document.querySelector<HTMLElement>("#point");
  const places = document.querySelector<HTMLElement>("#places");
  let picker: Promise<Picker> | null = null;
  let turn = 0;

  const say = (name: string, n = "") => (said.textContent = (said.dataset[name] ?? "").replace("{n}", n));

  /** The point as a box that is ticked: taking the tick away takes the point away. */
  const tick = (spot: Spot) => {
    const label = document.createElement("label");
    label.className = "form-check";
    const input = Object.assign(document.createElement("input"), {
      className: "form-check-input", type: "checkbox", name: "point", value: textOf(spot), checked: true,
    });
    const words = document.createElement("span");
    const figures = Object.assign(document.createElement("span"), { className: "secondary num", textContent: labelOf(spot) });
    words.append(`${said.dataset.label ?? ""} `, figures);
    label.append(input, words);
    point?.replaceChildren(label);
  };

  /** The places at the point, to choose from; says whether there are any. */
  const offerPlaces = async (spot: Spot): Promise<boolean | null> => {
    const mine = ++turn;
    const answer = await fetch(`${host.dataset.places}?point=${textOf(spot)}`).catch(() => null);
    if (mine !== turn || !answer?.ok || !places) return null;
    // What was chosen before at the top of the list gives way to what lies at the point.
    document.querySelector("#where > label.form-check")?.remove();
    places.innerHTML = await answer.text();
    return places.querySelector("input[name=place]") !== null;
  };

  const chosen = async (spot: Spot, rough = 0) => {
    let found: boolean | null = true;
    if (into) into.value = textOf(spot);
    else {
      tick(spot);
      found = await offerPlaces(spot);
      if (found === null) return;
    }
    if (rough > ROUGH) say("rough", String(Math.round(rough)));
    else say(found ? "set" : "none");
    const changed = into ?? places?.querySelector("input[name=place]") ?? point;
    changed?.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const given = (): Spot | null => spotOf((into ?? point?.querySelector("input"))?.value);

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
        const spot: Spot = [coords.longitude, coords.latitude];
        void chosen(spot, coords.accuracy);
        void start().then((map) => map.set(spot), () => undefined);
      },
      () => say("refused"),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 0 },
    );
  });
  host.hidden = false;
}
