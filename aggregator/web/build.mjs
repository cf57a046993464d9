// Bundles the dashboard: `npm run build -- OUTDIR` writes index.html and the hashed files it names,
// nothing inline, so that they can be served under a strict Content-Security-Policy.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = resolve(process.argv[2] ?? join(here, "dist"));
const SCRIPT_LIMIT = 60 * 1024; // bytes of script after gzip

// Only our own subfolder is emptied: OUTDIR may be a build directory with other files.
await rm(join(outdir, "assets"), { recursive: true, force: true });
await mkdir(outdir, { recursive: true });

const result = await build({
  absWorkingDir: here,
  // theme.js runs before the first paint, so it is a file of its own.
  entryPoints: { app: "src/main.tsx", theme: "src/theme_first.ts", icon: "src/icon.svg" },
  outdir: join(outdir, "assets"),
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  loader: { ".svg": "copy" },
  metafile: true,
  write: true,
  logLevel: "warning",
});

const files = {};
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  const name = basename(path);
  if (output.entryPoint === "src/main.tsx") files["app.js"] = name;
  if (output.entryPoint === "src/theme_first.ts") files["theme.js"] = name;
  if (name.endsWith(".css")) files["app.css"] = name;
  if (name.endsWith(".svg")) files["icon.svg"] = name;
}
const template = await readFile(join(here, "src/index.html"), "utf8");
const page = template.replace(/%([\w.]+)%/g, (whole, name) => {
  if (!files[name]) throw new Error(`index.html names ${whole}, which the build did not make`);
  return `assets/${files[name]}`;
});
await writeFile(join(outdir, "index.html"), page);

let script = 0;
for (const name of Object.values(files).filter((name) => name.endsWith(".js"))) {
  script += gzipSync(await readFile(join(outdir, "assets", name)), { level: 9 }).length;
}
console.log(`dashboard: ${(script / 1024).toFixed(1)} KiB of script after gzip, in ${outdir}`);
if (script > SCRIPT_LIMIT) {
  console.error(`more than the ${SCRIPT_LIMIT / 1024} KiB it may have`);
  process.exitCode = 1;
}
