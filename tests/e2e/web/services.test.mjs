import assert from "node:assert/strict";
import { test } from "node:test";
import { api, close, open, row, until } from "./browser.mjs";

test("Services tell state, last checks, uptime and the last error, the bad ones first", async () => {
  const page = await open("#/services");
  await row(page, "search").waitFor();
  await until(async () => (await row(page, "search").innerText()).includes("unhealthy"), "the first check");
  assert.deepEqual(await page.locator("tbody tr[data-key]").evaluateAll((rows) => rows.map((r) => r.dataset.key)), ["search", "chat-service"]);
  const { json } = await api("/api/v1/services");
  const error = json.find((s) => s.service_name === "search").error_message;
  assert.ok(error && (await row(page, "search").innerText()).includes(error), error);
  assert.match(await row(page, "chat-service").innerText(), /healthy[^]*100\.0 %/);
  assert.match(await row(page, "search").innerText(), /0\.0 %|0 %/);
  assert.match(await row(page, "search").locator(".beats").getAttribute("aria-label"), /^(\d+) checks, \1 of them not healthy$/);
  const newest = () => row(page, "search").locator(".beats i").last().getAttribute("title");
  const before = await newest();
  await until(async () => (await newest()) !== before, "a further check without a reload", 30);
  await close(page);
});

test("A service shows its response times, and one that fails why", async () => {
  const page = await open("#/services");
  await row(page, "chat-service").click();
  await page.getByRole("heading", { level: 1, name: "chat-service" }).waitFor();
  await page.getByRole("region", { name: "Response time" }).locator("canvas").waitFor();
  await page.getByRole("region", { name: "Failures" }).getByText("None.").waitFor();
  await page.goBack();
  await row(page, "search").getByRole("link", { name: "search" }).click();
  await page.getByRole("region", { name: "Response time" }).getByText("It did not answer in this time.").waitFor();
  const failures = page.getByRole("region", { name: "Failures" });
  await failures.locator("tbody tr").first().waitFor();
  assert.match(await failures.locator("tbody tr").first().innerText(), /unhealthy/);
  await page.getByRole("radio", { name: "30 d" }).or(page.getByRole("button", { name: "30 d" })).first().click();
  await page.waitForFunction(() => location.hash.includes("hours=720"));
  await close(page);
});

test("A service that is not checked says so", async () => {
  const page = await open("#/services/nobody");
  await page.getByText("No such service is checked").waitFor();
  await close(page);
});
