// Runs the phone's judgement of a right (src/field/right.ts) and of the time (src/field/clock.ts) under clocks that somebody sets. For tests.
//
//   node clocks.mjs < order.json
//
// The order: {"ends": ms, "stories": {name: [[step, ms], ...]}}; each story begins at 0 on a phone with an open page that
// has just heard the server. Steps: "runs" (time passes with the page open), "sleeps" (time passes, and the clock of the
// page stands), "set" (somebody moves the phone's clock), "heard" (the server answers under this right), "opened" (the page
// anew), "lost" (what the browser kept of the clocks, too). What is told of each story: how the right stands after
// each step, and by how many ms the time is wrong by which a visit would be dated then (null: by the phone's clock).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const START = Date.UTC(2026, 0, 1);
const order = JSON.parse(readFileSync(0, "utf8"));
const root = fileURLToPath(new URL("../src/field/", import.meta.url));
const server = await createServer({
  root,
  configFile: false,
  logLevel: "error",
  appType: "custom",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, watch: null, ws: false },
});
const [date, monotonic] = [Date.now, performance.now];

async function told(story) {
  const kept = new Map();
  globalThis.localStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, String(value)),
    removeItem: (key) => kept.delete(key),
  };
  let [time, wrong, ran] = [START, 0, 0];
  let clock, right;
  const open = async () => {
    ran = 0;
    Date.now = () => time + wrong;
    performance.now = () => ran;
    server.moduleGraph.invalidateAll(); // a page of its own
    clock = await server.ssrLoadModule("/clock.ts");
    right = new (await server.ssrLoadModule("/right.ts")).Right("post 1", START + order.ends);
  };
  const hear = () => {
    clock.hear(new Response("", { headers: { "As-Of": new Date(time).toISOString() } }));
    right.confirm();
  };
  await open();
  hear();
  right.read();
  const [found, dated] = [[], []];
  for (const [step, ms = 0] of story) {
    if (step === "set") wrong += ms;
    else if (step === "heard") hear();
    else if (step === "opened" || step === "lost") {
      if (step === "lost") kept.clear();
      await open();
    } else {
      time += ms;
      if (step === "runs") ran += ms;
    }
    found.push(right.read());
    const known = clock.certain();
    dated.push(known === undefined ? null : known - time);
  }
  [Date.now, performance.now] = [date, monotonic];
  return { right: found, dated };
}

const stories = {};
for (const [name, story] of Object.entries(order.stories)) stories[name] = await told(story);
await server.close();
process.stdout.write(JSON.stringify(stories));
