// The editor of one rule. The server judges the fields; its words stand at the field they concern.
import { useEffect, useState } from "preact/hooks";
import { ApiError, get, send, type FieldError } from "../lib/api";
import { useCatalogue } from "../lib/catalogue";
import { useResource } from "../lib/resource";
import { go, href, route } from "../lib/router";
import { bodyOf, CONDITION_FIELDS, emptyRule, inWords, TYPES, type RuleDraft, type RuleType } from "../lib/rules";
import { SEVERITIES, type Rule, type Severity } from "../lib/schema";
import { Backtest } from "../parts/backtest";
import { Dialog } from "../parts/dialog";
import { Field, SelectField, TextField } from "../parts/fields";
import { Empty, explain, Loaded } from "../parts/states";
import { say } from "../parts/toast";

export function RulePage() {
  const id = route.value.path[1]!;
  const loaded = useResource(id === "new" ? null : id, (signal) => get(["alert-rules", id], {}, signal));
  if (id === "new") return <Editor rule={null} />;
  if (loaded.error?.status === 404 || loaded.error?.status === 422) {
    return <div class="panel"><Empty title="There is no such rule"><a href={href(["rules"])}>To the rules</a></Empty></div>;
  }
  return <Loaded from={loaded} what="the rule">{(rule) => <Editor key={rule.id} rule={rule} />}</Loaded>;
}

const BODY_FIELDS: (keyof RuleDraft)[] = ["name", "description", "rule_type", "condition", "severity", "notification_channels", "cooldown_minutes", "is_active"];
const draftOf = (rule: Rule): RuleDraft => Object.fromEntries(BODY_FIELDS.map((name) => [name, rule[name]])) as unknown as RuleDraft;

function Editor({ rule }: { rule: Rule | null }) {
  const [draft, setDraft] = useState<RuleDraft>(rule ? draftOf(rule) : emptyRule("system_metric"));
  const [faults, setFaults] = useState<FieldError[]>([]);
  const [trouble, setTrouble] = useState("");
  const [deleting, setDeleting] = useState(false);
  const catalogue = useCatalogue();
  const metric = catalogue.find((m) => m.metric_type === draft.condition.metric_type);
  const change = (patch: Partial<RuleDraft>) => setDraft((old) => ({ ...old, ...patch }));
  const setCondition = (name: string, value: unknown) =>
    setDraft((old) => {
      const condition = { ...old.condition, [name]: value };
      if (value === undefined || value === "") delete condition[name];
      return { ...old, condition };
    });
  const faultAt = (field: string) => faults.filter((f) => f.field === field || f.field.startsWith(`${field}.`)).map((f) => f.message).join("; ");

  const save = async (event: Event) => {
    event.preventDefault();
    setTrouble("");
    try {
      if (rule) {
        const { rule_type: _fixed, ...body } = draft; // the type of a rule stays
        await send("PATCH", ["alert-rules", rule.id], bodyOf(body));
      } else await send("POST", ["alert-rules"], bodyOf(draft));
      say("The rule is saved");
      go(["rules"]);
    } catch (cause) {
      const error = cause instanceof ApiError ? cause : new ApiError(0, String(cause));
      setFaults(error.status === 409 ? [{ field: "name", message: error.message }] : error.fields);
      setTrouble(error.fields.length > 0 || error.status === 409 ? "Please correct the marked fields." : explain(error));
    }
  };
  useEffect(() => {
    if (trouble) document.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [faults]);

  const fields = CONDITION_FIELDS[draft.rule_type];
  const field = (spec: (typeof fields)[number]) => {
    const value = draft.condition[spec.name];
    const common = { id: `c-${spec.name}`, label: spec.label, fault: faultAt(`condition.${spec.name}`) };
    if (spec.kind === "choice") {
      return <SelectField key={spec.name} {...common} hint={spec.hint} options={spec.options!} value={String(value ?? spec.initial ?? "")} onChange={(v) => setCondition(spec.name, v)} />;
    }
    const hint = spec.name === "metric_type" ? metric?.meaning : spec.name === "threshold" && metric ? `in ${metric.unit.replace(/_/g, " ")}` : spec.hint;
    return (
      <TextField
        key={spec.name} {...common} hint={hint} number={spec.kind === "number"} list={spec.name === "metric_type" ? "metrics" : undefined}
        value={value === undefined || value === null ? "" : String(value)}
        onInput={(text) => setCondition(spec.name, spec.kind === "number" && text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text)}
      />
    );
  };
  return (
    <form class="stack" onSubmit={save} noValidate>
      <div class="head">
        <h1>{rule ? rule.name : "New rule"}</h1>
        <div class="end">
          {rule && <button type="button" class="danger" onClick={() => setDeleting(true)}>Delete</button>}
          <a class="button" href={href(["rules"])}>Cancel</a>
          <button type="submit" class="primary">Save</button>
        </div>
      </div>
      {trouble && <div class="notice bad" role="alert">{trouble}{faults.filter((f) => f.field === "").map((f) => ` ${f.message}`)}</div>}
      {rule?.last_error && <div class="notice bad">It could not be judged: {rule.last_error}</div>}
      <div class="split">
        <div class="stack">
          <section class="panel" aria-label="The rule">
            <div class="body form">
              <TextField id="name" label="Name" value={draft.name} fault={faultAt("name")} onInput={(name) => change({ name })} />
              <SelectField id="severity" label="Severity" value={draft.severity} fault={faultAt("severity")} options={SEVERITIES.map((s) => [s, s])} onChange={(v) => change({ severity: v as Severity })} />
              <TextField id="description" label="What to do" hint="Told with the alert" wide value={draft.description ?? ""} fault={faultAt("description")} onInput={(text) => change({ description: text || null })} />
            </div>
          </section>
          <section class="panel" aria-label="Condition">
            <header><h2>Fires when</h2></header>
            <div class="body form">
              <SelectField
                id="type" label="It watches" wide value={draft.rule_type} fault={faultAt("rule_type")} options={TYPES} disabled={rule !== null}
                onChange={(v) => setDraft((old) => ({ ...emptyRule(v as RuleType), name: old.name, description: old.description, severity: old.severity, notification_channels: old.notification_channels }))}
              />
              {fields.filter((f) => !f.more).map(field)}
              {faults.some((f) => f.field === "condition") && <p class="fault wide" role="alert">{faultAt("condition")}</p>}
            </div>
            <details class="more" open={fields.some((f) => f.more && draft.condition[f.name] !== undefined && f.initial === undefined) || undefined}>
              <summary>More conditions</summary>
              <div class="body form">{fields.filter((f) => f.more).map(field)}</div>
            </details>
            <datalist id="metrics">{catalogue.map((m) => <option key={m.metric_type} value={m.metric_type}>{m.meaning}</option>)}</datalist>
          </section>
          <section class="panel" aria-label="Who is told">
            <header><h2>Who is told</h2></header>
            <div class="body form">
              <TextField
                id="channels" label="Channels" hint="webhook:NAME, slack:NAME, email:ADDRESS, alertmanager; with commas between. Empty: all default channels" wide
                value={draft.notification_channels.join(", ")} fault={faultAt("notification_channels")}
                onInput={(text) => change({ notification_channels: text.split(",").map((w) => w.trim()).filter(Boolean) })}
              />
              <TextField id="cooldown" label="Pause of … minutes" hint="After one has ended, so long before the next" number value={String(draft.cooldown_minutes)} fault={faultAt("cooldown_minutes")} onInput={(text) => change({ cooldown_minutes: text === "" ? 0 : Number(text) })} />
              <Field id="active" label="State" fault={faultAt("is_active")}>
                <label class="check"><input id="active" type="checkbox" checked={draft.is_active} onChange={(e) => change({ is_active: e.currentTarget.checked })} /> The rule is on</label>
              </Field>
            </div>
          </section>
        </div>
        <Backtest draft={draft} words={inWords(draft, metric?.unit)} onFaults={setFaults} />
      </div>
      {deleting && rule && <Delete rule={rule} onClose={() => setDeleting(false)} />}
    </form>
  );
}

function Delete({ rule, onClose }: { rule: Rule; onClose: () => void }) {
  const remove = async () => {
    try {
      await send("DELETE", ["alert-rules", rule.id]);
      say("The rule is deleted");
      go(["rules"]);
    } catch (cause) {
      say(explain(cause));
      onClose();
    }
  };
  return (
    <Dialog title={`Delete ${rule.name}?`} onClose={onClose}>
      <p>Its open alerts are resolved. What it found before stays in the history.</p>
      <div class="actions">
        <button type="button" onClick={onClose}>Keep it</button>
        <button type="button" class="danger" onClick={() => void remove()}>Delete</button>
      </div>
    </Dialog>
  );
}
