// Maps of matters: to choose a point, to see one, and clusters by area. Loaded only where a page shows one; without it
// the table, the list and the choice by name say the same.
import { LngLatBounds, Marker, type GeoJSONSource, type LngLatLike, type Map as MapLibre } from "maplibre-gl";
import type { FeatureCollection } from "geojson";
import { middle, plainMap, ringsOf, token, type Area } from "../map/plain";
import { spotOf, textOf, type Spot } from "./spot";

const CLOSEST = 17; // beyond it there is nothing more to see

/** The outlines of the areas right below one, as the page's host says, or of another one. */
async function areasOf(host: HTMLElement, code: string): Promise<Area[]> {
  const answer = await fetch(`${host.dataset.outlines}?area=${encodeURIComponent(code)}`);
  return answer.ok ? ((await answer.json()) as FeatureCollection).features as Area[] : [];
}

function boundsOf(areas: Area[]): LngLatBounds {
  const bounds = new LngLatBounds();
  for (const area of areas) for (const ring of ringsOf(area.geometry)) for (const point of ring) bounds.extend(point as Spot);
  return bounds;
}

/** Whether a line from the point to the east crosses the ring an odd number of times. */
function inRing(ring: Spot[], [x, y]: Spot): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [[ax, ay], [bx, by]] = [ring[i], ring[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

export class MatterMap {
  readonly map: MapLibre;
  areas: Area[] = [];
  private labels: Marker[] = [];
  private bounds = new LngLatBounds();

  private constructor(
    readonly host: HTMLElement,
    box: HTMLElement,
    private named: boolean,
    keyboard: boolean,
  ) {
    this.map = plainMap(box, { keyboard });
    document.addEventListener("qipan:theme", () => this.colour());
  }

  /** Draws the outlines that the host names, as near as it says. */
  static async open(host: HTMLElement, box: HTMLElement, { named = true, keyboard = false } = {}): Promise<MatterMap> {
    box.hidden = false;
    const shown = new MatterMap(host, box, named, keyboard);
    const loaded = new Promise<void>((resolve) => void shown.map.once("load", () => resolve()));
    const areas = await areasOf(host, host.dataset.area ?? "");
    await loaded;
    shown.map.getCanvas().setAttribute("aria-label", box.getAttribute("aria-label") ?? "");
    shown.lay();
    shown.draw(areas, host.dataset.within);
    shown.map.on("resize", () => shown.fit());
    return shown;
  }

  private lay(): void {
    this.map.addSource("ground", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    this.map.addLayer({ id: "fill", type: "fill", source: "ground" });
    this.map.addLayer({ id: "line", type: "line", source: "ground", paint: { "line-width": 1.5 } });
    this.colour();
  }

  private colour(): void {
    if (!this.map.getLayer("fill")) return;
    const within = this.host.dataset.within ?? "";
    const [own, other] = [token("--step-0"), token("--ground")];
    this.map.setPaintProperty("fill", "fill-color", within ? ["match", ["get", "code"], within, own, other] : own);
    this.map.setPaintProperty("line", "line-color", token("--quiet-ink"));
  }

  /** Other outlines in place of those that stand; all of them in sight, or the one that is named. */
  draw(areas: Area[], within?: string): void {
    this.areas = areas;
    (this.map.getSource("ground") as GeoJSONSource).setData({ type: "FeatureCollection", features: areas });
    for (const label of this.labels.splice(0)) label.remove();
    if (this.named) {
      for (const area of areas) {
        const element = Object.assign(document.createElement("div"), { className: "ground-label", textContent: area.properties.label });
        const label = new Marker({ element }).setLngLat(middle(area.geometry)).addTo(this.map);
        for (const attribute of ["role", "tabindex", "aria-label"]) element.removeAttribute(attribute);
        this.labels.push(label);
      }
    }
    const chosen = areas.filter((area) => area.properties.code === within);
    this.bounds = boundsOf(chosen.length ? chosen : areas);
    this.fit();
  }

  fit(): void {
    if (!this.bounds.isEmpty()) this.map.fitBounds(this.bounds, { padding: 24, animate: false, maxZoom: CLOSEST });
  }

  areaAt(spot: Spot): Area | undefined {
    return this.areas.find((area) => ringsOf(area.geometry).filter((ring) => inRing(ring as Spot[], spot)).length % 2 === 1);
  }

  /** A link of ours keeps its own name and role; without one a pin that only eyes need: the words beside say the same. */
  mark(spot: LngLatLike, link?: HTMLElement, draggable = false): Marker {
    const [name, title] = [link?.ariaLabel, link?.title];
    const marker = new Marker(link ? { element: link } : { color: token("--brand") }).setLngLat(spot).addTo(this.map).setDraggable(draggable);
    const element = marker.getElement();
    for (const attribute of ["role", "tabindex", "aria-label"]) element.removeAttribute(attribute);
    if (!link) element.setAttribute("aria-hidden", "true");
    if (name) element.ariaLabel = name;
    if (title) element.title = title;
    return marker;
  }

  async areasBelow(code: string): Promise<Area[]> {
    return areasOf(this.host, code);
  }
}

/** One point, or every point of the rows beside it, on a map that is only looked at. */
export async function show(host: HTMLElement): Promise<void> {
  const shown = await MatterMap.open(host, host);
  const own = spotOf(host.dataset.point);
  if (own) shown.mark(own);
  for (const row of document.querySelectorAll<HTMLElement>("[data-spot]")) spotMarker(shown, row);
  host.classList.add("ready");
}

function spotMarker(shown: MatterMap, row: HTMLElement): void {
  const spot = spotOf(row.dataset.spot);
  if (!spot) return;
  const link = row.querySelector("a");
  const element = document.createElement(link ? "a" : "span");
  element.className = "spot";
  const words = link?.textContent?.trim() ?? row.dataset.label ?? "";
  element.title = words;
  if (link) Object.assign(element, { href: link.href, ariaLabel: words });
  const over = (on: boolean) => row.classList.toggle("here", on);
  for (const [kind, on] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]] as const) {
    element.addEventListener(kind, () => over(on));
  }
  shown.mark(spot, element);
}

/** How many matters stand in each area: a number that leads to it; what is small on the map is large in the table. */
export async function clusters(host: HTMLElement): Promise<void> {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-cluster]")];
  const shown = await MatterMap.open(host, host, { named: false });
  const most = Math.max(1, ...rows.map((row) => Number(row.dataset.n)));
  for (const row of rows) {
    const [link, list] = row.querySelectorAll("a");
    const spot = spotOf(row.dataset.cluster);
    if (!spot || !link || !list) continue;
    const figure = list.textContent?.trim() ?? "";
    const element = document.createElement("a");
    element.className = "cluster";
    element.href = link.href;
    element.style.setProperty("--share", String(Number(row.dataset.n) / most));
    element.classList.toggle("none", row.dataset.n === "0");
    element.append(Object.assign(document.createElement("b"), { textContent: figure }), Object.assign(document.createElement("span"), { textContent: link.textContent }));
    const over = (on: boolean) => row.classList.toggle("here", on);
    for (const [kind, on] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]] as const) {
      element.addEventListener(kind, () => over(on));
    }
    shown.mark(spot, element);
  }
  for (const row of document.querySelectorAll<HTMLElement>("[data-spot]")) spotMarker(shown, row);
  host.classList.add("ready");
}

export interface Picker {
  set(spot: Spot): void;
}

/** A map on which one taps where it is; each tap also brings the outlines below the area that was tapped. */
export async function pick(host: HTMLElement, box: HTMLElement, chosen: (spot: Spot) => void, first: Spot | null): Promise<Picker> {
  const shown = await MatterMap.open(host, box, { keyboard: true });
  let marker: Marker | null = null;
  const put = (spot: Spot) => {
    if (marker) {
      marker.setLngLat(spot);
      return;
    }
    marker = shown.mark(spot, undefined, true);
    marker.on("dragend", () => {
      const { lng, lat } = marker!.getLngLat();
      take([lng, lat]);
    });
  };
  const nearer = async (spot: Spot): Promise<boolean> => {
    const area = shown.areaAt(spot);
    const below = area ? await shown.areasBelow(area.properties.code) : [];
    if (below.length) shown.draw(below);
    return below.length > 0;
  };
  /** Down to the smallest outlines around a point that was not tapped but given. */
  const around = async (spot: Spot) => {
    put(spot);
    while (await nearer(spot));
    shown.map.jumpTo({ center: spot });
  };
  const take = (spot: Spot) => {
    const exact = spotOf(textOf(spot))!;
    put(exact);
    chosen(exact);
  };
  shown.map.on("click", (event) => {
    const spot: Spot = [event.lngLat.lng, event.lngLat.lat];
    take(spot);
    void nearer(spot).then((drawn) => {
      if (!drawn) shown.map.easeTo({ center: spot, zoom: Math.min(CLOSEST, shown.map.getZoom() + 1) });
    });
  });
  shown.map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const { lng, lat } = shown.map.getCenter();
    take([lng, lat]);
  });
  if (first) await around(first);
  box.classList.add("ready");
  return { set: (spot) => void around(spot) };
}
