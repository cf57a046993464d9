// The finished commands that add a host. The token is shown once and kept nowhere.
import { useState } from "preact/hooks";
import { ApiError, send } from "../lib/api";
import { Dialog } from "./dialog";
import { explain } from "./states";
import { say } from "./toast";

// A name of a host and of its token file; nothing else goes into a command line.
const safe = (name: string) => name.replace(/[^A-Za-z0-9._-]/g, "-").replace(/^-+/, "") || "web-01";

export function AddHost({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [token, setToken] = useState("");
  const [fault, setFault] = useState("");
  const host = safe(name.trim());
  const here = location.origin;
  const lone = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  const plain = location.protocol === "http:" && !lone;

  const make = async () => {
    setFault("");
    try {
      const made = await send("POST", ["tokens"], { role: "enrol", name: host });
      setToken(made.token);
    } catch (cause) {
      setFault(
        cause instanceof ApiError && (cause.status === 404 || cause.status === 405)
          ? "This server makes tokens on its command line only: see the first command below."
          : cause instanceof ApiError && cause.status === 403
            ? "Only an administrator’s token makes tokens here. Somebody with access to the server can use the first command below."
            : explain(cause),
      );
    }
  };
  const makeCommand = `chorus-aggregator token create --role enrol --name ${host}`;
  // Not as an argument: those are for every user of the machine to see.
  const enroll = `echo '${token || "TOKEN"}' | chorus-agent enroll ${here} -${plain ? " --insecure-http" : ""}`;
  const port = location.port || (location.protocol === "https:" ? "443" : "80");
  const tunnel = `ssh -N -R ${port}:${location.hostname}:${port} ${host}`;
  const run = "systemctl enable --now chorus-agent\nchorus-agent status";

  return (
    <Dialog title="Add a host" onClose={onClose}>
      <div class="field">
        <label for="new-host">Name of the host</label>
        <input id="new-host" autofocus placeholder="web-01" value={name} onInput={(e) => setName(e.currentTarget.value)} spellcheck={false} />
        <span class="hint">Names its token. The agent reports under the name that the host itself has.</span>
      </div>
      <div class="actions start">
        <button type="button" class="primary" disabled={!name.trim() || token !== ""} onClick={() => void make()}>Make a token</button>
        {token && <span class="muted">It is in the command below, good for one host and 24 hours, and not shown again.</span>}
      </div>
      {fault && <p role="alert">{fault}</p>}
      {!token && <Command title="1. On the server: make a token that enrols one host" text={makeCommand} />}
      <Command title={`${token ? 1 : 2}. On ${host}, as root: fetch the host’s own token`} text={enroll} />
      <Command title={`${token ? 2 : 3}. On ${host}: start the agent, and see whether data arrives`} text={run} />
      {lone && <p class="muted">{here} is an address of this machine alone. To add another one, run this first: <code>{tunnel}</code></p>}
      {plain && <p class="muted">This page came over plain HTTP, so the token would travel unprotected. Put a proxy that speaks TLS before the server.</p>}
      <div class="actions"><button type="button" onClick={onClose}>Done</button></div>
    </Dialog>
  );
}

function Command({ title, text }: { title: string; text: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      say("This browser does not allow copying; please select the text");
    }
  };
  return (
    <div class="field">
      <span class="label">{title}</span>
      <div class="copy">
        <pre tabIndex={0}>{text}</pre>
        <button type="button" onClick={() => void copy()} aria-label={`Copy: ${title}`}>Copy</button>
      </div>
    </div>
  );
}
