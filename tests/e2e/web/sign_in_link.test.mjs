import assert from "node:assert/strict";
import { test } from "node:test";
import { close, control, open, stage } from "./browser.mjs";

const signedIn = (page) => page.getByText("No host reports yet").waitFor();
const stored = (page) => page.evaluate(() => JSON.stringify([sessionStorage, localStorage]));

test("A link signs in once, and leaves nothing in the address, the history or a request", async () => {
  const link = await control("sign-in-link", "first");
  const token = link.slice("sign-in=".length);
  assert.match(token, /^chr_signin_/);
  const page = await open("#/hosts", { base: stage.guarded, expect: [/status of 40[13]/] });
  const asked = [];
  page.on("request", (request) => asked.push(request.url() + (request.postData() ?? "")));
  await page.goto("about:blank");
  await page.goto(`${stage.guarded}/ui/#${link}`);
  await signedIn(page);
  assert.equal(await page.evaluate(() => location.hash), "#/hosts");
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.ok(asked.some((url) => url.endsWith("/api/v1/sessions")));
  assert.ok(asked.every((url) => !url.includes("chr_")), asked.join("\n"));
  const kept = await stored(page);
  assert.ok(kept.includes("chr_admin_") && !kept.includes(token));
  await page.reload();
  await signedIn(page);
  await page.goBack();
  assert.ok(!page.url().includes("chr_"));
  await close(page);
});

test("A link opened in a tab that is there signs it in", async () => {
  const page = await open("#/hosts", { base: stage.guarded, expect: [/status of 40[13]/] });
  await page.getByRole("dialog").getByRole("heading", { name: "Sign in" }).waitFor();
  const link = await control("sign-in-link", "second");
  await page.evaluate((hash) => (location.hash = hash), link);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await signedIn(page);
  assert.equal(await page.evaluate(() => location.hash), "#/hosts");
  await close(page);
});

test("A link that was used says so and signs nobody in", async () => {
  const link = await control("sign-in-link", "third");
  const first = await open(`#${link}`, { base: stage.guarded });
  await signedIn(first);
  const page = await open(`#${link}`, { base: stage.guarded, expect: [/status of 40[13]/] });
  await page.getByText("was used before or has ended").waitFor();
  assert.equal(await page.evaluate(() => location.hash), "#/hosts");
  assert.equal((await stored(page)).includes("chr_"), false);
  await close(page);
  await close(first);
});

test("Signing out ends the session for good", async () => {
  const page = await open(`#${await control("sign-in-link", "fourth")}`, { base: stage.guarded, expect: [/status of 40[13]/] });
  await signedIn(page);
  const token = await page.evaluate(() => sessionStorage.getItem("chorus.token"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").getByRole("heading", { name: "Sign in" }).waitFor();
  const answer = await fetch(`${stage.guarded}/api/v1/me`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 401);
  await close(page);
});
