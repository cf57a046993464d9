import assert from "node:assert/strict";
import { test } from "node:test";
import { api, close, newAlert, open, row, stage, until } from "./browser.mjs";

test("An alert is acknowledged and resolved, each with a comment", async () => {
  const alert = await newAlert({ title: "Round trip", hostname: "web-01" });
  const page = await open("#/alerts");
  await row(page, alert.id).getByText("Round trip").click();
  const act = async (name, comment) => {
    await page.getByRole("button", { name, exact: true }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/Comment/).fill(comment);
    await dialog.getByLabel("Your name").fill("Ada");
    await dialog.getByRole("button", { name, exact: true }).click();
    await dialog.waitFor({ state: "detached" });
  };
  const status = async () => (await api(`/api/v1/alerts/${alert.id}`)).json.status;
  await act("Acknowledge", "I look at it");
  await until(async () => (await status()) === "acknowledged", "acknowledged");
  await page.getByText("I look at it").waitFor();
  await act("Resolve", "It was the backup");
  await until(async () => (await status()) === "resolved", "resolved");
  await page.getByText("It was the backup").waitFor();
  await page.getByRole("button", { name: "Reopen" }).waitFor();
  assert.equal((await api(`/api/v1/alerts/${alert.id}`)).json.resolved_by, "Ada");
  const history = (await api(`/api/v1/alerts/${alert.id}/transitions`)).json;
  assert.deepEqual(history.map((t) => t.to_status), ["active", "acknowledged", "resolved"]);
  await close(page);
});

test("A new alert appears without a reload, in the list and in the head", async () => {
  const page = await open("#/alerts");
  await page.getByRole("heading", { name: "Alerts" }).waitFor();
  const alert = await newAlert({ title: "Appears by itself", severity: "critical" });
  await row(page, alert.id).waitFor({ timeout: 40_000 });
  await page.locator(".count-badge").waitFor();
  await api(`/api/v1/alerts/${alert.id}`, { method: "PATCH", body: { status: "resolved" } });
  await row(page, alert.id).waitFor({ state: "detached", timeout: 40_000 });
  await page.getByRole("link", { name: "History" }).click();
  await row(page, alert.id).waitFor();
  await close(page);
});

test("An alert leads to its host at that moment", async () => {
  const alert = await newAlert({ title: "Then and there", hostname: "web-01" });
  const page = await open(`#/alerts/${alert.id}`);
  await page.getByRole("link", { name: "Processes of that moment" }).click();
  await page.waitForFunction((at) => decodeURIComponent(location.hash).includes(`t=${at}`), alert.created_at);
  await page.locator("[data-moment]").waitFor();
  await close(page);
});

test("A silence is made for an alert, shown and ended", async () => {
  const alert = await newAlert({ title: "Too loud", source: "test:silenced" });
  const page = await open(`#/alerts/${alert.id}`);
  await page.getByRole("button", { name: "Silence" }).click();
  await page.getByLabel("Comment").fill("Maintenance");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByRole("dialog").getByRole("button", { name: "Silence" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.goto(page.url().replace(/#.*/, "#/alerts?tab=silences"));
  const silence = page.locator("tr", { hasText: "test:silenced" });
  await silence.getByText("silent now").waitFor();
  await silence.getByRole("button", { name: "End now" }).click();
  await until(async () => !(await silence.getByText("silent now").isVisible()), "the silence's end");
  await close(page);
});

// The rows of a table as texts, by the titles of its columns.
const rowsOf = (table) =>
  table.evaluate((element) => {
    const heads = [...element.querySelectorAll("thead th")].map((head) => head.textContent);
    return [...element.querySelectorAll("tbody tr")].map((row) => Object.fromEntries([...row.children].map((cell, i) => [heads[i], cell.textContent])));
  });

test("An alert that a rule opened shows its culprits, details and history", async () => {
  const id = stage.alerts["CPU is busy"];
  const page = await open(`#/alerts/${id}`);
  const culprits = page.getByRole("region", { name: "Processes when it fired" });
  await culprits.getByRole("heading", { name: "By CPU" }).waitFor();
  const rows = await rowsOf(culprits.locator("table").first());
  const { context } = (await api(`/api/v1/alerts/${id}`)).json;
  assert.deepEqual(rows.map((r) => Number(r.PID)), context.by_cpu.map((p) => p.process_id));
  const burner = rows.find((r) => Number(r.PID) === stage.burner.pid);
  assert.equal(burner.Name, stage.burner.name);
  assert.equal(burner["Since 1 h"], "new");
  assert.match(burner.CPU, /^[\d.]+ %$/);
  assert.match(burner["Open files"], /^\d+$/);
  assert.ok("Disk I/O" in burner && "Memory" in burner);
  await page.getByRole("region", { name: "Details" }).getByText("cpu_usage_percent").waitFor();
  await page.getByRole("region", { name: "History" }).getByText("created").waitFor();
  await culprits.getByRole("link", { name: stage.burner.name }).first().click();
  const table = page.locator("[data-moment]").filter({ hasText: stage.burner.name });
  assert.equal(await table.getAttribute("data-moment"), context.process_table_at);
  await close(page);
});

test("Processes that were seen long before an alert are said to be from before it", async () => {
  const id = stage.alerts["CPU is busy"];
  const page = await open(`#/alerts/${id}`);
  const culprits = page.getByRole("region", { name: "Processes when it fired" });
  await culprits.getByRole("heading", { name: "Processes when it fired" }).waitFor();
  await page.route(`**/api/v1/alerts/${id}`, async (route) => {
    const answer = await route.fetch();
    const json = await answer.json();
    json.context.process_table_at = new Date(Date.parse(json.created_at) - 120_000).toISOString();
    json.alert_metadata.last_seen = "2026-01-15T10:30:45.123Z";
    await route.fulfill({ response: answer, json });
  });
  await page.reload();
  await culprits.getByRole("heading", { name: "Last processes before it fired" }).waitFor();
  assert.match(await page.getByRole("region", { name: "Details" }).innerText(), /last seen\s+2026-01-15 \d\d:30:45/);
  await close(page);
});

test("What a rule is about decides which culprits come first", async () => {
  for (const [rule, title, list] of [["Memory is used", "By memory", "by_memory"], ["Files are open", "By open files", "by_open_files"]]) {
    const page = await open(`#/alerts/${stage.alerts[rule]}`);
    const culprits = page.getByRole("region", { name: "Processes when it fired" });
    await culprits.getByRole("heading").first().waitFor();
    assert.equal(await culprits.getByRole("heading", { level: 3 }).first().innerText(), title);
    const { context } = (await api(`/api/v1/alerts/${stage.alerts[rule]}`)).json;
    assert.deepEqual((await rowsOf(culprits.locator("table").first())).map((r) => Number(r.PID)), context[list].map((p) => p.process_id));
    await close(page);
  }
});
