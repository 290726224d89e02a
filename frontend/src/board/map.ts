// The map of the areas right below: outlines shaded in five steps, labels as HTML, no tiles, no glyphs.
// Loaded after the first paint; the schematic squares stand until it is ready, and stay where it cannot be.
import { LngLatBounds, Marker, type GeoJSONSource, type Map as MapLibre } from "maplibre-gl";
import type { FeatureCollection, MultiPolygon, Polygon } from "geojson";
import { middle, plainMap, ringsOf, token } from "../map/plain";
import { percent, type Figures } from "./figures";

interface Collection extends FeatureCollection<MultiPolygon | Polygon, { code: string; label: string }> {
  usable: boolean;
  missing: string[];
}

/** How large an area is drawn, roughly: larger ones keep their label when there is no room for all. */
function extent(feature: Collection["features"][number]): number {
  const points = feature.geometry.coordinates.flat(feature.geometry.type === "Polygon" ? 1 : 2) as [number, number][];
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  return (Math.max(...xs) - Math.min(...xs)) * (Math.max(...ys) - Math.min(...ys));
}

export class GroundMap {
  private map: MapLibre;
  private labels = new Map<string, Marker>();
  private ready: Promise<void>;
  private ids = new Map<string, number>();
  private bounds = new LngLatBounds();

  constructor(
    host: HTMLElement,
    private open: (code: string) => void,
  ) {
    this.map = plainMap(host, { keyboard: false });
    this.ready = new Promise<void>((resolve) => void this.map.once("load", () => resolve())).then(() => this.lay());
    this.map.on("moveend", () => this.uncrowd());
    this.map.on("resize", () => this.fit());
    document.addEventListener("qipan:theme", () => this.colour());
  }

  private lay(): void {
    this.map.addSource("ground", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    this.map.addLayer({ id: "fill", type: "fill", source: "ground" });
    this.map.addLayer({ id: "line", type: "line", source: "ground" });
    this.map.addLayer({ id: "over", type: "line", source: "ground" });
    this.colour();
    let over: number | undefined;
    const hover = (id: number | undefined) => {
      for (const [code, number] of this.ids) {
        this.labels.get(code)?.getElement().classList.toggle("over", number === id);
      }
      if (over !== undefined) this.map.setFeatureState({ source: "ground", id: over }, { over: false });
      over = id;
      if (id !== undefined) this.map.setFeatureState({ source: "ground", id }, { over: true });
      this.map.getCanvas().style.cursor = id === undefined ? "" : "pointer";
    };
    this.map.on("mousemove", "fill", (event) => hover(event.features?.[0]?.id as number | undefined));
    this.map.on("mouseleave", "fill", () => hover(undefined));
    this.map.on("click", "fill", (event) => {
      const code = event.features?.[0]?.properties?.code as string | undefined;
      if (code) this.open(code);
    });
  }

  private colour(): void {
    if (!this.map.getLayer("fill")) return;
    const steps = [0, 1, 2, 3, 4, 5].map((step) => token(`--step-${step}`));
    this.map.setPaintProperty("fill", "fill-color", [
      "match", ["coalesce", ["feature-state", "step"], 0], 1, steps[1], 2, steps[2], 3, steps[3], 4, steps[4], 5, steps[5], steps[0],
    ]);
    this.map.setPaintProperty("line", "line-color", token("--paper"));
    this.map.setPaintProperty("line", "line-width", 1.5);
    this.map.setPaintProperty("over", "line-color", token("--ink"));
    this.map.setPaintProperty("over", "line-width", ["case", ["boolean", ["feature-state", "over"], false], 3, 0]);
  }

  async show(collection: Collection, figures: Figures): Promise<void> {
    await this.ready;
    this.map.resize();
    for (const label of this.labels.values()) label.remove();
    this.labels.clear();
    this.ids.clear();
    const bounds = new LngLatBounds();
    for (const feature of collection.features.toSorted((a, b) => extent(b) - extent(a))) {
      const { code, label } = feature.properties;
      this.ids.set(code, feature.id as number);
      for (const ring of ringsOf(feature.geometry)) for (const point of ring) bounds.extend(point as [number, number]);
      const element = document.createElement("div");
      element.className = "map-label";
      element.append(Object.assign(document.createElement("b"), { textContent: label }), document.createElement("span"));
      this.labels.set(code, new Marker({ element, anchor: "center" }).setLngLat(middle(feature.geometry)).addTo(this.map));
    }
    this.map.removeFeatureState({ source: "ground" });
    (this.map.getSource("ground") as GeoJSONSource).setData(collection);
    this.bounds = bounds;
    this.fit();
    this.paint(figures);
    this.uncrowd();
    await new Promise<void>((resolve) => void this.map.once("idle", () => resolve()));
  }

  /** All of the area, whatever the size of the panel. */
  private fit(): void {
    if (!this.bounds.isEmpty()) this.map.fitBounds(this.bounds, { padding: 12, animate: false });
  }

  /** Hides labels that would lie on a larger area's label; they show while the pointer is on their area. */
  private uncrowd(): void {
    const placed: DOMRect[] = [];
    for (const marker of this.labels.values()) {
      const element = marker.getElement();
      element.classList.remove("crowded");
      const box = element.getBoundingClientRect();
      const crowded = placed.some(
        (other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom,
      );
      element.classList.toggle("crowded", crowded);
      if (!crowded) placed.push(box);
    }
  }

  paint(figures: Figures): void {
    for (const area of figures.areas) {
      const id = this.ids.get(area.code);
      if (id === undefined) continue;
      this.map.setFeatureState({ source: "ground", id }, { step: area.step });
      const element = this.labels.get(area.code)?.getElement();
      if (element) {
        for (let step = 0; step <= 5; step++) element.classList.toggle(`on-${step}`, step === area.step);
        element.lastElementChild!.textContent = area.text ?? percent(area.part, area.whole);
      }
    }
  }
}

export type { Collection };
