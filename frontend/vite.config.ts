// Every file src/*.ts is an entry of its own; a page loads it with {% entry "name" %}.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const out = join(import.meta.dirname, "../src/qipan/webkit/static/built");
const entries = readdirSync(join(import.meta.dirname, "src"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
  .map((name) => [basename(name, ".ts"), join(import.meta.dirname, "src", name)]);

/** Writes .br and .gz beside each built file once, so that the server never compresses. */
function compressed(): Plugin {
  return {
    name: "compressed",
    closeBundle() {
      for (const file of readdirSync(out, { recursive: true, withFileTypes: true })) {
        if (!file.isFile() || !/\.(m?js|css|svg)$/.test(file.name)) continue;
        const path = join(file.parentPath, file.name);
        const bytes = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
      }
    },
  };
}

export default defineConfig({
  base: "./", // chunks find each other relative to themselves, wherever STATIC_URL points
  publicDir: false,
  worker: { format: "es" },
  build: {
    outDir: out,
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    cssTarget: "chrome109",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      input: Object.fromEntries(entries),
      checks: { eval: false }, // htmx holds one eval; it is switched off (base.ts) and the policy forbids it
    },
  },
  plugins: [compressed()],
});
