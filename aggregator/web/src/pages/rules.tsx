// Alert rules: which there are, in words, and a switch for each.
import { get, send } from "../lib/api";
import { useCatalogue } from "../lib/catalogue";
import { useResource } from "../lib/resource";
import { go, href, route, setQuery } from "../lib/router";
import { inWords } from "../lib/rules";
import { matches, readSort, writeSort } from "../lib/sorting";
import { parseTime } from "../lib/time";
import { SEVERITIES, type Rule } from "../lib/schema";
import { DataTable, type Column } from "../parts/data_table";
import { FilterBox } from "../parts/filter_box";
import { SeverityMark, Status, When } from "../parts/marks";
import { Empty, explain, Loaded } from "../parts/states";
import { say } from "../parts/toast";

function StateMark({ rule }: { rule: Rule }) {
  if (!rule.is_active) return <Status tone="off" text="off" />;
  if (rule.last_error) return <span title={rule.last_error}><Status tone="bad" text="cannot be judged" /></span>;
  if (rule.state === "firing") return <Status tone="bad" text="firing" />;
  if (rule.state === "pending") return <Status tone="warn" text="pending" />;
  if (rule.warnings.length > 0) return <span title={rule.warnings.map((w) => w.message).join(" ")}><Status tone="warn" text="has a warning" /></span>;
  if (rule.state === "ok") return <Status tone="ok" text="fine" />;
  return <Status tone="off" text={rule.state === "no_data" ? "no data" : "not judged yet"} />;
}

export function RulesPage() {
  const { query } = route.value;
  const catalogue = useCatalogue();
  const loaded = useResource("rules", (signal) => get(["alert-rules"], { limit: 1000 }, signal), 30);
  const units = new Map(catalogue.map((m) => [m.metric_type, m.unit]));
  const words = (rule: Rule) => inWords(rule, units.get(String(rule.condition.metric_type)));
  const filter = query.q ?? "";

  const turn = async (rule: Rule) => {
    try {
      await send("PATCH", ["alert-rules", rule.id], { is_active: !rule.is_active });
      say(`${rule.name} is ${rule.is_active ? "off" : "on"}`);
    } catch (cause) {
      say(explain(cause));
    }
    loaded.reload();
  };
  const columns: Column<Rule>[] = [
    { id: "name", title: "Rule", className: "clip", value: (r) => r.name, render: (r) => <a href={href(["rules", r.id])} title={r.description ?? r.name}>{r.name}</a> },
    { id: "fires", title: "Fires when", priority: 3, className: "clip grow", value: words, render: (r) => <span title={words(r)}>{words(r)}</span> },
    { id: "severity", title: "Severity", priority: 2, value: (r) => SEVERITIES.indexOf(r.severity), render: (r) => <SeverityMark severity={r.severity} /> },
    { id: "state", title: "State", value: (r) => `${r.is_active ? "" : "z"}${r.state ?? ""}`, render: (r) => <StateMark rule={r} /> },
    { id: "last", title: "Last fired", priority: 4, value: (r) => parseTime(r.last_triggered_at), render: (r) => (r.last_triggered_at ? <When at={r.last_triggered_at} /> : <span class="muted">never</span>) },
    {
      id: "on", title: "On", numeric: true, value: (r) => Number(r.is_active),
      render: (r) => <input type="checkbox" role="switch" aria-label={`${r.name} is on`} checked={r.is_active} onChange={() => void turn(r)} />,
    },
  ];
  return (
    <>
      <div class="head">
        <h1>Rules</h1>
        <div class="end"><a class="button primary" href={href(["rules", "new"])}>New rule</a></div>
      </div>
      <div class="toolbar"><FilterBox value={query.q} label="Filter rules" /></div>
      <div class="panel">
        <Loaded from={loaded} what="rules">
          {(rules) => (
            <DataTable
              caption="Alert rules"
              columns={columns}
              rows={rules.filter((r) => matches(filter, [r.name, r.description, words(r), r.severity]))}
              rowKey={(r) => r.id}
              sort={readSort(query.sort, { column: "name", descending: false })}
              onSort={(s) => setQuery({ sort: writeSort(s) })}
              onOpen={(r) => go(["rules", r.id])}
              empty={rules.length === 0 ? <Empty title="There is no rule yet"><a href={href(["rules", "new"])}>Make the first one</a></Empty> : <Empty title="No rule fits the filter" />}
            />
          )}
        </Loaded>
      </div>
    </>
  );
}
