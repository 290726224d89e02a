// Opens the phone page without a network: keeps its files, and the page as it was last shown to its holder.
// Visits are not its business: they lie in IndexedDB, so a new version of this script cannot touch them.
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Asked extends Lasting {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
const here = self as unknown as EventTarget & {
  KEEP: string[]; // the server writes it before this script: addresses of what the page loads
  LATER: string[]; // and of what it loads only when a form is opened; the page has it kept when it has forms
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
};
const FILES = "qipan-files";
const PAGES = "qipan-pages"; // keeping.ts empties it when the right ends
const PATIENCE = 5_000;
const ANY = { ignoreVary: true }; // language and cookie are the holder's own here

const href = (path: string): string => new URL(path, location.href).href;
const first = here.KEEP.map(href);
const addresses = new Set([...first, ...here.LATER.map(href)]);
const folderOf = (address: string): string => new URL(".", address).href;
const folders = new Set([...addresses].map(folderOf)); // files of an earlier version lie there too

here.addEventListener("install", (event) => {
  const fill = async (): Promise<void> => {
    const files = await caches.open(FILES);
    const held = new Set((await files.keys()).map((request) => request.url));
    await files.addAll(first.filter((address) => !held.has(address)));
    await here.skipWaiting();
  };
  (event as Lasting).waitUntil(fill());
});

here.addEventListener("activate", (event) => {
  const tidy = async (): Promise<void> => {
    const files = await caches.open(FILES);
    const pages = await (await caches.open(PAGES)).matchAll();
    const shown = await Promise.all(pages.map((one) => one.text()));
    // A page that is kept, or stands open, is of the version before: without a network it still loads its own files.
    const needed = (address: string): boolean => addresses.has(address) || shown.some((text) => text.includes(new URL(address).pathname));
    for (const request of await files.keys()) if (!needed(request.url)) await files.delete(request);
    await here.clients.claim();
  };
  (event as Lasting).waitUntil(tidy());
});

here.addEventListener("fetch", (event) => {
  const { request, respondWith } = event as Asked;
  if (request.method !== "GET") return;
  if (folders.has(folderOf(request.url))) respondWith.call(event, file(request));
  else if (ofHolder(request)) respondWith.call(event, page(request));
});

/** The page itself, and the orders of its ground that it shows. */
function ofHolder(request: Request): boolean {
  const path = new URL(request.url).pathname;
  return (request.mode === "navigate" && path === "/field") || path === "/field/orders";
}

async function file(request: Request): Promise<Response> {
  return (await (await caches.open(FILES)).match(request, ANY)) ?? fetch(request);
}

/** The page from the server; as it was last shown when the server does not answer. */
async function page(request: Request): Promise<Response> {
  const pages = await caches.open(PAGES);
  const fromServer = fetch(request).then(async (answer) => {
    if (answer.ok && !answer.redirected) await pages.put(request, answer.clone());
    // Sent elsewhere or refused: what was shown before is not for this holder any more.
    else if (answer.type === "opaqueredirect" || (answer.status >= 400 && answer.status < 500)) await pages.delete(request, ANY);
    return answer;
  });
  const late = new Promise<undefined>((done) => setTimeout(done, PATIENCE));
  try {
    const answer = await Promise.race([fromServer, late]);
    return answer ?? (await pages.match(request, ANY)) ?? (await fromServer);
  } catch (problem) {
    const shown = await pages.match(request, ANY);
    if (shown) return shown;
    throw problem;
  }
}
