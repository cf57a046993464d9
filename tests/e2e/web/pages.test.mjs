// Every page in both themes: no fault, nothing wider than the window, nothing that axe objects to.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { api, close, newAlert, open, stage, until } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = process.env.CHORUS_WEB_SHOTS; // a folder for pictures of every page, if somebody wants to look
if (SHOTS) mkdirSync(SHOTS, { recursive: true });

async function pages() {
  const alert = await newAlert({ title: "Looked at by axe", hostname: "web-01", description: "A description" });
  const rules = (await api("/api/v1/alert-rules?limit=1")).json;
  return {
    fleet: ["#/hosts", "Hosts"],
    host: ["#/hosts/mail-01?range=6h", "mail-01"],
    processes: ["#/hosts/db-01/processes?range=15m", "db-01"],
    process: ["#/hosts/web-01/processes?range=15m&q=chorus-agent", "web-01"],
    services: ["#/services", "Services"],
    service: ["#/services/search", "search"],
    alerts: ["#/alerts", "Alerts"],
    history: ["#/alerts?tab=history", "Alerts"],
    silences: ["#/alerts?tab=silences", "Alerts"],
    alert: [`#/alerts/${alert.id}`, alert.summary],
    rules: ["#/rules", "Rules"],
    rule: [rules.length ? `#/rules/${rules[0].id}` : "#/rules/new", rules.length ? rules[0].name : "New rule"],
    system: ["#/system", "System"],
    nothing: ["#/nothing/here", null],
  };
}

// Charts load once they are scrolled to. Answers whether nothing is left to load.
function showAll() {
  const waiting = [...document.querySelectorAll("main .chart-empty")].find((e) => e.innerText.includes("Loading"));
  if (waiting) waiting.scrollIntoView();
  else window.scrollTo(0, 0);
  return !document.body.innerText.includes("Loading");
}

for (const theme of ["light", "dark"]) {
  for (const [width, height] of [[1440, 900], [360, 740]]) {
    test(`Every page is sound, ${theme} at ${width} x ${height}`, async () => {
      for (const [name, [hash, heading]] of Object.entries(await pages())) {
        const page = await open(hash, { theme, width, height });
        if (heading) await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
        if (name === "process") await page.locator("[data-moment] tbody tr[data-key]").first().click();
        if (name === "process") await page.getByRole("complementary").locator("canvas").first().waitFor();
        if (name === "host") await page.locator("[data-chart=cpu][data-loaded] canvas").waitFor();
        await until(() => page.evaluate(showAll), `all of ${name}`);
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${width}-${theme}.png` });
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wider <= 0, `${name} is ${wider} px wider than the window`);
        const found = await axe(page);
        assert.deepEqual(found, [], `${name}, ${theme}`);
        await close(page);
      }
    });
  }
}

async function axe(page) {
  await page.evaluate(AXE); // by the debugger: the page's own policy allows no foreign script
  const results = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return results.violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
}

test("Names that hosts choose are only ever text", async () => {
  const rule = await api("/api/v1/alert-rules", {
    method: "POST",
    body: { name: stage.probe, description: stage.probe, rule_type: "system_metric", severity: "low", is_active: false, condition: { metric_type: "cpu_usage_percent", threshold: 1 } },
  });
  assert.equal(rule.status, 201);
  const alert = await newAlert({ title: stage.probe, description: stage.probe, source: stage.probe, alert_type: stage.probe, hostname: "probe-01", alert_metadata: { [stage.probe]: stage.probe } });
  const probed = (await api("/api/v1/hosts/probe-01")).json.last_seen;
  const place = (hash, text = stage.probe) => ({ hash, text });
  for (const { hash, text } of [
    place("#/hosts", "probe-01"),
    place("#/hosts/probe-01?range=1h"),
    place(`#/hosts/probe-01/processes?range=1h&t=${probed}`, stage.probe.slice(0, 15)),
    place("#/alerts"),
    place(`#/alerts/${alert.id}`),
    place("#/rules"),
    place("#/system", "probe-01"),
    place(`#/hosts/${encodeURIComponent(stage.probe)}`),
    place(`#/alerts?q=${encodeURIComponent(stage.probe)}`, "Alerts"),
  ]) {
    const page = await open(hash, { expect: [/status of 4\d\d/] });
    await page.getByText(text).first().waitFor({ state: "attached" });
    assert.equal(await page.locator("img").count(), 0);
    await close(page);
  }
  const editor = await open(`#/rules/${rule.json.id}`);
  await editor.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(await editor.getByLabel("Name", { exact: true }).inputValue(), stage.probe);
  await close(editor);
  await api(`/api/v1/alert-rules/${rule.json.id}`, { method: "DELETE" });
});

test("The theme that was chosen is there before the first paint and after a reload", async () => {
  const page = await open("#/hosts", { theme: "light" });
  const button = page.getByRole("button", { name: /^Theme/ });
  await button.click();
  await button.click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), dark);
  await close(page);
});
