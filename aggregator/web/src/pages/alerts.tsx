// Alerts: what is open, what was, and silences.
import { useMemo } from "preact/hooks";
import { get } from "../lib/api";
import { duration } from "../lib/format";
import { hostOf } from "../lib/fleet";
import { alertTurn } from "../lib/live";
import { useResource } from "../lib/resource";
import { go, href, route, setQuery } from "../lib/router";
import { matches, readSort, writeSort } from "../lib/sorting";
import { clock, parseTime } from "../lib/time";
import { SEVERITIES, type Alert } from "../lib/schema";
import { DataTable, type Column } from "../parts/data_table";
import { Choice, FilterBox } from "../parts/filter_box";
import { SeverityMark, StatusWord, When } from "../parts/marks";
import { Silences } from "../parts/silences";
import { Empty, Loaded } from "../parts/states";

const lasted = (alert: Alert): number | null => {
  const from = parseTime(alert.created_at);
  return from === null ? null : (parseTime(alert.resolved_at) ?? clock.value) - from;
};

const COLUMNS: Column<Alert>[] = [
  { id: "severity", title: "Severity", value: (a) => SEVERITIES.indexOf(a.severity), render: (a) => <SeverityMark severity={a.severity} /> },
  { id: "title", title: "Alert", className: "clip grow", value: (a) => a.summary, render: (a) => <a href={href(["alerts", a.id])} title={a.summary}>{a.summary}</a> },
  { id: "host", title: "Host", priority: 2, className: "clip", value: (a) => hostOf(a) ?? a.source, render: (a) => <Where alert={a} /> },
  { id: "status", title: "State", priority: 2, value: (a) => a.status, render: (a) => <StatusWord word={a.status} /> },
  { id: "by", title: "By", priority: 4, className: "clip", help: "Who resolved or acknowledged it", render: (a) => a.resolved_by ?? a.acknowledged_by ?? "–" },
  { id: "count", title: "Seen", numeric: true, priority: 4, help: "How often it was found true while it was open", value: (a) => a.occurrences ?? 1, render: (a) => a.occurrences ?? 1 },
  { id: "lasted", title: "Lasted", numeric: true, priority: 3, value: lasted, render: (a) => duration(lasted(a)) },
  { id: "since", title: "Since", priority: 2, value: (a) => parseTime(a.created_at), render: (a) => <When at={a.created_at} /> },
];

function Where({ alert }: { alert: Alert }) {
  const host = hostOf(alert);
  return host ? <a href={href(["hosts", host])}>{host}</a> : <>{alert.source}</>;
}

const TABS: [id: string, name: string][] = [["active", "Active"], ["history", "History"], ["silences", "Silences"]];

export function AlertsPage() {
  const { query } = route.value;
  const tab = query.tab ?? "active";
  return (
    <>
      <div class="head"><h1>Alerts</h1></div>
      <nav class="tabs" aria-label="Which alerts">
        {TABS.map(([id, name]) => (
          <a key={id} href={href(["alerts"], { tab: id === "active" ? undefined : id, host: query.host })} aria-current={tab === id ? "page" : undefined}>{name}</a>
        ))}
      </nav>
      {tab === "silences" ? <Silences /> : <AlertList key={tab} open={tab === "active"} />}
    </>
  );
}

function AlertList({ open }: { open: boolean }) {
  const { query } = route.value;
  const severity = query.severity ?? "any";
  const loaded = useResource(
    [open, query.host, severity, alertTurn.value].join("\n"),
    (signal) =>
      get(
        ["alerts"],
        { status: open ? ["active", "acknowledged", "suppressed"] : [], hostname: query.host ? [query.host] : [], severity: SEVERITIES.filter((s) => s === severity), limit: 1000 },
        signal,
      ),
    30,
  );
  const filter = query.q ?? "";
  const rows = useMemo(
    () => (loaded.data ?? []).filter((a) => matches(filter, [a.summary, a.source, a.hostname, a.alert_type, a.description, a.status, a.acknowledged_by])),
    [loaded.data, filter],
  );
  const filtered = filter || severity !== "any" || query.host;
  return (
    <>
      <div class="toolbar">
        <FilterBox value={query.q} label="Filter alerts" />
        <Choice label="Severity" name="severity" value={severity} options={[["any", "Any"], ...SEVERITIES.map((s): [string, string] => [s, s])]} />
        {query.host && <button type="button" onClick={() => setQuery({ host: undefined })}>Host {query.host} ✕</button>}
      </div>
      <div class="panel">
        <Loaded from={loaded} what="alerts">
          {(all) => (
            <>
              <DataTable
                caption={open ? "Active alerts" : "All alerts"}
                columns={COLUMNS}
                rows={rows}
                rowKey={(a) => a.id}
                sort={readSort(query.sort, open ? { column: "severity", descending: false } : { column: "since", descending: true })}
                onSort={(s) => setQuery({ sort: writeSort(s) })}
                onOpen={(a) => go(["alerts", a.id])}
                empty={
                  filtered ? (
                    <Empty title="No alert fits"><button type="button" onClick={() => setQuery({ q: undefined, severity: undefined, host: undefined })}>Show all</button></Empty>
                  ) : open ? (
                    <Empty title="All is quiet">No alert is open. <a href={href(["rules"])}>Rules</a> say when there is one.</Empty>
                  ) : (
                    <Empty title="There has been no alert yet"><a href={href(["rules"])}>To the rules</a></Empty>
                  )
                }
              />
              {all.length === 1000 && <p class="table-caption muted">The newest 1,000 are shown.</p>}
            </>
          )}
        </Loaded>
      </div>
    </>
  );
}
