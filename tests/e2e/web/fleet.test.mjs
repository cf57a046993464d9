import assert from "node:assert/strict";
import { test } from "node:test";
import { api, close, control, open, row, until } from "./support.mjs";

const hostsOf = (page) => page.locator("tbody tr[data-key]").evaluateAll((rows) => rows.map((r) => r.dataset.key));

test("The first page lists every host and moves on by itself", async () => {
  const page = await open("");
  await row(page, "web-01").waitFor();
  const { json } = await api("/api/v1/hosts");
  assert.deepEqual((await hostsOf(page)).sort(), json.map((h) => h.hostname).sort());
  const cells = () => row(page, "web-01").innerText();
  const before = await cells();
  await until(async () => (await cells()) !== before, "a change without a reload");
  await close(page);
});

test("Sorting, filtering and the keyboard change the address, and back undoes a step", async () => {
  const page = await open("#/hosts");
  await row(page, "web-01").waitFor();
  await page.getByRole("button", { name: "Host" }).click();
  await page.waitForFunction(() => location.hash.includes("sort=-name"));
  assert.deepEqual(await hostsOf(page), (await hostsOf(page)).toSorted().reverse());
  assert.equal(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");

  await page.keyboard.press("/");
  await page.keyboard.type("web");
  await until(async () => (await hostsOf(page)).join() === "web-01", "the filter");
  assert.match(page.url(), /q=web/);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await until(() => page.evaluate(() => document.activeElement?.dataset.key === "web-01"), "the first row");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash.startsWith("#/hosts/web-01"));
  await page.goBack();
  await until(async () => (await hostsOf(page)).join() === "web-01", "the filtered list again");

  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.getByRole("heading", { name: "Alerts", level: 1 }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await close(page);
});

test("A host whose agent stops turns stale, and up again when it starts", async () => {
  const page = await open("#/hosts");
  const state = async () => row(page, "db-01").locator(".status").innerText();
  await until(async () => (await state()) === "up", "up");
  await control("stop-agent", "db-01");
  await until(async () => (await state()) !== "up", "stale", 60);
  assert.match(await row(page, "db-01").getAttribute("class"), /stale/);
  await control("start-agent", "db-01");
  await until(async () => (await state()) === "up", "up again", 60);
  await close(page);
});

test("While the server is away the page says so, and recovers by itself", async () => {
  const page = await open("#/hosts", { expect: [/Failed to load resource|ERR_/] });
  await row(page, "web-01").waitFor();
  const connection = page.locator(".connection");
  await until(async () => /Live|Every/.test(await connection.innerText()), "a connection");
  await control("stop-server");
  await until(async () => (await connection.innerText()) === "Reconnecting", "reconnecting", 30);
  await control("start-server");
  await until(async () => /Live|Every/.test(await connection.innerText()), "a connection again", 60);
  await close(page);
});
