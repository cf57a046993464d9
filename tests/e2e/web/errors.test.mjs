// A panel that cannot draw what it got: an error in its place, and nothing else is touched.
import assert from "node:assert/strict";
import { test } from "node:test";
import { close, open, stage } from "./browser.mjs";

const PAGES = ["Hosts", "Services", "Alerts", "Rules", "System"];

// Answers of that address become something that no page can draw.
const spoil = (page, address) => page.route(address, (route) => route.fulfill({ json: [null] }));

async function visitAll(page) {
  for (const name of PAGES) {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
    await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    await page.locator("main table tbody tr").first().waitFor();
    assert.equal(await page.locator("[data-failed]").count(), 0, name);
  }
}

test("A panel that throws says so in its place, and every other page works", async () => {
  const page = await open("#/system", { expect: [/TypeError/] });
  await spoil(page, "**/transitions*");
  await page.goto(page.url().replace(/#.*/, `#/alerts/${stage.alerts["CPU is busy"]}`));
  const failed = page.getByRole("alert").filter({ hasText: "The history cannot be shown" });
  await failed.getByText("TypeError").waitFor();
  await page.getByRole("region", { name: "Details" }).waitFor();
  await page.getByRole("region", { name: "Processes when it fired" }).waitFor();
  assert.equal(await page.locator("[data-failed]").count(), 1);
  await page.unroute("**/transitions*");
  await visitAll(page);
  await page.goBack();
  await close(page);
});

test("Trying again fetches and draws a panel anew", async () => {
  const page = await open("#/system", { expect: [/TypeError/] });
  await spoil(page, "**/transitions*");
  await page.goto(page.url().replace(/#.*/, `#/alerts/${stage.alerts["CPU is busy"]}`));
  const again = page.locator("[data-failed]").getByRole("button", { name: "Try again" });
  await again.waitFor();
  await page.unroute("**/transitions*");
  await again.click();
  await page.getByRole("region", { name: "History" }).getByText("created").waitFor();
  assert.equal(await page.locator("[data-failed]").count(), 0);
  await close(page);
});

test("Alerts that cannot be read leave the way to every page open", async () => {
  const page = await open("#/nothing", { expect: [/TypeError/] });
  await spoil(page, "**/api/v1/alerts?status=*");
  await page.reload();
  for (const name of PAGES) {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
    await page.waitForFunction((word) => location.hash === `#/${word}`, name.toLowerCase());
  }
  await page.getByRole("heading", { level: 1, name: "System" }).waitFor();
  await close(page);
});
