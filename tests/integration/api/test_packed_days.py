"""The aggregator packs days that are over, and tells how far it is."""

import datetime

from batch_maker import BatchMaker
from chorus_harness import Aggregator, wait_until
from held_lock import HeldLock

DAY = 86_400
UNKNOWN = dict.fromkeys(("days_packed", "days_waiting", "oldest_waiting", "running_day",
                         "hosts_done", "hosts_total", "last_error"))
NOTHING_TOLD = {**UNKNOWN, "enabled": True, "processes": UNKNOWN}


def sealing(aggregator):
    return aggregator.get("/status").json["sealing"]


def metric(aggregator, name):
    lines = aggregator.get("/metrics").body.decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name + " ")))


def task_names(aggregator):
    return {task["name"] for task in aggregator.get("/status").json["background_tasks"]["tasks"]}


def send_old_days(aggregator):
    """Two days that are over, and what is newest. The job runs at the start and each hour."""
    wait_until(lambda: not any(task["name"] == "sealing" and not task["runs"] for task in
                               aggregator.get("/status").json["background_tasks"]["tasks"]),
               20, "the run at the start")
    maker, token = BatchMaker(), aggregator.token()
    for days in (5, 4, 0):
        assert aggregator.ingest(maker.make(seconds_ago=days * DAY), token).status == 200


def values(aggregator):
    return [(row["timestamp"], row["metric_type"], row["tags"], row["metric_value"])
            for row in aggregator.get("/api/v1/metrics/system?hours=144").json]


def processes(aggregator):
    return aggregator.get("/api/v1/metrics/processes?hours=144&limit=100").json


def test_days_that_are_over_are_packed_in_the_background():
    with Aggregator({"CHORUS_SPOOL_AGE_DAYS": "30"}) as aggregator:
        send_old_days(aggregator)
        before, before_processes = values(aggregator), processes(aggregator)
        assert len(before) == 12 and len(before_processes) == 6
        oldest = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(5)
        waiting = {**UNKNOWN, "days_packed": 0, "days_waiting": 2, "oldest_waiting": oldest.isoformat()}
        assert sealing(aggregator) == {**waiting, "enabled": True, "processes": waiting}
        aggregator.stop()
        aggregator.start()
        wait_until(lambda: sealing(aggregator)["days_packed"] == 2, 30, "both days packed")
        wait_until(lambda: sealing(aggregator)["processes"]["days_packed"] == 2, 30, "processes, too")
        packed = {**UNKNOWN, "days_packed": 2, "days_waiting": 0}
        wait_until(lambda: sealing(aggregator) == {**packed, "enabled": True, "processes": packed},
                   30, "the end of the run")
        assert metric(aggregator, "chorus_aggregator_sealed_partitions_total") == 2
        assert metric(aggregator, "chorus_aggregator_sealed_batches_total") == 2
        assert metric(aggregator, "chorus_aggregator_sealed_samples_total") == 8
        assert metric(aggregator, "chorus_aggregator_sealing_seconds_total") > 0
        assert aggregator.sql("SELECT count(*) FROM monitoring.system_batches") == [["1"]]
        assert values(aggregator) == before
        for name, count in (("process_partitions", 2), ("process_tables", 2), ("process_samples", 4)):
            assert metric(aggregator, f"chorus_aggregator_sealed_{name}_total") == count
        assert aggregator.sql("SELECT count(*) FROM monitoring.process_batches") == [["1"]]
        assert processes(aggregator) == before_processes


def test_no_day_is_packed_beside_an_older_aggregator(monkeypatch):
    with Aggregator({"CHORUS_SPOOL_AGE_DAYS": "30"}) as aggregator:
        send_old_days(aggregator)
        known = aggregator.sql("SELECT max(version) FROM monitoring.schema_migrations")[0][0]
        assert aggregator.sql("SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname ="
                              " current_database() AND application_name LIKE 'chorus%'") == [
            [f"chorus-aggregator/{known}"]]
        monkeypatch.setenv("PGAPPNAME", "chorus-aggregator")
        with HeldLock(aggregator, "SELECT 1"):
            aggregator.stop()
            aggregator.start()
            wait_until(lambda: sealing(aggregator)["last_error"], 30, "the end of the run")
            told = sealing(aggregator)
            assert "once this aggregator is upgraded: chorus-aggregator (" in told["last_error"]
            assert told["days_packed"] == 0 and told["days_waiting"] == 2


def test_damaged_values_are_told_in_words():
    with Aggregator({"CHORUS_SPOOL_AGE_DAYS": "30"}) as aggregator:
        send_old_days(aggregator)
        aggregator.stop()
        aggregator.start()
        wait_until(lambda: sealing(aggregator)["days_packed"] == 2, 30, "both days packed")
        metric_type, host, day = aggregator.sql(
            "SELECT n.metric_type, h.hostname, s.day FROM monitoring.sealed_series s"
            " JOIN monitoring.series n USING (series_id) JOIN monitoring.hosts h USING (host_id)"
            " ORDER BY s.day, s.series_id LIMIT 1")[0]
        everything = values(aggregator)
        aggregator.sql("UPDATE monitoring.sealed_series SET multiplier = 0 WHERE (day, series_id) ="
                       " (SELECT day, series_id FROM monitoring.sealed_series"
                       "  ORDER BY day, series_id LIMIT 1)")
        assert len(values(aggregator)) == len(everything) - 1
        assert metric(aggregator, "chorus_aggregator_sealed_rows_damaged_total") == 1
        answer = aggregator.get(f"/api/v1/metrics/system?hours=144&hostname={host}"
                                f"&metric_type={metric_type}")
        assert answer.status == 500 and answer.json["code"] == "damaged_data"
        for word in (metric_type, host, day):
            assert word in answer.json["detail"]


def test_no_day_is_packed_if_that_is_off():
    with Aggregator({"CHORUS_SPOOL_AGE_DAYS": "30", "CHORUS_SEAL_CPU_PERCENT": "0"}) as aggregator:
        send_old_days(aggregator)
        aggregator.stop()
        aggregator.start()
        assert "sealing" not in task_names(aggregator)
        told = sealing(aggregator)
        assert told["enabled"] is False and told["days_waiting"] == 2
        assert told["processes"]["days_waiting"] == 2


def test_strangers_are_told_nothing_of_it(fresh):
    assert sealing(fresh) != NOTHING_TOLD
    told = fresh.get("/status", headers={"Host": "monitor.example.com"}).json
    assert told["sealing"] == NOTHING_TOLD
