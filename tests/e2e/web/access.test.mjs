import assert from "node:assert/strict";
import { test } from "node:test";
import { close, open, stage, until } from "./browser.mjs";

test("A server that wants a token asks for it, and the token is in no address", async () => {
  const page = await open("#/hosts", { base: stage.guarded, expect: [/status of 40[13]/] });
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("heading", { name: "Sign in" }).waitFor();
  await dialog.getByLabel("API token").fill("chr_viewer_wrong");
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.getByText("did not accept").waitFor();
  await dialog.getByLabel("API token").fill(stage.viewer);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("No host reports yet").waitFor();
  await page.reload();
  await page.getByText("No host reports yet").waitFor();
  await until(async () => /Live|Every/.test(await page.locator(".connection").innerText()), "a connection");
  assert.ok(asked.length > 0 && asked.every((url) => !url.includes(stage.viewer)));
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes("chr_")), false);
  await close(page);
});

test("What the role does not allow is said, not hidden", async () => {
  const page = await open("#/rules/new", { base: stage.guarded, expect: [/status of 40[13]/] });
  await page.getByLabel("API token").fill(stage.viewer);
  await page.getByRole("dialog").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByLabel("Name", { exact: true }).fill("Not allowed");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".notice").getByText("needs a token of the role operator").waitFor();
  await close(page);
});

test("Who is signed in is seen, and signing out forgets it all", async () => {
  const page = await open("#/rules", { base: stage.guarded, expect: [/status of 40[13]/] });
  const dialog = page.getByRole("dialog");
  await dialog.getByText("a token of the role viewer or higher").waitFor();
  await dialog.getByLabel("API token").fill(stage.operator);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".role").getByText("operator").waitFor();
  assert.match(await page.locator(".role").innerText(), /on-call/);
  await page.getByRole("button", { name: "Sign out" }).click();
  await dialog.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.locator(".role").count(), 0);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await close(page);
});

test("A rule is looked at without being asked to sign in, and saving it names the role", async () => {
  const page = await open("#/rules/new", { base: stage.readable, expect: [/status of 401/] });
  await page.locator(".role").getByText("viewer").waitFor();
  await page.getByRole("region", { name: "Backtest" }).getByText("role operator").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.getByLabel("Name", { exact: true }).fill("Not yet");
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("a token of the role operator or higher").waitFor();
  await dialog.getByText("--role operator").waitFor();
  await dialog.getByRole("button", { name: "Not now" }).click();
  await page.getByRole("button", { name: "Save" }).click(); // who asks again is asked again
  await dialog.waitFor();
  await close(page);
});

test("The commands that add a host hold a token that enrols one", async () => {
  const page = await open("#/system", { base: stage.guarded, expect: [/status of 40[13]/] });
  await page.getByLabel("API token").fill(stage.admin);
  await page.getByRole("dialog").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Add a host" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Add a host" });
  await dialog.getByLabel("Name of the host").fill("new-01");
  await dialog.getByRole("button", { name: "Make a token", exact: true }).click();
  await dialog.getByText("not shown again").waitFor();
  const port = new URL(stage.guarded).port; // of loopback: another machine reaches it through a tunnel
  await dialog.getByText(`ssh -N -R ${port}:127.0.0.1:${port} new-01`).waitFor();
  const [, token, server] = /echo '(\S+)' \| chorus-agent enroll (\S+) -/.exec(await dialog.innerText());
  assert.equal(server, stage.guarded);
  const enrol = () =>
    fetch(`${server}/api/v1/agents/enroll`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ hostname: "new-01" }),
    });
  assert.equal((await enrol()).status, 201);
  assert.equal((await enrol()).status, 401);
  await close(page);
});
