import assert from "node:assert/strict";
import { test } from "node:test";
import { close, open, stage, until } from "./support.mjs";

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
  await page.locator(".notice").getByText("role does not allow").waitFor();
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
