// What other passes and posts keep on the same phone: it stays sealed for them, is told in numbers, and goes with their right.
import { clear, goes, waits } from "./clearing";
import { asking, type Store } from "./store";

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

/** Says what waits here for others, and whether some of it is a post's, which can be signed in again. */
export async function toldOfOthers(
  store: Store,
  holder: string,
  word: (name: string, values: Record<string, string | number>) => string,
): Promise<{ lines: string[]; posts: boolean }> {
  const waiting = [...(await others(store, holder))].filter(([, count]) => count);
  const lines = waiting.map(([other, count]) =>
    isPost(other) ? word("other_post", { count, post: localStorage.getItem(NAME + other) ?? "…" }) : word("elsewhere", { count }),
  );
  return { lines, posts: waiting.some(([other]) => isPost(other)) };
}

/** Asks whether the rights of others on this phone have ended meanwhile, and takes off what goes with them. */
export async function sweepEnded(store: Store, holder: string, path: string): Promise<void> {
  for (const other of (await others(store, holder)).keys()) {
    const answer = await fetch(path, { headers: asking(other), credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(30_000) });
    const said = answer.ok ? {} : ((await answer.json()) as { code?: string });
    if (said.code === "right_ended") await clear(store, [other], goes);
  }
}
