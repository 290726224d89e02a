// Signing out on a phone that others use too. What is kept here of whoever signs out is taken off; what was never sent
// goes only when that is asked for, with how much it is.
import { Chain } from "./field/chain";
import { clear as takeOff, waits } from "./field/clearing";
import { unhear } from "./field/clock";
import { forgetName } from "./field/others";
import { forgetRight } from "./field/right";
import { alone, csrf, openStore, type Store } from "./field/store";
import { speaker, type Words } from "./field/words";

const PAGES = "qipan-pages"; // as in worker.ts
const form = document.getElementById("leave") as HTMLFormElement;
const said = document.getElementById("leave-said")!;
const all = document.getElementById("leave-all") as HTMLInputElement;
const word = speaker(JSON.parse(document.getElementById("leave-words")!.textContent!) as Words, document.documentElement.lang);
const holders = JSON.parse(form.dataset.holders!) as string[];
const mine = (one: { holder: string }): boolean => holders.includes(one.holder);

/** Asks once more whether the server holds what was finished here; what it lacks is not sent yet, whatever was said before. */
async function compare(store: Store): Promise<void> {
  for (const holder of holders) {
    const chain = new Chain(store, holder, csrf, form.dataset.lists!);
    const found = await chain.compare();
    for (const id of found.missing) {
      const visit = await store.get("visits", id);
      if (visit?.state === "ACKNOWLEDGED") await store.put("visits", { ...visit, state: "KEPT" });
      const filled = await store.get("filled", id);
      if (filled?.state === "ACKNOWLEDGED" && filled.parts.length) await store.put("filled", { ...filled, state: "KEPT" });
    }
  }
}

/** How many visits, reports and forms of this person were begun or finished here and have not left the phone. */
async function unsent(store: Store): Promise<number> {
  const rows = [...(await store.getAll("visits")), ...(await store.getAll("matters")), ...(await store.getAll("filled"))];
  return rows.filter((one) => mine(one) && waits(one.state)).length;
}

/** Takes what is kept of this person off the phone: all of it, or all but what was never sent. */
async function clear(store: Store, everything: boolean): Promise<void> {
  await takeOff(store, holders, (state) => everything || !waits(state));
  const left = await unsent(store);
  for (const holder of holders) {
    if (everything) {
      // The list goes with what it names; another begins with a number of its own.
      await store.delete("lines", IDBKeyRange.bound([holder, 0], [holder, Infinity]));
      await store.delete("agreed", holder);
      document.cookie = `qipan_list_${holder.replace(" ", "-")}=; path=/api/field/lists; max-age=0`; // as rest.py names it
    }
    if (!left) forgetName(holder);
    forgetRight(holder);
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(`qipan-card ${holder} `) && !key.startsWith(`qipan-nuisance ${holder} `)) continue;
      const told = ["", "sent"].includes(localStorage.getItem(key)!); // as card.ts and forms.ts note it
      if (everything || told) localStorage.removeItem(key);
    }
  }
  localStorage.removeItem("qipan-field");
  unhear();
  await globalThis.caches?.delete(PAGES);
}

async function start(): Promise<void> {
  const store = await openStore();
  await compare(store);
  const count = await unsent(store);
  said.textContent = count ? word("unsent", { count }) : word("sent");
  document.getElementById("leave-unsent")!.hidden = !count;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void alone("visits", () => clear(store, all.checked))
      .then(() => form.submit())
      .catch(() => (said.textContent = word("failed")));
  });
  form.querySelector("button")!.disabled = false;
}

void start().catch(() => {
  said.textContent = word("failed");
  form.querySelector("button")!.disabled = false;
});
