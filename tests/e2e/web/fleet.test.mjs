import assert from "node:assert/strict";
import { test } from "node:test";
import { api, close, control, open, row, until } from "./browser.mjs";

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

test("A task that stands still is not called fine", async () => {
  const page = await open("#/system");
  await page.route("**/status", async (route) => {
    const answer = await route.fetch();
    const json = await answer.json();
    json.background_tasks = {
      ...json.background_tasks, leader: false,
      tasks: json.background_tasks.tasks.map((task) => ({
        ...task, last_error: null, last_run: task.name === "streams" ? "2026-01-01T00:00:00.000Z" : json.timestamp,
      })),
    };
    await route.fulfill({ response: answer, json });
  });
  await page.reload();
  const table = page.getByRole("region", { name: "Background tasks" });
  const state = (task) => table.locator("tr", { has: page.getByText(task, { exact: true }) }).locator(".status").innerText();
  await table.getByText("late").waitFor();
  assert.equal(await state("streams"), "late");
  assert.equal(await state("database"), "fine");
  assert.equal(await state("cleanup"), "not leading");
  await close(page);
});

test("What the server cannot tell is unknown, not nothing", async () => {
  const page = await open("#/system", { expect: [/status of 503/] });
  await page.route("**/status", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), dependencies: { postgres: "up", redis: "down" } } });
  });
  await page.route(/api\/v1\/(hosts|alerts\?|dashboard)/, (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", json: { detail: "The database is away" } }));
  await page.reload();
  await page.locator(".head .status").getByText("degraded").waitFor();
  assert.equal(await page.locator(".head").getByText("healthy").count(), 0);
  assert.doesNotMatch(await page.getByRole("region", { name: "Agents" }).innerText(), /\b0\b/);
  await page.getByRole("link", { name: "Hosts", exact: true }).click();
  await page.locator(".head").getByText("unknown now").waitFor();
  assert.doesNotMatch(await page.locator(".head").innerText(), /0/);
  await close(page);
});

test("Figures that are no longer fresh are said not to be", async () => {
  const page = await open("#/hosts", { expect: [/status of 503/] });
  await row(page, "web-01").waitFor();
  await page.route("**/api/v1/hosts", (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", json: { detail: "The database is away" } }));
  await page.getByRole("alert").getByText("Not up to date: The database is away").waitFor({ timeout: 60_000 });
  await row(page, "web-01").waitFor();
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
