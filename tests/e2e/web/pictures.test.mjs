// The pictures of the README: what two agents on this machine told, and the alert that a process fired.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { api, close, open, row, stage, until } from "./browser.mjs";

const SHOTS = process.env.CHORUS_WEB_SHOTS;
const SIZE = { width: 1440, height: 900 };

// Leaves the alerts that rules opened; those of other tests are ended.
async function tidy() {
  const mine = new Set(Object.values(stage.alerts));
  for (const { id } of (await api("/api/v1/alerts?status=active,acknowledged&limit=1000")).json) {
    if (!mine.has(id)) await api(`/api/v1/alerts/${id}`, { method: "PATCH", body: { status: "resolved" } });
  }
}

async function take(name, page) {
  const picture = await page.screenshot(SHOTS ? { path: `${SHOTS}/${name}.png` } : {});
  assert.ok(picture.length > 10_000, name);
  await close(page);
}

test("Fleet, host, processes and an alert with its culprits", async () => {
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  await tidy();
  const fleet = await open("#/hosts", SIZE);
  await row(fleet, "cache-01").waitFor();
  await until(async () => !(await fleet.locator("main").innerText()).includes("A test alert"), "the alerts of rules alone");
  await take("fleet", fleet);

  const { first_seen } = (await api("/api/v1/hosts/web-01")).json;
  const range = `from=${first_seen}&to=${new Date().toISOString()}`;
  const host = await open(`#/hosts/web-01?${range}`, SIZE);
  for (const chart of ["cpu", "memory"]) await host.locator(`[data-chart=${chart}][data-loaded] canvas`).waitFor();
  await take("host", host);

  const { context } = (await api(`/api/v1/alerts/${stage.alerts["CPU is busy"]}`)).json;
  const processes = await open(`#/hosts/web-01/processes?${range}&t=${context.process_table_at.replace("Z", "999Z")}`, SIZE);
  await processes.locator("[data-moment] tbody tr[data-key]").filter({ hasText: stage.burner.name }).first().waitFor();
  await processes.locator("[data-chart=shape][data-loaded] canvas").waitFor();
  await take("processes", processes);

  const alert = await open(`#/alerts/${stage.alerts["CPU is busy"]}`, SIZE);
  await alert.getByRole("region", { name: "Processes when it fired" }).getByText(stage.burner.name).first().waitFor();
  await alert.getByRole("region", { name: "History" }).getByText("created").waitFor();
  await take("alert", alert);
});
