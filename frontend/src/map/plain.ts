// A map without tiles and glyphs: outlines on plain paper, names as HTML. What the board's and the matters' maps share.
import "maplibre-gl/dist/maplibre-gl.css";
import { Map as MapLibre, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Feature, MultiPolygon, Polygon, Position } from "geojson";

setWorkerUrl(workerUrl);

export type Area = Feature<MultiPolygon | Polygon, { code: string; label: string }>;

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function plainMap(host: HTMLElement, { keyboard }: { keyboard: boolean }): MapLibre {
  const map = new MapLibre({
    container: host,
    style: { version: 8, sources: {}, layers: [] },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    keyboard,
    fadeDuration: 0,
    canvasContextAttributes: { preserveDrawingBuffer: true }, // so that it prints
  });
  map.touchZoomRotate.disableRotation();
  if (!keyboard) map.getCanvas().tabIndex = -1; // the list beside it is its keyboard twin
  return map;
}

export function ringsOf(geometry: MultiPolygon | Polygon): Position[][] {
  return geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();
}

/** Middle of the largest ring: good enough for a label that may be moved aside by the eye. */
export function middle(geometry: MultiPolygon | Polygon): [number, number] {
  const rings = geometry.type === "Polygon" ? [geometry.coordinates[0]] : geometry.coordinates.map((p) => p[0]);
  let best: [number, number] = [0, 0];
  let largest = -1;
  for (const ring of rings) {
    let [area, x, y] = [0, 0, 0];
    for (let i = 0; i < ring.length - 1; i++) {
      const cross = ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
      area += cross;
      x += (ring[i][0] + ring[i + 1][0]) * cross;
      y += (ring[i][1] + ring[i + 1][1]) * cross;
    }
    if (Math.abs(area) > largest) {
      largest = Math.abs(area);
      best = [x / (3 * area), y / (3 * area)];
    }
  }
  return best;
}
