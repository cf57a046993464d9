import assert from "node:assert/strict";
import { test } from "node:test";
import { api, close, open, row, until } from "./browser.mjs";

test("The server's objection stands at its field, and a good rule is saved", async () => {
  const page = await open("#/rules/new", { expect: [/status of 422/] });
  await page.getByLabel("Limit").fill("");
  await page.getByRole("button", { name: "Save" }).click();
  const fault = page.locator('[data-field="c-threshold"] .fault');
  await fault.waitFor();
  assert.match(await fault.innerText(), /required/i);
  assert.equal(await page.getByLabel("Limit").getAttribute("aria-invalid"), "true");
  await page.locator('[data-field="name"] .fault').waitFor();

  await page.getByLabel("Name", { exact: true }).fill("Made in the browser");
  await page.getByLabel("Limit").fill("97");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Rules", level: 1 }).waitFor();
  const { json } = await api("/api/v1/alert-rules?limit=1000");
  const rule = json.find((r) => r.name === "Made in the browser");
  assert.equal(rule.condition.threshold, 97);
  assert.equal(rule.condition.metric_type, "cpu_usage_percent");

  await row(page, rule.id).waitFor();
  await row(page, rule.id).getByRole("switch").click();
  await until(async () => !(await api(`/api/v1/alert-rules/${rule.id}`)).json.is_active, "off");
  await row(page, rule.id).getByRole("link").click();
  await page.getByLabel("Limit").fill("98");
  await page.getByRole("button", { name: "Save" }).click();
  await until(async () => (await api(`/api/v1/alert-rules/${rule.id}`)).json.condition.threshold === 98, "the new limit");
  await page.getByRole("heading", { name: "Rules", level: 1 }).waitFor(); // where saving leads

  await page.goto(page.url().replace(/#.*/, "#/rules/new"));
  await page.getByLabel("Name", { exact: true }).fill("Made in the browser");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator('[data-field="name"] .fault').waitFor(); // the name is taken
  page.faults = page.faults.filter((f) => !f.includes("409"));
  await api(`/api/v1/alert-rules/${rule.id}`, { method: "DELETE" });
  await close(page);
});

test("Fields that are shown on demand stand inside their panel like the others", async () => {
  const page = await open("#/rules/new", { expect: [/status of 422/] });
  await page.getByText("More conditions").click();
  const left = async (label) => Math.round((await page.getByLabel(label).boundingBox()).x);
  assert.equal(await left("Part"), await left("Figure"));
  await close(page);
});

test("A rule that has no data to judge is not called fine", async () => {
  const condition = { metric_type: "memory_ecc_uncorrectable_count", operator: ">", threshold: 0 };
  const { json: rule } = await api("/api/v1/alert-rules", { method: "POST", body: { name: "Nothing to see", rule_type: "system_metric", severity: "low", condition } });
  await until(async () => {
    await api("/api/v1/alerts/check", { method: "POST" });
    return (await api(`/api/v1/alert-rules/${rule.id}`)).json.state === "no_data";
  }, "the first evaluation");
  const page = await open("#/rules");
  const state = row(page, rule.id).locator(".status");
  await state.waitFor();
  assert.deepEqual([await state.innerText(), await state.getAttribute("data-tone")], ["no data", "off"]);
  await api(`/api/v1/alert-rules/${rule.id}`, { method: "DELETE" });
  await close(page);
});

test("The backtest tells what the rule would have done", async () => {
  const page = await open("#/rules/new", { expect: [/status of 422/] });
  const said = page.getByRole("region", { name: "Backtest" }).getByRole("status");
  await page.getByLabel("Hosts").fill("mail-01");
  await page.getByLabel("Limit").fill("99");
  await until(async () => /would not have fired/.test(await said.innerText().catch(() => "")), "no firing");
  await page.getByLabel("Limit").fill("20");
  await until(async () => /would have fired \d+ time/.test(await said.innerText().catch(() => "")), "firings");
  await close(page);
});

test("The list tells both limits of a rule", async () => {
  const page = await open("#/rules?q=CPU+is+busy");
  await page.getByRole("row").filter({ hasText: "CPU is busy" }).getByText("above 1.0 % over 1 min, critical at 101.0 %").waitFor();
  await close(page);
});
