// Taking what is kept of a holder off the phone: when somebody signs out, and when a right is over.
import type { Filled, Kept, State, Store, Told } from "./store";

/** Whether something was begun or finished here and has not left the phone. */
export const waits = (state: Filled["state"] | State): boolean => state === "KEPT" || state === "SENT" || state === "DRAFT";

/** Whether something goes when the right to it is over; what was finished and not acknowledged waits for a right. */
export const goes = (state: Filled["state"] | State): boolean => state !== "KEPT" && state !== "SENT";

/** Takes off what is ``taken``, of these holders, with the sheets, the forms that no draft needs and what was told already;
 * of one team only where that is named: forms are not a team's. */
export async function clear(store: Store, holders: string[], taken: (state: Filled["state"] | State) => boolean, team?: number): Promise<void> {
  const mine = (one: Pick<Kept | Told | Filled, "holder" | "team">): boolean => holders.includes(one.holder) && (!team || one.team === team);
  const needed = new Set<string>(); // forms of drafts that stay
  for (const name of ["visits", "matters", "filled"] as const) {
    for (const one of await store.getAll(name)) {
      if (!mine(one)) continue;
      if (taken(one.state)) await store.delete(name, one.id);
      else if ("blank" in one && one.state === "DRAFT") needed.add(one.blank);
    }
  }
  for (const blank of await store.getAll("forms")) if (mine(blank) && !needed.has(blank.key)) await store.delete("forms", blank.key);
  for (const { key, body } of await store.getAll("sheets")) {
    const of = (body as { team: { id: number } }).team.id;
    if (holders.some((holder) => key.startsWith(`${holder} `)) && (!team || of === team)) await store.delete("sheets", key);
  }
}
