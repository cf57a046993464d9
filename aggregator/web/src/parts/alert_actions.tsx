// Acknowledge, resolve, reopen and silence, each with a comment.
import { useState } from "preact/hooks";
import { send } from "../lib/api";
import { hostOf } from "../lib/fleet";
import { alertTurn } from "../lib/live";
import { iso } from "../lib/time";
import type { Alert } from "../lib/schema";
import { Dialog } from "./dialog";
import { NameField, signature } from "./name_field";
import { explain } from "./states";
import { say } from "./toast";

type Action = "acknowledge" | "resolve" | "reopen" | "silence";
const WORDS: Record<Action, { verb: string; done: string; hint: string }> = {
  acknowledge: { verb: "Acknowledge", done: "Acknowledged", hint: "Tells others that somebody looks after it." },
  resolve: { verb: "Resolve", done: "Resolved", hint: "Closes it. Should it still be true, its rule opens a new one." },
  reopen: { verb: "Reopen", done: "Reopened", hint: "Makes it active again." },
  silence: { verb: "Silence", done: "Silenced", hint: "Alerts like this one are kept but tell nobody until then." },
};
const SIGNED: Partial<Record<Action, string>> = { acknowledge: "acknowledged_by", resolve: "resolved_by" };
const STATES = { acknowledge: "acknowledged", resolve: "resolved", reopen: "active" } as const;

const DURATIONS: [hours: number, label: string][] = [[1, "1 hour"], [4, "4 hours"], [24, "1 day"], [168, "1 week"]];

function actionsFor(alert: Alert): Action[] {
  if (alert.status === "resolved") return ["reopen"];
  return alert.status === "acknowledged" ? ["resolve", "silence"] : ["acknowledge", "resolve", "silence"];
}

export function AlertActions({ alert, done }: { alert: Alert; done: () => void }) {
  const [open, setOpen] = useState<Action | null>(null);
  return (
    <>
      {actionsFor(alert).map((action, i) => (
        <button type="button" key={action} class={i === 0 ? "primary" : ""} onClick={() => setOpen(action)}>{WORDS[action].verb}</button>
      ))}
      {open && (
        <ActionDialog
          alert={alert}
          action={open}
          onClose={() => setOpen(null)}
          done={() => {
            setOpen(null);
            say(`${WORDS[open].done}: ${alert.summary}`);
            alertTurn.value++;
            done();
          }}
        />
      )}
    </>
  );
}

interface DialogProps {
  alert: Alert;
  action: Action;
  onClose: () => void;
  done: () => void;
}

function ActionDialog({ alert, action, onClose, done }: DialogProps) {
  const [comment, setComment] = useState("");
  const [hours, setHours] = useState(4);
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const { verb, hint } = WORDS[action];
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      if (action === "silence") await send("POST", ["silences"], silenceFor(alert, hours, comment));
      else await send("PATCH", ["alerts", alert.id], { status: STATES[action], ...(comment ? { comment } : {}), ...(SIGNED[action] ? signature(SIGNED[action]) : {}) });
      done();
    } catch (cause) {
      setFault(explain(cause));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`${verb}: ${alert.summary}`} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p class="muted">{hint}</p>
        {action === "silence" && (
          <div class="field">
            <label for="hours">For</label>
            <select id="hours" value={hours} onChange={(e) => setHours(Number(e.currentTarget.value))}>
              {DURATIONS.map(([n, label]) => <option key={n} value={n}>{label}</option>)}
            </select>
          </div>
        )}
        <div class="field">
          <label for="comment">Comment{action === "silence" ? "" : " (may be left out)"}</label>
          <textarea id="comment" rows={3} maxLength={2000} autofocus required={action === "silence"} value={comment} onInput={(e) => setComment(e.currentTarget.value)} />
        </div>
        <NameField />
        {fault && <p class="fault" role="alert">{fault}</p>}
        <div class="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary" disabled={busy}>{verb}</button>
        </div>
      </form>
    </Dialog>
  );
}

// The same rule on the same host; without a rule, the same source.
function silenceFor(alert: Alert, hours: number, comment: string) {
  const host = hostOf(alert);
  const matchers = alert.rule_id ? { rule_id: alert.rule_id, ...(host ? { hostname: host } : {}) } : { source: alert.source };
  const now = Date.now() / 1000;
  return { matchers, starts_at: iso(now), ends_at: iso(now + hours * 3600), comment, ...signature("created_by") };
}
