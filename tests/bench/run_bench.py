"""The performance table. Run by `tests/run bench`; needs its private servers.

  agent     a cycle of the agent beside psutil and the Prometheus exporters
  ingest    batches over HTTP, and what they take on disk
  reads     latency of reads against raw SQL
  overview  the dashboard's overview of 1,000 hosts
  services  a round of 1,000 service checks
  alerts    rounds of alert rules over 10,000 hosts
  streams   10,000 agents that listen
  web       the dashboard in a browser before a large fleet
  depth     history over weeks, before and after its days are packed, beside VictoriaMetrics.
            --hosts 20 --days 30 is 199 million samples, and what the targets are about;
            --hosts 3 --days 5 takes less than two minutes

Prints a table and writes build/bench.json. A target that is missed is told as MISSED, what a machine
lacks as NOT RUN; neither fails the run, as figures depend on the machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from agent_bench import bench_agent  # noqa: E402
from chorus_harness import BIN, Aggregator, psql  # noqa: E402
from depth_bench import bench_depth  # noqa: E402
from stream_bench import bench_streams  # noqa: E402
from victoria import VictoriaMetrics  # noqa: E402
from web_bench import bench_web  # noqa: E402

AGENTS = 64
RUNS = 5
rows = []


def add(what, figure, unit, target=None, better="more", result=None):
    """`figure` None: it could not be measured. `result` says what the figure itself does not."""
    if result is None:
        result = ("NOT RUN" if figure is None else "" if target is None else
                  "ok" if (figure >= target if better == "more" else figure <= target) else "MISSED")
    rows.append({"what": what, "figure": figure, "unit": unit, "target": target, "result": result})
    print(f"  {what}: {shown(figure)} {unit} {result}", flush=True)


def shown(figure):
    return "-" if figure is None else f"{figure:,.4g}"


def tokens(aggregator, count):
    return "\n".join(aggregator.token(name=f"bench {i}") for i in range(count)) + "\n"


def rss_mb(aggregator):
    with open(f"/proc/{aggregator.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def load(port, names, metrics, processes, batches, *form):
    done = subprocess.run([os.path.join(BIN, "ingest_load"), str(port), str(metrics),
                           str(processes), str(batches), *form], input=names, capture_output=True,
                          text=True, check=True)
    result = json.loads(done.stdout)
    assert set(result["status"]) <= {"200", "204"}, result
    return result


def reference_rate(metrics, batches):
    """Batches/s of a fresh VictoriaMetrics; None where it is not installed."""
    if not VictoriaMetrics.PROGRAM:
        return None
    with VictoriaMetrics() as server:
        return load(server.port, "-\n" * AGENTS, metrics, 0, batches,
                    "prometheus")["batches_per_second"]


def stored_bytes(aggregator, table):
    return int(aggregator.sql(
        "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits"
        f" WHERE inhparent = 'monitoring.{table}'::regclass")[0][0])


def bench_ingest():
    print("Ingest over HTTP, 64 keep-alive connections, durable before the answer:")
    for label, metrics, processes, batches, target in (
            ("115 metrics", 115, 0, 1200, 8000), ("115 metrics + 156 processes", 115, 156, 400, 3000)):
        rates, p99, memory, references = [], [], [], []
        for _ in range(RUNS):
            if not processes:
                references.append(reference_rate(metrics, batches))
            # Fresh agents for each run: a token belongs to the agent that used it first.
            with Aggregator() as aggregator:
                names = tokens(aggregator, AGENTS)
                result = load(aggregator.port, names, metrics, processes, batches)
                rates.append(result["batches_per_second"])
                p99.append(result["p99_ms"])
                memory.append(rss_mb(aggregator))
                count = AGENTS * batches
                stored = int(aggregator.sql(
                    "SELECT count(*) FROM monitoring.system_batches")[0][0])
                assert stored == count, (stored, count)
                aggregator.sql("CHECKPOINT")
                system = stored_bytes(aggregator, "system_batches") + int(aggregator.sql(
                    "SELECT pg_total_relation_size('monitoring.ingest_streams')")[0][0])
                process = stored_bytes(aggregator, "process_batches")
                lives = int(aggregator.sql(
                    "SELECT pg_total_relation_size('monitoring.processes')")[0][0])
        add(f"ingest, {label}", statistics.median(rates), "batches/s", target)
        if references and None not in references:
            reference = statistics.median(references)
            add(f"VictoriaMetrics, {label}, not durable", reference, "batches/s")
            add("ingest / VictoriaMetrics", statistics.median(rates) / reference, "x", 1)
        add(f"ingest p99, {label}", statistics.median(p99), "ms")
        add(f"aggregator RSS, {label}", statistics.median(memory), "MB")
        if processes:
            add("stored process sample", process / (count * processes), "bytes", 25, "less")
            add("stored once per life of a process", lives / (AGENTS * processes), "bytes")
        else:
            add("stored sample", system / (count * metrics), "bytes", 10, "less")


def timed(work, times=30):
    samples = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        samples.append((time.perf_counter() - began) * 1000)
    return statistics.median(samples)


def bench_reads():
    print("Reads, 500 hosts with 24 h at 30 s (one metric):")
    with Aggregator() as aggregator:
        aggregator.sql("""
            INSERT INTO monitoring.hosts (hostname) SELECT 'h' || i FROM generate_series(1, 500) i;
            INSERT INTO monitoring.layouts (digest) VALUES (sha256('bench'));
            INSERT INTO monitoring.layout_entries (layout_id, position, metric_type, label, unit)
                SELECT layout_id, p, 'metric_' || p, '', 'count'
                FROM monitoring.layouts, generate_series(1, 115) p""")
        # In the order in which batches come: all hosts of a moment, then the next moment.
        aggregator.sql("""
            CREATE TABLE pool AS
                SELECT n, array_agg(random() * 100) AS v
                FROM generate_series(0, 996) n, generate_series(1, 115) GROUP BY n;
            INSERT INTO monitoring.system_batches
                (ts, received_at, payload_hash, host_id, layout_id, "values")
            SELECT t, t, 0, h.host_id, l.layout_id, pool.v
            FROM generate_series(now() - interval '24 hours', now() - interval '30 s', '30 s')
                     WITH ORDINALITY AS times (t, k),
                 monitoring.hosts h, monitoring.layouts l, pool
            WHERE pool.n = (h.host_id * 7 + k) % 997
            ORDER BY t, h.host_id""")
        aggregator.sql("VACUUM ANALYZE")
        connection = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", aggregator.database_url], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

        def raw_sql():
            connection.stdin.write(
                "SELECT extract(epoch FROM ts), \"values\"[7] FROM monitoring.system_batches"
                " WHERE host_id = 250 AND ts > now() - interval '24 hours' ORDER BY ts;"
                " SELECT 'end';\n")
            connection.stdin.flush()
            while connection.stdout.readline() != "end\n":
                pass

        base = f"http://127.0.0.1:{aggregator.port}/api/v1/"

        def get(path):
            return lambda: urllib.request.urlopen(base + path).read()

        sql = timed(raw_sql)
        api = timed(get("dashboard/metrics/series?hostname=h250&metric_type=metric_7&hours=24"
                        "&max_points=5000"))
        add("one metric of one host, 24 h: raw SQL", sql, "ms")
        add("one metric of one host, 24 h: API", api, "ms")
        add("API / raw SQL", api / sql, "x", 2, "less")
        add("newest 100 of all hosts: API", timed(get("metrics/system")), "ms")
        add("latest values of one host: API", timed(get("metrics/latest/h250")), "ms")
        connection.stdin.close()
        connection.wait()


def bench_overview():
    print("Dashboard overview with 1,000 hosts:")
    with Aggregator() as aggregator:
        aggregator.sql("""
            INSERT INTO monitoring.hosts (hostname, last_seen)
                SELECT 'h' || i, now() + interval '5 minutes' FROM generate_series(1, 1000) i;
            INSERT INTO monitoring.layouts (digest) VALUES (sha256('bench'));
            INSERT INTO monitoring.layout_entries (layout_id, position, metric_type, label, unit)
                SELECT layout_id, 1, 'cpu_usage_percent', '', 'percent' FROM monitoring.layouts""")
        aggregator.sql("""
            INSERT INTO monitoring.system_batches
                (ts, received_at, payload_hash, host_id, layout_id, "values")
            SELECT now(), now(), 0, h.host_id, (SELECT max(layout_id) FROM monitoring.layouts), '{5}'
            FROM monitoring.hosts h""")
        url = f"http://127.0.0.1:{aggregator.port}/api/v1/dashboard/overview"
        samples = sorted(timed(lambda: urllib.request.urlopen(url).read(), 1) for _ in range(100))
        add("dashboard overview, 1,000 hosts, cold cache, p99", samples[98], "ms", 50, "less")


def bench_service_checks():
    timeout = 10
    done = subprocess.run([os.path.join(BIN, "service_round"), "1000", "200", str(timeout)],
                          capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert result["checks"] == 1000 and result["healthy"] == 800, result
    add("1,000 service checks, 200 hanging: round", result["round_seconds"], "s", 60, "less")
    add("round / timeout of those that hang", result["round_seconds"] / timeout, "x")
    add("the 800 others done after", result["healthy_seconds"], "s", timeout, "less")
    add("slowest answer measured of them", result["slowest_healthy_ms"], "ms")
    add("CPU of the round", result["cpu_seconds"], "s")


def bench_alert_rounds():
    print("Alert rules, 10,000 hosts with 115 metrics, one in a thousand over every threshold:")
    name = f"bench_{os.getpid()}"
    psql(f'CREATE DATABASE "{name}"')
    try:
        url = os.environ["CHORUS_TEST_DATABASE_URL"].replace("/postgres?", f"/{name}?", 1)
        done = subprocess.run([os.path.join(BIN, "alert_round"), url, "10000", "100", "5"],
                              capture_output=True, text=True, check=True)
    finally:
        psql(f'DROP DATABASE "{name}" WITH (FORCE)')
    result = json.loads(done.stdout.splitlines()[-1])
    add(f"round of {result['rules']} rules, {result['subjects']:,} subjects",
        result["round_seconds"], "s", 2, "less")
    add("its CPU, with PostgreSQL's", result["round_cpu_seconds"], "s")
    add("first round after a start", result["first_round_seconds"], "s")
    add("statements of a round", result["statements"], "")


def main():
    benches = {"agent": lambda: bench_agent(add), "ingest": bench_ingest, "reads": bench_reads,
               "overview": bench_overview, "services": bench_service_checks,
               "alerts": bench_alert_rounds, "streams": lambda: bench_streams(add),
               "web": lambda: bench_web(add),
               "depth": lambda: bench_depth(add, options.hosts, options.days)}
    parser = argparse.ArgumentParser(prog="tests/run bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="one of those above; default: all")
    parser.add_argument("--hosts", type=int, default=20, help="of depth; 2 at least")
    parser.add_argument("--days", type=int, default=30, help="of depth")
    options = parser.parse_args()
    if unknown := set(options.names) - set(benches):
        parser.error(f"no bench is called {', '.join(sorted(unknown))}")
    if options.hosts < 2 or options.days < 1:
        parser.error("depth needs two hosts and one day")
    for name in ("CHORUS_BIN_DIR", "CHORUS_TEST_DATABASE_URL", "CHORUS_TEST_REDIS_URL"):
        if name not in os.environ:
            sys.exit(f"{name} is not set: run tests/run bench")
    for name, bench in benches.items():
        if not options.names or name in options.names:
            bench()
    print_table()
    with open(os.path.join(os.path.dirname(BIN), "bench.json"), "w") as out:
        json.dump(rows, out, indent=1)


def print_table():
    width = max(len(row["what"]) for row in rows)
    print(f"\n{'what':<{width}}  {'figure':>12} {'unit':<10} {'target':>8}  result")
    for row in rows:
        target = "" if row["target"] is None else f"{row['target']:,}"
        print(f"{row['what']:<{width}}  {shown(row['figure']):>12} {row['unit']:<10} {target:>8}  "
              f"{row['result']}")


if __name__ == "__main__":
    main()
