// Bundles the dashboard: `npm run build -- OUTDIR` writes index.html and the hashed files it names,
// nothing inline, so that they can be served under a strict Content-Security-Policy.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = resolve(process.argv[2] ?? join(here, "dist"));
const SCRIPT_LIMIT = 60_000; // bytes of script after gzip

// uPlot hangs everything it can do on one object and decides by options, where no bundler can see what
// is unused. The charts here are lines over time on linear scales, with labels and a legend of our own;
// the rest is left out.
const UNUSED_OF_UPLOT = {
  "uPlot.join = join;": "",
  "(paths.stepped = stepped);": "",
  "(paths.bars    = bars);": "",
  "(paths.spline  = monotoneCubic);": "",
  "const showLegend = legend.show;": "const showLegend = false;",
  "(legend.show": "(false",
  "legend.live": "false",
  "mode == 2": "false",
  "mode == 1": "true",
  "distr == 3": "false",
  "distr == 4": "false",
};
// Functions and tables of scales and labels that these charts never reach.
const HOLLOW_IN_UPLOT = [
  "timeAxisVals", "fmtDate", "rangeLog", "logAxisSplits", "log10AxisValsFilt", "log2AxisValsFilt",
  "rangeAsinh", "asinhAxisSplits", "clipBandLine", "subs",
];
const slimUplot = {
  name: "slim-uplot",
  setup({ onLoad }) {
    onLoad({ filter: /uPlot\.esm\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf8");
      const cut = (part, other) => {
        const shorter = contents.replaceAll(part, other);
        if (shorter === contents) throw new Error(`uPlot has changed: there is no ${part}`);
        contents = shorter;
      };
      for (const [line, other] of Object.entries(UNUSED_OF_UPLOT)) cut(line, other);
      for (const name of HOLLOW_IN_UPLOT) cut(new RegExp(`^(function ${name}\\(.*\\) |const ${name} = )\\{\\n[^]*?^\\}`, "gm"), "$1{}");
      return { contents, loader: "js" };
    });
  },
};

// Only our own subfolder is emptied: OUTDIR may be a build directory with other files.
await rm(join(outdir, "assets"), { recursive: true, force: true });
await mkdir(outdir, { recursive: true });

const bundle = (options) => build({
  absWorkingDir: here,
  outdir: join(outdir, "assets"),
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: ["es2022"],
  legalComments: "none",
  plugins: [slimUplot],
  loader: { ".svg": "copy" },
  write: false,
  logLevel: "warning",
  ...options,
});
const app = await bundle({
  entryPoints: { app: "src/main.tsx" },
  // h() calls are shorter than those of the automatic runtime that the type checker is told of.
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  inject: ["src/jsx.ts"],
  tsconfigRaw: {},
});
// Runs before the first paint, so it is a file of its own.
const first = await bundle({ entryPoints: { theme: "src/theme_first.ts", icon: "src/icon.svg" } });

// terser finds some 4 % more than esbuild does; names are hashed of what is written in the end.
const squeeze = async (text) =>
  (await minify(text, { ecma: 2020, compress: { passes: 4, ecma: 2020, unsafe_arrows: true, unsafe: true, unsafe_methods: true, pure_getters: true, keep_fargs: false }, format: { comments: false } })).code;

const files = {};
let script = 0;
await mkdir(join(outdir, "assets"), { recursive: true });
for (const { path, text } of [...app.outputFiles, ...first.outputFiles]) {
  const [, stem, extension] = /([a-z]+)-\w+\.(\w+)$/.exec(path);
  const content = extension === "js" ? await squeeze(text) : text;
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const name = `${stem}-${hash}.${extension}`;
  files[`${stem}.${extension}`] = name;
  await writeFile(join(outdir, "assets", name), content);
  if (extension === "js") script += gzipSync(content, { level: 9 }).length;
}

const template = await readFile(join(here, "src/index.html"), "utf8");
const page = template.replace(/%([\w.]+)%/g, (whole, name) => {
  if (!files[name]) throw new Error(`index.html names ${whole}, which the build did not make`);
  return `assets/${files[name]}`;
});
await writeFile(join(outdir, "index.html"), page);

console.log(`dashboard: ${(script / 1000).toFixed(1)} kB of script after gzip, in ${outdir}`);
if (script > SCRIPT_LIMIT) {
  console.error(`more than the ${SCRIPT_LIMIT / 1000} kB it may have`);
  process.exitCode = 1;
}
