"""The dashboards for Grafana and the examples for Prometheus, against what the programs really give."""

import json
import pathlib
import re
import shutil
import subprocess
import urllib.request

import pytest

from batch_maker import BatchMaker
from chorus_harness import Agent, Aggregator, free_port, psql, wait_until

PACKAGING = pathlib.Path(__file__).parents[3] / "packaging"
DASHBOARDS = sorted((PACKAGING / "grafana/dashboards").glob("*.json"))
JSON = {"Content-Type": "application/json"}
HOST = "web-01"

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"),
                                    reason="needs: promtool (package prometheus)")


def in_postgres(sql, **variables):
    """The SQL as Grafana would send it: macros and variables replaced."""
    for name, value in variables.items():
        sql = sql.replace("${%s:sqlstring}" % name, "'" + value.replace("'", "''") + "'")
    sql = sql.replace("$__interval", "10s")
    bounds = "(now() - interval '1 hour')", "(now() + interval '1 minute')"
    sql = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 BETWEEN {bounds[0]} AND {bounds[1]}", sql)
    bucket = r"floor(extract(epoch FROM \1) / 10) * 10"
    sql = re.sub(r"\$__timeGroupAlias\(([^(),]+),10s\)", bucket + ' AS "time"', sql)
    sql = re.sub(r"\$__timeGroup\(([^(),]+),10s\)", bucket, sql)
    sql = sql.replace("$__timeFrom()", bounds[0]).replace("$__timeTo()", bounds[1])
    assert "$" not in sql, sql
    return sql


@pytest.fixture(scope="module")
def watched():
    """A host of which everything that dashboards show is known."""
    with Aggregator({"SERVICE_ENDPOINTS": '{"web": "http://127.0.0.1:9/"}',
                     "HEALTH_CHECK_INTERVAL": "1"}) as aggregator:
        with Agent(aggregator, HOST, environment={"CHORUS_STATUS_PORT": str(free_port())}) as agent:
            aggregator.agent = agent
            operator = aggregator.token("operator")
            answer = aggregator.request("POST", "/api/v1/alerts", json.dumps({
                "alert_type": "manual", "severity": "high", "source": "test", "title": "By hand",
                "hostname": HOST}), JSON, operator)
            assert answer.status == 201
            maker = BatchMaker("web-02")
            killed = {"type": "oom_kill", "timestamp": maker.make()["timestamp"],
                      "detail": {"pid": 1, "name": "x"}}
            aggregator.ingest(maker.make(events=[killed]), aggregator.token(name="web-02"))
            wait_until(lambda: aggregator.sql(
                "SELECT count(*) >= 4 FROM monitoring.system_batches JOIN monitoring.hosts"
                f" USING (host_id) WHERE hostname = '{HOST}'") == [["t"]], 60, "batches")
            wait_until(lambda: aggregator.sql("SELECT count(*) FROM monitoring.service_health")
                       == [["1"]], 60, "a checked service")
            yield aggregator


def read_only(aggregator, sql):
    return psql(f"SET ROLE chorus_readonly; {sql}", aggregator.database)


def panels():
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                yield pytest.param(panel, target, id=f"{file.stem}-{panel['title']}")


def test_there_are_dashboards_for_fleet_host_process_alerts_and_self():
    documents = [json.loads(file.read_text()) for file in DASHBOARDS]
    assert {d["uid"].removeprefix("chorus-") for d in documents} == \
        {"fleet", "host", "process", "alerts", "self"}
    for document in documents:
        ids = [panel["id"] for panel in document["panels"]]
        assert len(ids) == len(set(ids))
        cells = set()
        for panel in document["panels"]:
            assert panel["datasource"]["uid"] == "${DS_CHORUS}"
            at = panel["gridPos"]
            mine = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                    for y in range(at["y"], at["y"] + at["h"])}
            assert not mine & cells and at["x"] + at["w"] <= 24, panel["title"]
            cells |= mine


@pytest.mark.parametrize("panel, target", panels())
def test_a_panel_shows_what_a_reader_may_read(watched, panel, target):
    process = "chorus-agent"
    host = "web-02" if panel["title"] == "What happened" else HOST
    sql = in_postgres(target["rawSql"], host=host, process=process)
    assert "'$" not in target["rawSql"], "a variable in quotes of its own is open to injection"
    rows = read_only(watched, f"PREPARE panel AS {sql}; EXECUTE panel")
    assert rows and any(any(value for value in row) for row in rows), sql
    if target["format"] == "time_series":
        names = re.findall(r'AS "?(\w+)"?', target["rawSql"].replace("Alias", ' AS "time"'))
        assert {"time", "metric", "value"} <= set(names)


def test_variables_offer_the_hosts_and_their_processes(watched):
    for file in DASHBOARDS:
        for variable in json.loads(file.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                found = read_only(watched, in_postgres(variable["query"], host=HOST))
                assert [{"host": HOST, "process": "chorus-agent"}[variable["name"]]] in found


def test_a_hostile_name_stays_a_value(watched):
    sql = in_postgres("SELECT count(*) FROM monitoring.processes_at(${host:sqlstring}, now())",
                      host="x'; DROP TABLE monitoring.alerts; --")
    assert read_only(watched, sql) == [["0"]]


def promtool(*arguments, stdin=None):
    done = subprocess.run(["promtool", *arguments], input=stdin, capture_output=True, timeout=60,
                          check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.fixture(scope="module")
def exposed(watched):
    """What each program exposes."""
    port = watched.agent.environment["CHORUS_STATUS_PORT"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        agent = answer.read()
    return {"agent": agent, "aggregator": watched.get("/metrics").body}


@needs_promtool
@pytest.mark.parametrize("program", ["agent", "aggregator"])
def test_promtool_finds_no_fault_in_the_metrics(exposed, program):
    code, said = promtool("check", "metrics", stdin=exposed[program])
    assert code == 0 and not said, said


@needs_promtool
def test_promtool_reads_the_examples(tmp_path):
    shutil.copytree(PACKAGING / "prometheus", tmp_path, dirs_exist_ok=True)
    code, said = promtool("check", "config", str(tmp_path / "scrape.yml"))
    assert code == 0 and "SUCCESS" in said, said
    code, said = promtool("check", "rules", str(tmp_path / "chorus-rules.yml"))
    assert code == 0, said


def test_rules_ask_for_metrics_that_there_are(exposed):
    text = (PACKAGING / "prometheus/chorus-rules.yml").read_text()
    known = set(re.findall(rb"(?m)^# TYPE (\S+)", exposed["agent"] + exposed["aggregator"]))
    asked = set(re.findall(r"chorus_(?:agent|aggregator)_\w+", text))
    assert asked and {name.encode() for name in asked} <= known, asked
