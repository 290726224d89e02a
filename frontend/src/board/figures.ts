// Writes figures as people read them, the same way as the server does (webkit/templatetags/qipan.py).
export const chinese = document.documentElement.lang.startsWith("zh");
const grouped = new Intl.NumberFormat("en-US");

export interface Share {
  part: number;
  whole: number;
}
export interface AreaFigures {
  code: string;
  step: number;
  part: number | null;
  whole: number | null;
  left: number;
  text?: string; // what stands on the map in place of the share
}
export interface Figures {
  code: string;
  shape: string;
  show: string;
  total: Share | null;
  areas: AreaFigures[];
  [name: string]: unknown;
}

export function figure(value: unknown): string {
  return typeof value === "number" ? grouped.format(value) : "–";
}

/** One decimal, rounded down: only all of it is 100 %. */
export function percent(part: number | null, whole: number | null): string {
  if (part === null || !whole) return "–";
  return (Math.floor((part * 1000) / whole) / 10).toFixed(1) + (chinese ? "%" : " %");
}

export function rate(value: unknown): string {
  return typeof value === "number" ? value.toFixed(2) : "–";
}

export function minutes(value: unknown): string {
  if (typeof value !== "number") return "–";
  const whole = Math.round(value);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (h) return chinese ? `${h} 小时 ${m} 分` : `${h} h ${m} min`;
  if (m) return chinese ? `${m} 分 ${s} 秒` : `${m} min ${s} s`;
  return chinese ? `${s} 秒` : `${s} s`;
}

/** "tasks.late" in {tasks: {late: 3}} is 3. */
export function at(figures: Figures, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], figures);
}

export function moment(asOf: string): string {
  const time = asOf.slice(11, 19);
  return chinese ? `截至 ${time}` : `as of ${time}`;
}
