"""Charts over what is kept for years, once the values of their days are gone."""

import datetime

from batch_maker import BatchMaker
from chorus_harness import Aggregator, wait_until

DAY = 86_400
SERIES = "/api/v1/dashboard/metrics/series?metric_type=cpu_usage_percent&hostname=web-01"
SETTINGS = {"CHORUS_SPOOL_AGE_DAYS": "30", "CHORUS_SEAL_CPU_PERCENT": "100"}


def noon(days_ago):
    """That day's noon, UTC, as a Unix time."""
    midnight = datetime.datetime.now(datetime.timezone.utc).replace(
        hour=12, minute=0, second=0, microsecond=0)
    return int(midnight.timestamp()) - days_ago * DAY


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def sealing(aggregator):
    return aggregator.get("/status").json["sealing"]


def restart_until(aggregator, condition, what):
    """The job runs at the start and each hour."""
    aggregator.stop()
    aggregator.start()
    wait_until(lambda: condition() and sealing(aggregator)["running_day"] is None, 30, what)


def send_and_pack(aggregator):
    """Two values on each of two days that are over, and what is newest."""
    maker, token = BatchMaker(), aggregator.token()
    now = datetime.datetime.now(datetime.timezone.utc).timestamp()
    for days in (5, 4):
        for value, minutes in ((10.0, 0), (20.5, 40)):
            batch = maker.make(metrics={"cpu_usage_percent": (value, "percent")}, processes=[],
                               seconds_ago=now - noon(days) - minutes * 60)
            assert aggregator.ingest(batch, token).status == 200
    assert aggregator.ingest(maker.make(), token).status == 200
    restart_until(aggregator, lambda: sealing(aggregator)["days_packed"] == 2, "both days packed")


def known(answer):
    column = answer["series"][0]
    assert len(column["avg"]) == len(answer["t"])
    return [point for point in zip(answer["t"], column["avg"], column["min"], column["max"])
            if point[1] is not None]


def test_hours_and_days_answer_once_the_values_are_gone():
    with Aggregator(SETTINGS) as aggregator:
        send_and_pack(aggregator)
        ask = f"{SERIES}&start={iso(noon(6))}&end={iso(noon(3))}&max_points=5000"
        raw = aggregator.get(ask).json
        assert raw["tier"] == "raw" and raw["step_seconds"] == 60
        assert len(known(raw)) == 4
        assert raw["coverage"] == 4 / len(raw["t"])

        aggregator.environment["CHORUS_RETENTION_SYSTEM_DAYS"] = "1"
        restart_until(aggregator, lambda: sealing(aggregator)["days_packed"] == 0, "clean-up")
        hours = aggregator.get(ask).json
        assert hours["tier"] == "hours" and hours["step_seconds"] == 3600
        assert known(hours) == [(noon(5), 15.25, 10, 20.5), (noon(4), 15.25, 10, 20.5)]

        ten_years = aggregator.get(f"{SERIES}&hours={3660 * 24}").json
        assert ten_years["tier"] == "hours"
        assert ten_years["step_seconds"] % DAY == 0
        assert 0 < ten_years["coverage"] < 0.02
        assert [point[2:] for point in known(ten_years)][0] == (10, 20.5)
        assert aggregator.sql(
            "SELECT average, count FROM monitoring.system_metric_days ORDER BY day") == [
                ["15.25", "2"], ["15.25", "2"]]


def test_the_longest_range_is_ten_years(fresh):
    answer = fresh.get(f"{SERIES}&start=2000-01-01T00:00:00Z")
    assert answer.status == 422
    assert "3660 days" in answer.json["detail"][0]["msg"]
