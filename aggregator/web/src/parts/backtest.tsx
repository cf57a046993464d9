// What the rule would have done: the server runs it over stored data while it is being written.
import { useEffect, useState } from "preact/hooks";
import { ApiError, askForToken, send, token, type FieldError } from "../lib/api";
import { duration } from "../lib/format";
import { href } from "../lib/router";
import { bodyOf, type RuleDraft } from "../lib/rules";
import type { Backtest as Backtested } from "../lib/schema";
import { parseTime } from "../lib/time";
import { When } from "./marks";
import { explain } from "./states";
import { guarded } from "./guard";

interface Props {
  draft: RuleDraft;
  words: string;
  onFaults: (faults: FieldError[]) => void;
}

const PAUSE_MS = 700; // of typing

export const Backtest = guarded("The backtest", function Backtest({ draft, words, onFaults }: Props) {
  const [result, setResult] = useState<Backtested | null>(null);
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const [signedOut, setSignedOut] = useState(false);
  const asked = JSON.stringify([draft.rule_type, draft.condition, draft.cooldown_minutes, token.value]);
  useEffect(() => {
    let wanted = true;
    const timer = setTimeout(async () => {
      setBusy(true);
      try {
        const answer = await send("POST", ["alert-rules", "test"], bodyOf({ ...draft, name: draft.name || "new rule" }), true);
        if (!wanted) return;
        setResult(answer);
        setSignedOut(false);
        setTrouble("");
        onFaults([]);
      } catch (cause) {
        if (!wanted) return;
        const error = cause instanceof ApiError ? cause : new ApiError(0, String(cause));
        setResult(null);
        setSignedOut(error.status === 401);
        if (error.status === 422) onFaults(error.fields);
        setTrouble(error.status === 422 ? "Complete the condition to see what it would have done." : error.status === 401 ? "Those with the role operator see here what it would have done." : explain(error));
      } finally {
        if (wanted) setBusy(false);
      }
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [asked]);

  const firings = result?.firings ?? [];
  const times = result?.total ?? 0;
  return (
    <section class="panel sticky" aria-label="Backtest" aria-busy={busy}>
      <header><h2>Backtest</h2></header>
      <div class="body stack">
        <p class="wrap">{words}</p>
        {trouble && <p class="muted">{trouble}</p>}
        {signedOut && <button type="button" onClick={() => askForToken("operator")}>Sign in</button>}
        {result && (
          <p role="status"><strong>{times === 0 ? "It would not have fired" : `It would have fired ${times} ${times === 1 ? "time" : "times"}`}</strong> in the last {result.days} days{times > 0 ? `: ${Math.round(result.pages_per_week * 10) / 10} a week` : ""}.</p>
        )}
        {firings.length > 0 && (
          <ul class="timeline">
            {firings.slice(0, 30).map((f, i) => {
              const from = parseTime(f.fired_at);
              const to = parseTime(f.resolved_at);
              return (
                <li key={i} title={f.description}>
                  {f.hostname ? <a href={href(["hosts", f.hostname, "processes"], { t: f.fired_at })}>{f.hostname}</a> : f.source}{" "}
                  <span class="muted"><When at={from} exact />{from !== null && to !== null ? `, for ${duration(to - from)}` : ""}</span>
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </section>
  );
});
