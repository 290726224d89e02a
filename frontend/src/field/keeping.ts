// Keeps the page and what it loads later on the phone, through the worker.
const PAGES = "qipan-pages"; // as in worker.ts
const FILES = "qipan-files";

const page = document.getElementById("field")!;

/** Whether the browser has promised not to throw away what lies on this phone. */
export const kept = async (): Promise<boolean> => (await navigator.storage?.persisted?.()) ?? true;

/** Lets the page open without a network from now on; where the browser cannot, it works as long as it is open. */
export async function keepPage(): Promise<void> {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  await workers.register(page.dataset.worker!, { scope: "/field" });
  await workers.ready;
  const pages = await caches.open(PAGES);
  if (!(await pages.match(location.href))) await pages.add(location.href); // this one was loaded before the worker was there
}

/** Takes the pages off that are kept: this team's and its orders, or with ``all`` every one. */
export async function dropPages(all: boolean): Promise<void> {
  if (!globalThis.caches) return;
  if (all) return void (await caches.delete(PAGES));
  const pages = await caches.open(PAGES);
  for (const request of await pages.keys()) {
    const text = await (await pages.match(request))?.text(); // which team /field is of stands in it
    if (request.url.endsWith(`?team=${page.dataset.team}`) || text?.includes(`"${page.dataset.sheet}"`)) await pages.delete(request);
  }
}

/** What is loaded only when a form is opened is fetched ahead, so that a form opens without a network too. */
export async function keepEngine(): Promise<void> {
  if (!navigator.serviceWorker?.controller) return;
  const files = await caches.open(FILES);
  for (const path of JSON.parse(page.dataset.later!) as string[]) if (!(await files.match(path))) await files.add(path);
}
