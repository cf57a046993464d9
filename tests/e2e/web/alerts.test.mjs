import assert from "node:assert/strict";
import { test } from "node:test";
import { api, close, newAlert, open, row, until } from "./support.mjs";

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
