// Follows every link of every page, each looked at in both themes and two sizes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { close, open, until } from "./browser.mjs";

const MOST = 300;
const LOOKS = ["light", "dark"].flatMap((theme) => [[1440, 900], [390, 844]].map(([width, height]) => ({ theme, width, height })));

// Moments differ from visit to visit; the page behind them does not.
const sort = (hash) => hash.replace(/([?&](?:t|vs|from|to)=)[^&]*/g, "$1");

// What is wrong with the page as it stands: wider than the window, or a panel that gave up.
function troubles() {
  const { scrollWidth, clientWidth } = document.documentElement;
  const failed = [...document.querySelectorAll("[data-failed]")].map((e) => e.innerText);
  if (scrollWidth > clientWidth) {
    const widest = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > clientWidth + 1 && !e.closest(".table-box"));
    failed.push(`${scrollWidth} px wide in ${clientWidth}: ${widest.slice(0, 3).map((e) => `${e.tagName}.${e.className}`).join(", ")}`);
  }
  return failed;
}

const loaded = () => !document.querySelector("main [role=status]")?.innerText.startsWith("Loading") && document.querySelector("main")?.innerText.trim() !== "";

test("Every link leads to a sound page", async () => {
  const page = await open("#/hosts");
  const address = page.url().replace(/#.*/, "");
  const waiting = ["#/hosts", "#/nothing"];
  const seen = new Set(waiting.map(sort));
  const others = new Set();
  const found = [];
  let visits = 0;
  for (; waiting.length > 0 && visits < MOST; ++visits) {
    const hash = waiting.shift();
    await page.goto(address + hash);
    await until(() => page.evaluate(loaded), `the data of ${hash}`);
    for (const { theme, width, height } of LOOKS) {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height });
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      for (const trouble of await page.evaluate(troubles)) found.push(`${hash} ${theme} ${width}: ${trouble}`);
    }
    for (const fault of page.faults.splice(0)) found.push(`${hash}: ${fault}`);
    for (const link of await page.locator("a[href]").evaluateAll((links) => links.map((a) => a.getAttribute("href")))) {
      if (!link.startsWith("#/")) others.add(link);
      else if (!seen.has(sort(link))) {
        seen.add(sort(link));
        waiting.push(link);
      }
    }
  }
  assert.deepEqual(found, []);
  assert.ok(visits > 30, `only ${visits} pages`);
  assert.deepEqual(waiting, [], `left after ${visits} pages`);
  for (const place of ["hosts/cache-01", "services/search", "alerts/", "rules/", "processes?t="]) assert.ok([...seen].some((hash) => hash.includes(place)), place);
  for (const link of others) if (link !== "#main") assert.ok((await fetch(new URL(link, address))).ok, link);
  await close(page);
});
