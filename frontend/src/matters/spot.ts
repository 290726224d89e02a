// A point as it travels in forms and addresses: "104.06575,30.65748".
const DECIMALS = 5; // about a metre

export type Spot = [longitude: number, latitude: number];

export function spotOf(text: string | undefined): Spot | null {
  const [longitude, latitude] = (text ?? "").split(",").map(Number);
  return Number.isFinite(longitude) && Number.isFinite(latitude) ? [longitude, latitude] : null;
}

export function textOf([longitude, latitude]: Spot): string {
  return `${longitude.toFixed(DECIMALS)},${latitude.toFixed(DECIMALS)}`;
}

/** As people read it: latitude first. */
export function labelOf([longitude, latitude]: Spot): string {
  const [north, east] = [latitude < 0 ? "S" : "N", longitude < 0 ? "W" : "E"];
  return `${Math.abs(latitude).toFixed(DECIMALS)}° ${north}, ${Math.abs(longitude).toFixed(DECIMALS)}° ${east}`;
}
