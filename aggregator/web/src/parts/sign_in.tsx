// Asked for when the API answers 401. The token stays in this tab and is never part of an address.
import { useState } from "preact/hooks";
import { decline, token, useToken, wantsToken } from "../lib/api";
import { Dialog } from "./dialog";

export function SignIn() {
  const [value, setValue] = useState("");
  const role = wantsToken.value ?? "viewer";
  return (
    <Dialog title="Sign in" onClose={decline}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (value.trim()) useToken(value.trim());
        }}
      >
        <p>
          {token.value && "The server did not accept this token. "}
          This needs a token of the role <strong>{role}</strong>{role !== "admin" && " or higher"}.
          An administrator makes one with <code>chorus-aggregator token create --role {role} --name you</code>.
        </p>
        <div class="field">
          <label for="token">API token</label>
          <input id="token" type="password" autocomplete="off" spellcheck={false} autofocus value={value} onInput={(e) => setValue(e.currentTarget.value)} />
          <span class="hint">Kept until this tab is closed.</span>
        </div>
        <div class="actions">
          <button type="button" onClick={decline}>Not now</button>
          <button type="submit" class="primary" disabled={!value.trim()}>Sign in</button>
        </div>
      </form>
    </Dialog>
  );
}
