import assert from "node:assert/strict";
import { test } from "node:test";
import { api, close, newAlert, open, until } from "./browser.mjs";

// Pixels of a chart that are neither transparent nor grey.
const coloured = (page, chart) =>
  page.locator(`[data-chart=${chart}] canvas`).evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const spread = Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]);
      if (data[i + 3] > 100 && spread > 40) ++count;
    }
    return count;
  });

test("Charts are drawn, and their tables hold the numbers of the API", async () => {
  const to = new Date(Math.floor(Date.now() / 1000 - 60) * 1000).toISOString();
  const from = new Date(Date.parse(to) - 3 * 3600_000).toISOString();
  const page = await open(`#/hosts/mail-01?from=${from}&to=${to}`);
  await page.locator("[data-chart=cpu][data-loaded]").waitFor();
  await until(async () => (await coloured(page, "cpu")) > 300, "a line");
  await page.locator("[data-chart=cpu] summary").click();
  await page.locator("[data-chart=cpu] tr[data-time]").first().waitFor(); // made when it opens
  const shown = await page.locator("[data-chart=cpu] tr[data-time]").evaluateAll((rows) =>
    rows.map((r) => [Number(r.dataset.time), [...r.querySelectorAll("[data-value]")].map((c) => Number(c.dataset.value))]));
  const points = 362; // what the page asks for
  const { json } = await api(`/api/v1/dashboard/metrics/series?hostname=mail-01&metric_type=cpu_usage_percent&start=${from}&end=${to}&max_points=${points}`);
  const expected = json.t.map((t, i) => [t, json.series[0].avg[i]]).filter(([, v]) => v !== null).reverse();
  assert.ok(expected.length > 200);
  assert.deepEqual(shown.map(([t, values]) => [t, values[0]]), expected);
  await close(page);
});

test("A gap in the data is a gap in the line", async () => {
  const page = await open("#/hosts/mail-01?range=6h");
  await page.locator("[data-chart=cpu][data-loaded]").waitFor();
  await until(async () => (await coloured(page, "cpu")) > 100, "a line");
  // The columns of pixels that a line crosses: one stretch, a hole of twenty minutes, another stretch.
  const stretches = await page.locator("[data-chart=cpu] canvas").evaluate((canvas) => {
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const hit = Array.from({ length: width }, (_, x) => {
      for (let y = 0; y < height; ++y) {
        const i = 4 * (y * width + x);
        if (data[i + 3] > 100 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 40) return 1;
      }
      return 0;
    });
    return hit.join("").split(/0{8,}/).filter((part) => part.length > 10).length;
  });
  assert.equal(stretches, 2);
  await close(page);
});

test("Dragging on a chart zooms every chart, and back undoes it", async () => {
  const page = await open("#/hosts/mail-01?range=6h");
  await page.locator("[data-chart=cpu][data-loaded]").waitFor();
  const box = await page.locator("[data-chart=cpu] .u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 30, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => /from=.*to=/.test(location.hash));
  const query = new URLSearchParams((await page.evaluate(() => location.hash)).split("?")[1]);
  const span = (Date.parse(query.get("to")) - Date.parse(query.get("from"))) / 3600_000;
  assert.ok(Math.abs(span - 6 * 0.3) < 0.2, `zoomed to ${span} h`);
  await page.goBack();
  await page.waitForFunction(() => location.hash.includes("range=6h"));
  await close(page);
});

test("Cursors move together, and a click leads to the processes of that moment", async () => {
  const page = await open("#/hosts/mail-01?range=1h");
  await page.locator("[data-chart=load][data-loaded]").waitFor();
  const box = await page.locator("[data-chart=cpu] .u-over").boundingBox();
  const at = { x: box.x + box.width * 0.8, y: box.y + 40 };
  await page.mouse.move(at.x, at.y);
  await until(async () => (await page.locator("[data-chart=load] .legend li").count()) > 1, "a moment in the other chart's legend");
  await page.mouse.click(at.x, at.y);
  await page.waitForFunction(() => /processes\?.*t=/.test(location.hash));
  await page.locator("[data-moment]").waitFor();
  await close(page);
});

test("Alerts of the host are on its page", async () => {
  const alert = await newAlert({ title: "Marked on the chart", hostname: "mail-01", source: "system:mail-01" });
  const page = await open("#/hosts/mail-01?range=1h");
  await page.getByRole("region", { name: "Active alerts" }).getByText("Marked on the chart").first().click();
  await page.waitForFunction((id) => location.hash.includes(id), alert.id);
  await close(page);
});
