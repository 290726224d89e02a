// The doors of a team, by compound, building and stairwell, as the server last told them and as this phone knows them.
import { hear, now } from "./clock";
import type { Outbox } from "./outbox";
import { asking, type Kept } from "./store";

export type Row = [place: string, building: string, entrance: string, label: string, state: number, attempts: number];
export interface Compound {
  place: string;
  name: string;
  doors: Row[];
}
export interface Sheet {
  base: string; // which register it is
  counts: number[]; // doors by state
  team: { id: number };
  round: { id: number; number: number; closes_at: string } | null;
  compounds: Compound[];
}
export interface Door {
  place: string;
  building: string;
  entrance: string;
  label: string;
  compound: string;
  state: number;
  attempts: number;
  waiting: boolean; // this phone knows it, the server does not yet
}
export interface Stairwell {
  key: string;
  compound: string;
  building: string;
  entrance: string;
  doors: Door[];
}

/** The server's own words for a right that is over. Whose session has ended signs in again (401), and loses nothing. */
const ENDED = new Set(["pass_expired", "pass_revoked", "right_ended", "not_allowed"]);
const GONE = "not_found";
const NOT_HOME = 1;
const PRESUMED_VACANT = 11;
/** States that ask for another visit: not yet visited, nobody home, appointment, language help. */
export const OPEN_STATES = new Set([0, NOT_HOME, 4, 5]);

export interface Read {
  sheet: Sheet | undefined;
  as_of: string;
  asked: number; // when the server was asked for it, on this phone's clock
  told: boolean; // the server has just answered under this right
  refused: string; // the server's sentence when it gave none
  ended: boolean; // the right of whoever holds it is gone
  gone: boolean; // the team stands down, or is not the holder's any more
  asks: boolean; // somebody has to sign in again
  other: boolean; // another post works on this phone now
}

/** What changed since: states and attempts of single doors, and how many doors are in each state now. */
interface Change {
  counts: number[];
  changed: [place: string, state: number, attempts: number][];
}

/** Puts changes into a sheet; undefined when the counts show that something is missing. */
export function withChanges(sheet: Sheet, { counts, changed }: Change): Sheet | undefined {
  const news = new Map(changed.map(([place, ...rest]) => [place, rest]));
  const found = counts.map(() => 0);
  const compounds = sheet.compounds.map((compound) => ({
    ...compound,
    doors: compound.doors.map((row): Row => {
      const [place, building, entrance, label] = row;
      const [state, attempts] = news.get(place) ?? [row[4], row[5]];
      found[state]++;
      return [place, building, entrance, label, state, attempts];
    }),
  }));
  return found.every((count, state) => count === counts[state]) ? { ...sheet, counts, compounds } : undefined;
}

/** Reads the sheet from the server, only what changed when this phone holds it; from this phone without a network. */
export async function readSheet(box: Outbox, key: string, whole = false): Promise<Read> {
  const old = await box.sheet(key);
  const kept = { sheet: old?.body as Sheet | undefined, as_of: old?.as_of ?? "", asked: old?.asked ?? 0, told: false, refused: "", ended: false, gone: false, asks: false, other: false };
  const begun = Date.now();
  try {
    const base = whole ? undefined : (old?.body as Sheet | undefined)?.base;
    const since = base ? `&base=${base}&since=${encodeURIComponent(old!.as_of)}` : "";
    const answer = await fetch(key + since, {
      credentials: "same-origin",
      headers: { ...asking(box.holder), ...(old && !whole && { "If-None-Match": old.etag }) },
      cache: "no-store",
      signal: AbortSignal.timeout(20_000),
    });
    kept.told = answer.ok || answer.status === 304;
    if (kept.told) hear(answer);
    const asked = now(begun);
    const as_of = answer.headers.get("As-Of") ?? "";
    if (answer.status === 304 && old) {
      await box.keepSheet({ ...old, key, asked, as_of });
      return { ...kept, asked, as_of };
    }
    const told = (await answer.json()) as Sheet & Change & { code?: string; sentence?: string };
    if (!answer.ok) {
      const ended = ENDED.has(told.code ?? "");
      const gone = told.code === GONE;
      const other = told.code === "other_holder";
      return { ...kept, refused: told.sentence ?? `HTTP ${answer.status}`, ended, gone, other, asks: !ended && !other && answer.status === 401 };
    }
    const body = told.changed ? withChanges(kept.sheet!, told) : told;
    if (!body) return await readSheet(box, key, true);
    await box.keepSheet({ key, etag: answer.headers.get("ETag") ?? "", asked, as_of, body });
    return { ...kept, sheet: body, asked, as_of };
  } catch {
    return kept;
  }
}

/** The state of a door once this phone's own visits are added: the highest outcome stands, three times nobody home. */
export function stateWith(state: number, attempts: number, mine: Kept[]): { state: number; attempts: number } {
  const best = Math.max(state === PRESUMED_VACANT ? NOT_HOME : state, ...mine.map((kept) => kept.outcome));
  const visits = attempts + mine.length;
  return { state: best === NOT_HOME && visits >= 3 ? PRESUMED_VACANT : best, attempts: visits };
}

/** Stairwells in the order of the register, each with its doors. */
export function stairwells(sheet: Sheet, asked: number, mine: Kept[]): Stairwell[] {
  const pending = new Map<string, Kept[]>();
  for (const kept of mine) {
    if (kept.round !== sheet.round?.id || kept.state === "REFUSED" || kept.state === "CONFLICT") continue;
    if (kept.state === "ACKNOWLEDGED" && kept.answered < asked) continue; // the sheet has it already
    pending.set(kept.place, [...(pending.get(kept.place) ?? []), kept]);
  }
  const wells = new Map<string, Stairwell>();
  for (const compound of sheet.compounds) {
    for (const [place, building, entrance, label, state, attempts] of compound.doors) {
      const key = `${compound.place}/${building}/${entrance}`;
      if (!wells.has(key)) wells.set(key, { key, compound: compound.name, building, entrance, doors: [] });
      const own = pending.get(place) ?? [];
      wells.get(key)!.doors.push({
        ...stateWith(state, attempts, own),
        place, building, entrance, label,
        compound: compound.name,
        waiting: own.some((kept) => kept.state !== "ACKNOWLEDGED"),
      });
    }
  }
  return [...wells.values()];
}
