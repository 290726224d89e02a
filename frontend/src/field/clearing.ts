// Taking what is kept of a holder off the phone: when somebody signs out, and when a right is over.
import type { Filled, State, Store } from "./store";

/** Whether something was begun or finished here and has not left the phone. */
export const waits = (state: Filled["state"] | State): boolean => state === "KEPT" || state === "SENT" || state === "DRAFT";

/** Whether something goes when the right to it is over; what was finished and not acknowledged waits for a right. */
export const goes = (state: Filled["state"] | State): boolean => state !== "KEPT" && state !== "SENT";

/** Takes off what is ``taken``, of these holders, with the sheets, the forms that no draft needs and what was told already. */
export async function clear(store: Store, holders: string[], taken: (state: Filled["state"] | State) => boolean): Promise<void> {
  const mine = (one: { holder: string }): boolean => holders.includes(one.holder);
  const needed = new Set<string>(); // forms of drafts that stay
  for (const name of ["visits", "matters", "filled"] as const) {
    for (const one of await store.getAll(name)) {
      if (!mine(one)) continue;
      if (taken(one.state)) await store.delete(name, one.id);
      else if ("blank" in one && one.state === "DRAFT") needed.add(one.blank);
    }
  }
  for (const blank of await store.getAll("forms")) if (mine(blank) && !needed.has(blank.key)) await store.delete("forms", blank.key);
  for (const key of await store.getAllKeys("sheets")) if (holders.some((one) => key.startsWith(`${one} `))) await store.delete("sheets", key);
}
