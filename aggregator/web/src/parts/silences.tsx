// Silences: which there are, ending one, and a new one for a maintenance window.
import { useState } from "preact/hooks";
import { get, send } from "../lib/api";
import { alertTurn } from "../lib/live";
import { useResource } from "../lib/resource";
import type { Silence } from "../lib/schema";
import { iso } from "../lib/time";
import { Dialog } from "./dialog";
import { Status, When } from "./marks";
import { NameField, signature } from "./name_field";
import { PlainTable } from "./plain_table";
import { Empty, explain, Loaded } from "./states";
import { say } from "./toast";
import { guarded } from "./guard";

const PHASES: Record<Silence["state"], [tone: "warn" | "off", text: string]> = {
  active: ["warn", "silent now"],
  pending: ["off", "to come"],
  idle: ["off", "between its times"],
  expired: ["off", "ended"],
};

const text = (matchers: Record<string, unknown>) =>
  Object.entries(matchers)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name.replace(/_/g, " ")} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(", ");

export const Silences = guarded("The silences", function Silences() {
  const [adding, setAdding] = useState(false);
  const loaded = useResource(`silences\n${alertTurn.value}`, (signal) => get(["silences"], {}, signal), 30);
  const end = async (silence: Silence) => {
    try {
      await send("PATCH", ["silences", silence.id], { expire: true });
      say("The silence has ended");
    } catch (cause) {
      say(explain(cause));
    }
    alertTurn.value++;
  };
  return (
    <>
      <div class="toolbar">
        <p class="muted">While a silence lasts, alerts that fit it are kept but tell nobody.</p>
        <button type="button" class="primary" onClick={() => setAdding(true)}>New silence</button>
      </div>
      <div class="panel">
        <Loaded from={loaded} what="silences">
          {(silences) =>
            silences.length === 0 ? (
              <Empty title="Nothing is silenced">Silence an alert on its page, or plan one for a maintenance window.</Empty>
            ) : (
              <PlainTable
                caption="Silences"
                heads={[["Fits", "clip"], ["State"], ["Until", "p2"], ["Comment", "p3 clip"], ["By", "p3"], [""]]}
                rows={silences.map((silence) => {
                  const [tone, word] = PHASES[silence.state];
                  return {
                    key: silence.id,
                    cells: [
                      <span title={text(silence.matchers)}>{text(silence.matchers)}</span>,
                      <Status tone={tone} text={word} />,
                      silence.ends_at ? <When at={silence.ends_at} exact /> : "no end",
                      <span title={silence.comment}>{silence.comment}</span>,
                      silence.created_by,
                      silence.state !== "expired" && <button type="button" class="quiet" onClick={() => void end(silence)}>End now</button>,
                    ],
                  };
                })}
              />
            )
          }
        </Loaded>
      </div>
      {adding && <NewSilence onClose={() => setAdding(false)} />}
    </>
  );
});

function NewSilence({ onClose }: { onClose: () => void }) {
  const [hostname, setHostname] = useState("");
  const [hours, setHours] = useState(2);
  const [comment, setComment] = useState("");
  const [fault, setFault] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    const now = Date.now() / 1000;
    try {
      await send("POST", ["silences"], { matchers: { hostname }, starts_at: iso(now), ends_at: iso(now + hours * 3600), comment, ...signature("created_by") });
      say("Silenced");
      alertTurn.value++;
      onClose();
    } catch (cause) {
      setFault(explain(cause));
    }
  };
  return (
    <Dialog title="New silence" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <div class="field">
          <label for="silence-host">Hosts</label>
          <input id="silence-host" required autofocus placeholder="web-*" value={hostname} onInput={(e) => setHostname(e.currentTarget.value)} />
          <span class="hint">A name; * stands for any text.</span>
        </div>
        <div class="field">
          <label for="silence-hours">Hours from now</label>
          <input id="silence-hours" type="number" min={0.1} step="any" max={8760} required value={hours} onInput={(e) => setHours(Number(e.currentTarget.value))} />
        </div>
        <div class="field">
          <label for="silence-comment">Comment</label>
          <textarea id="silence-comment" rows={2} required maxLength={2000} value={comment} onInput={(e) => setComment(e.currentTarget.value)} />
        </div>
        <NameField />
        {fault && <p class="fault" role="alert">{fault}</p>}
        <div class="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary">Silence</button>
        </div>
      </form>
    </Dialog>
  );
}
