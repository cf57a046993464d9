import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { api, close, open, stage, until } from "./browser.mjs";

const trace = JSON.parse(readFileSync(stage.trace, "utf8")).map((t) => ({ ...t, time: Date.parse(t.timestamp) / 1000 }));
const STEP = 30;

// Words and numbers of the rows on the page, by process id.
const table = (page) =>
  page.locator("[data-moment] tbody tr[data-key]").evaluateAll((rows) =>
    rows.map((r) => [...r.children].map((cell) => cell.textContent)));

const MIB = { B: 1 / 1048576, KiB: 1 / 1024, MiB: 1, GiB: 1024 };
const mebibytes = (text) => {
  const [number, unit] = text.split(" ");
  return Number(number) * MIB[unit];
};
const percent = (value) => (value === null ? "–" : value !== 0 && Math.abs(value) < 0.05 ? "<0.1 %" : `${value.toFixed(1)} %`);

function assertShows(rows, recorded, moment) {
  assert.equal(rows.length, recorded.length, `rows at ${moment}`);
  const shown = new Map(rows.map((r) => [Number(r[1]), r]));
  for (const p of recorded) {
    const r = shown.get(p.pid);
    assert.ok(r, `PID ${p.pid} at ${moment}`);
    assert.deepEqual([r[0], r[2], r[3]], [p.name, p.user ?? "–", percent(p.cpu_percent)], `PID ${p.pid} at ${moment}`);
    const memory = p.memory_rss_bytes / 1048576;
    assert.ok(Math.abs(mebibytes(r[4]) - memory) <= 0.006 * memory + 1e-6, `memory of ${p.pid}: ${r[4]}, recorded ${memory} MiB`);
    assert.deepEqual([r[8], r[10]], [String(p.num_threads), p.state], `PID ${p.pid} at ${moment}`);
  }
}

// Repeatable chance.
function* numbers(seed) {
  for (;;) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    yield seed / 2 ** 32;
  }
}

test("For 200 random moments the table equals the recording's own", async () => {
  const page = await open(`#/hosts/app-01/processes?range=1h&t=${trace[0].timestamp}`);
  const chance = numbers(20261125);
  const first = trace[0].time;
  const last = trace.at(-1).time + STEP;
  const seen = new Set();
  for (let n = 0; n < 200; ++n) {
    const moment = first + chance.next().value * (last - first);
    const expected = trace.findLast((t) => t.time <= moment + 1e-3);
    seen.add(expected.timestamp);
    const t = new Date(moment * 1000).toISOString();
    await page.evaluate((word) => (location.hash = `#/hosts/app-01/processes?range=1h&t=${word}`), t);
    await page.waitForFunction(
      ([stamp, word]) => {
        const shown = document.querySelector("[data-moment]");
        return shown && Math.abs(Date.parse(shown.dataset.moment) - stamp) < 2 && shown.dataset.asked === word;
      },
      [expected.time * 1000, t],
    );
    assertShows(await table(page), expected.processes, t);
  }
  assert.equal(seen.size, trace.length, "every table of the recording was looked at");
  await close(page);
});

test("The slider and the steps choose moments, and now follows the present", async () => {
  const page = await open(`#/hosts/app-01/processes?range=1h&t=${trace[10].timestamp}`);
  const shown = () => page.locator("[data-moment]").getAttribute("data-moment").then((m) => Date.parse(m) / 1000);
  const showing = (time) => until(async () => Math.abs((await shown()) - time) < 0.01, "the moment");
  await showing(trace[10].time);
  await page.getByRole("button", { name: "one step later" }).click();
  await showing(trace[11].time);
  await page.getByRole("button", { name: "one step earlier" }).click();
  await showing(trace[10].time);
  const slider = page.getByRole("slider");
  const value = Math.ceil(trace[20].time) + 1;
  await slider.fill(String(value));
  await slider.dispatchEvent("change");
  await showing(trace[20].time);
  await page.goBack();
  await showing(trace[10].time);
  await close(page);
  const live = await open(`#/hosts/web-01/processes?range=15m&t=${trace[0].timestamp}`, { expect: [/status of 404/] });
  await live.getByText("No process table is stored").waitFor();
  await live.getByRole("button", { name: "Now" }).click();
  const moment = () => live.locator("[data-moment]").getAttribute("data-moment", { timeout: 5000 }).catch(() => null);
  const before = await until(moment, "a table");
  await until(async () => (await moment()) > before, "a newer table");
  await close(live);
});

test("A host that died has no processes now, and its last ones are one click away", async () => {
  const page = await open(`#/hosts/app-01/processes?range=1h&t=${trace[0].timestamp}`, { expect: [/status of 404/] });
  // As the aggregator answers of a host that has been silent for ten intervals.
  await page.route(/processes\/at\?hostname=app-01$/, (route) => route.fulfill({ status: 404, json: { code: "no_data" } }));
  await page.getByRole("button", { name: "Now" }).click();
  await page.getByText("This host does not report its processes now").waitFor();
  assert.equal(await page.locator("[data-moment] tbody tr[data-key]").count(), 0);
  await page.getByRole("button", { name: "Show the last ones" }).click();
  const shown = () => page.locator("[data-moment]").getAttribute("data-moment", { timeout: 5000 }).catch(() => null);
  await until(async () => Math.abs(Date.parse(await shown()) / 1000 - trace.at(-1).time) < 0.01, "the last table");
  assertShows(await table(page), trace.at(-1).processes, trace.at(-1));
  await close(page);
});

test("Sorting, filtering and grouping", async () => {
  const { time, processes } = trace[5];
  const page = await open(`#/hosts/app-01/processes?range=1h&t=${new Date(time * 1000 + 1).toISOString()}&sort=-memory`);
  await page.locator("[data-moment] tbody tr[data-key]").first().waitFor();
  const memory = (await table(page)).map((r) => mebibytes(r[4]));
  assert.deepEqual(memory, memory.toSorted((a, b) => b - a));
  await page.getByRole("searchbox").fill("sleep");
  const sleeps = processes.filter((p) => p.name === "sleep");
  assert.ok(sleeps.length > 0);
  await until(async () => (await table(page)).filter((r) => r[0] === "sleep").length === sleeps.length, "the filter");
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "By name" }).click();
  await until(async () => (await table(page)).some((r) => r[0] === "sleep" && r[1] === String(sleeps.length)), "a group");
  assert.equal((await table(page)).length, new Set(processes.map((p) => p.name)).size);
  await close(page);
});

test("Two moments are compared: new, gone and restarted", async () => {
  const [before, after] = [trace[2], trace[12]];
  const at = (t) => new Date(t.time * 1000 + 1).toISOString();
  const page = await open(`#/hosts/app-01/processes?range=1h&t=${at(after)}&vs=${at(before)}&change=all&q=sleep`);
  const mine = (t) => t.processes.filter((p) => p.name === "sleep").map((p) => p.pid);
  const fresh = mine(after).filter((pid) => !mine(before).includes(pid));
  const ended = mine(before).filter((pid) => !mine(after).includes(pid));
  assert.ok(fresh.length > 0 && ended.length > 0);
  await page.locator("[data-moment] tbody tr[data-key]").first().waitFor();
  const rows = await table(page);
  // The same program of the same user came again as often as it ended.
  const restarted = rows.filter((r) => r[1].includes("restarted")).length;
  const created = rows.filter((r) => r[1].includes("new")).length;
  const gone = rows.filter((r) => r[1].includes("gone")).length;
  assert.equal(restarted, Math.min(fresh.length, ended.length));
  assert.equal(restarted + created, fresh.length);
  assert.equal(restarted + gone, ended.length);
  await close(page);
});

test("A process has its own history, and Esc closes it", async () => {
  const page = await open("#/hosts/web-01/processes?range=15m&q=chorus-agent&sort=pid");
  // Others may name it in their command lines.
  await page.locator("[data-moment] tbody tr[data-key]").filter({ has: page.getByText("chorus-agent", { exact: true }) }).first().click();
  const detail = page.getByRole("complementary");
  await detail.getByRole("heading", { name: "chorus-agent" }).waitFor();
  await detail.locator("canvas").first().waitFor();
  assert.match(page.url(), /p=\d+%40/);
  await page.keyboard.press("Escape");
  await detail.waitFor({ state: "detached" });
  await close(page);
});

test("A young host is compared with the earliest table there is", async () => {
  const page = await open("#/hosts/db-01/processes?range=24h");
  await page.locator("[data-moment]").waitFor();
  await page.getByRole("button", { name: "Compare with earlier" }).click();
  await page.waitForFunction(() => location.hash.includes("vs="));
  const { json } = await api("/api/v1/metrics/processes?hostname=db-01&order=asc&limit=1");
  const query = new URLSearchParams((await page.evaluate(() => location.hash)).split("?")[1]);
  assert.ok(Math.abs(Date.parse(query.get("vs")) - Date.parse(json[0].timestamp)) <= 1, query.get("vs"));
  await page.getByText(/^From /).waitFor();
  assert.equal(await page.getByText("No process table is stored").count(), 0);
  await close(page);
});
