// First paint and update budgets, run by tests/bench/web_bench.py: node bench.mjs BASE
import { chromium } from "playwright-core";

const base = process.argv[2];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHORUS_CHROMIUM, args: FLAGS });
const figures = [];
const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function opened(hash, ready) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.long = [];
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: true });
  });
  await page.goto(`${base}/ui/${hash}`);
  await page.waitForSelector(ready);
  // From the start of the navigation until the first row was there.
  const full = await page.evaluate(() => performance.now());
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  return { page, full, paint };
}

async function several(times, work) {
  const values = [];
  for (let n = 0; n < times; ++n) values.push(await work(n));
  return middle(values);
}

// Milliseconds until the frame after an action.
const scroll = (page, y) =>
  page.evaluate(async (top) => {
    const from = performance.now();
    document.querySelector(".table-box").scrollTop = top;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))));
    return performance.now() - from;
  }, y);
const click = (page, text) =>
  page.evaluate(async (name) => {
    const from = performance.now();
    [...document.querySelectorAll("thead button")].find((b) => b.textContent.startsWith(name)).click();
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - from;
  }, text);

for (const [name, hash, column] of [["fleet", "#/hosts", "CPU"], ["processes", "#/hosts/bench-000/processes?range=15m", "Memory"]]) {
  const paints = [];
  const fulls = [];
  for (let n = 0; n < 3; ++n) {
    const { page, full, paint } = await opened(hash, "tbody tr[data-key]");
    paints.push(paint);
    fulls.push(full);
    await page.context().close();
  }
  const { page } = await opened(hash, "tbody tr[data-key]");
  figures.push({ what: `${name}: first paint`, ms: middle(paints), target: 1000 });
  figures.push({ what: `${name}: first rows`, ms: middle(fulls), target: 2500 });
  figures.push({ what: `${name}: sort to next frame`, ms: await several(9, () => click(page, column)), target: 100 });
  figures.push({ what: `${name}: scroll to next frame`, ms: await several(9, (n) => scroll(page, (n % 3) * 2500)), target: 50 });
  await page.evaluate(() => (window.long.length = 0));
  await page.waitForTimeout(11_000); // two updates at least
  const longest = await page.evaluate(() => Math.max(0, ...window.long));
  figures.push({ what: `${name}: longest task of an update`, ms: longest, target: 100 });
  await page.context().close();
}
await browser.close();
console.log(JSON.stringify(figures));
