// A browser, pages that watch themselves, and the API beside them.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

export const stage = JSON.parse(process.env.CHORUS_WEB_STAGE);
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHORUS_CHROMIUM, args: FLAGS });
});
after(() => browser.close());

export async function open(hash, { base = stage.base, theme = "light", width = 1440, height = 900, expect = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.faults = [];
  const note = (text) => {
    if (!expect.some((pattern) => pattern.test(text))) page.faults.push(text);
  };
  page.on("console", (message) => message.type() === "error" && note(`console: ${message.text()} ${message.location().url}`));
  page.on("pageerror", (error) => note(`exception: ${error.stack}`));
  page.on("dialog", (dialog) => {
    note(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
  });
  await page.goto(`${base}/ui/${hash}`);
  return page;
}

// Ends a page; whatever went wrong on it unseen fails the test.
export async function close(page) {
  assert.equal(await page.evaluate(() => window.probed), undefined, "a name of a host was run as code");
  await page.context().close();
  assert.deepEqual(page.faults, []);
}

export async function api(path, { method = "GET", body, base = stage.base } = {}) {
  const response = await fetch(base + path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  return { status: response.status, json: text ? JSON.parse(text) : null };
}

export async function control(action, argument = "") {
  const response = await fetch(`${stage.control}/${action}/${argument}`, { method: "POST" });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

export async function until(condition, what, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert.ok(Date.now() < deadline, `${what} was not reached within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const row = (page, key) => page.locator(`tr[data-key="${key}"]`);

export async function newAlert(fields = {}) {
  const answer = await api("/api/v1/alerts", {
    method: "POST",
    body: { alert_type: "test", severity: "high", source: "test:web", title: "A test alert", ...fields },
  });
  assert.equal(answer.status, 201);
  return answer.json;
}
