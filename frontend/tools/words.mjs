// Says sentences as the phone's page does (src/field/words.ts). For tests.
//
//   node words.mjs < order.json
//
// The order: {"language": {"words": {name: sentence or its forms}, "said": [[name, values], ...]}, ...}; what is told of
// each language: the sentences in their order.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const order = JSON.parse(readFileSync(0, "utf8"));
const server = await createServer({
  root: fileURLToPath(new URL("../src/field/", import.meta.url)),
  configFile: false,
  logLevel: "error",
  appType: "custom",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, watch: null, ws: false },
});
const { speaker } = await server.ssrLoadModule("/words.ts");
const told = {};
for (const [language, { words, said }] of Object.entries(order)) {
  const word = speaker(words, language);
  told[language] = said.map(([name, values]) => word(name, values));
}
await server.close();
process.stdout.write(JSON.stringify(told));
