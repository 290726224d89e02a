// What other passes and posts keep on the same phone: it stays sealed for them, is told in numbers, and goes with their right.
import { clear, goes, waits } from "./clearing";
import { asking, type Filled, type Kept, type Store, type Told } from "./store";
import type { Word } from "./words";

const NAME = "qipan-name "; // of a post, for whoever comes after it; leave.ts takes it off

export const isPost = (holder: string): boolean => holder.startsWith("post ");

/** Notes how a post is called. */
export function noteName(holder: string, name: string): void {
  if (isPost(holder)) localStorage.setItem(NAME + holder, name);
}

/** Forgets how a post is called. */
export const forgetName = (holder: string): void => localStorage.removeItem(NAME + holder);

/** Under which other passes and posts something lies here, and how much of it waits. */
async function others(store: Store, holder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const name of ["visits", "matters", "filled"] as const) {
    for (const one of await store.getAll(name)) {
      if (one.holder !== holder) found.set(one.holder, (found.get(one.holder) ?? 0) + Number(waits(one.state)));
    }
  }
  return found;
}

/** Says what waits here for others, whether some of it is a post's that can be signed in again; ``ended`` are rights that are over. */
export async function toldOfOthers(
  store: Store,
  holder: string,
  word: Word,
  ended: string[] = [],
): Promise<{ lines: string[]; posts: boolean }> {
  const waiting = [...(await others(store, holder))].filter(([, count]) => count);
  const lines = waiting.map(([other, count]) => {
    if (ended.includes(other)) return word("of_ended", { count });
    return isPost(other) ? word("other_post", { count, post: localStorage.getItem(NAME + other) ?? "…" }) : word("elsewhere", { count });
  });
  return { lines, posts: waiting.some(([other]) => isPost(other) && !ended.includes(other)) };
}

/** Asks which rights of others on this phone have ended meanwhile, and takes off what goes with them. */
export async function sweepEnded(store: Store, holder: string, path: string): Promise<string[]> {
  const ended = [];
  for (const other of (await others(store, holder)).keys()) {
    const answer = await fetch(path, { headers: asking(other), credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(30_000) });
    const said = answer.ok ? {} : ((await answer.json()) as { code?: string });
    if (said.code !== "right_ended") continue;
    await clear(store, [other], goes);
    ended.push(other);
  }
  return ended;
}

/** What was finished under rights that have ended, on this ground (the first and the last place of it). */
async function left(store: Store, ended: string[], [first, last]: string[]): Promise<{ visits: Kept[]; matters: Told[]; filled: Filled[] }> {
  const mine = (one: Kept | Told | Filled): boolean =>
    ended.includes(one.holder) && !goes(one.state) && (!one.place || (one.place >= first && one.place <= last));
  return {
    visits: (await store.getAll("visits")).filter(mine),
    matters: (await store.getAll("matters")).filter(mine),
    filled: (await store.getAll("filled")).filter(mine),
  };
}

/** Whether some of it can be sent by whoever works on the same ground now. */
export const isLeft = async (store: Store, ended: string[], ground: string[]): Promise<boolean> =>
  Object.values(await left(store, ended, ground)).some((some) => some.length);

/** Makes it the present holder's, who sends it now; the lists of the ended rights will never be compared again. */
export async function takeOver(store: Store, ended: string[], holder: string, ground: string[]): Promise<void> {
  const { visits, matters, filled } = await left(store, ended, ground);
  const step = store.transaction(["visits", "matters", "filled", "lines", "agreed"], "readwrite");
  for (const one of visits) void step.objectStore("visits").put({ ...one, holder, team: undefined, state: "KEPT" });
  for (const one of matters) void step.objectStore("matters").put({ ...one, holder, state: "KEPT" });
  for (const one of filled) void step.objectStore("filled").put({ ...one, holder, state: "KEPT", blank: one.blank.replace(one.holder, holder) });
  for (const other of ended) {
    void step.objectStore("lines").delete(IDBKeyRange.bound([other, 0], [other, Infinity]));
    void step.objectStore("agreed").delete(other);
  }
  await step.done;
}
