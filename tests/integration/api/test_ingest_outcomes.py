"""What becomes of batches that are well formed: stored, known already, too old, of somebody else."""

import copy

import pytest

from batch_maker import BatchMaker, process, timestamp
from chorus_harness import redis_cli, wait_until


@pytest.fixture(scope="module")
def token(aggregator):
    return aggregator.token(name="outcomes")


@pytest.fixture(scope="module")
def maker():
    return BatchMaker("outcomes")


def stored(aggregator, hostname="outcomes"):
    return int(aggregator.sql("SELECT count(*) FROM monitoring.system_batches JOIN"
                              f" monitoring.hosts USING (host_id) WHERE hostname = '{hostname}'"
                              )[0][0])


def test_answer_tells_what_was_accepted(aggregator, token, maker):
    answer = aggregator.ingest(maker.make(), token, encoding="zstd")
    assert answer.status == 200
    assert answer.json["accepted"] == {"system_metrics": 4, "process_metrics": 2}
    assert answer.json["duplicate"] is False
    assert answer.json["config"] == {"interval_seconds": 30}
    assert answer.json["server_time"].endswith("Z")


@pytest.mark.parametrize("encoding", [None, "gzip", "zstd"])
def test_same_batch_again_is_a_duplicate_in_any_encoding(aggregator, token, maker, encoding):
    batch = maker.make()
    assert aggregator.ingest(batch, token).json["duplicate"] is False
    before = stored(aggregator)
    # The moment of sending is not content: a batch that waited is the same batch.
    again = {**batch, "sent_at": timestamp(-1)}
    for body in (batch, again):
        answer = aggregator.ingest(body, token, encoding)
        assert (answer.status, answer.json["duplicate"]) == (200, True)
    assert stored(aggregator) == before


def test_same_key_with_other_content_is_a_conflict(aggregator, token, maker):
    batch = maker.make()
    assert aggregator.ingest(batch, token).status == 200
    before = stored(aggregator)
    other = copy.deepcopy(batch)
    other["metrics"]["values"][0] = 99.0
    answer = aggregator.ingest(other, token)
    assert (answer.status, answer.json["code"]) == (409, "batch_conflict")
    assert stored(aggregator) == before


def test_batch_of_another_agent_than_the_tokens_is_refused(aggregator, token, maker):
    assert aggregator.ingest(maker.make(), token).status == 200
    stranger = BatchMaker("stranger")
    answer = aggregator.ingest(stranger.make(), token)
    assert (answer.status, answer.json["code"]) == (403, "agent_mismatch")
    assert stored(aggregator, "stranger") == 0


def test_name_of_a_live_host_is_not_given_away(aggregator, token, maker):
    assert aggregator.ingest(maker.make(), token).status == 200
    before = stored(aggregator)
    impostor = BatchMaker("outcomes")
    answer = aggregator.ingest(impostor.make(), aggregator.token(name="impostor"))
    assert (answer.status, answer.json["code"]) == (409, "host_conflict")
    assert stored(aggregator) == before


def test_clock_that_is_wrong_but_consistent_is_taken_and_flagged(aggregator):
    ahead = BatchMaker("ahead")
    batch = ahead.make(seconds_ago=-27 * 3600, sent_at=timestamp(-27 * 3600))
    assert aggregator.ingest(batch, aggregator.token(name="ahead")).status == 200
    host = next(host for host in aggregator.get("/api/v1/hosts").json
                if host["hostname"] == "ahead")
    assert host["clock_skew_ms"] == pytest.approx(-27 * 3_600_000, abs=60_000)
    assert host["status"] == "up"


def test_timestamp_long_after_sending_is_refused(aggregator, token, maker):
    answer = aggregator.ingest(maker.make(seconds_ago=-700), token)
    assert answer.status == 422
    assert [fault["loc"] for fault in answer.json["detail"]] == [["body", "timestamp"]]


def test_batch_older_than_retention_is_accepted_and_counted_but_not_kept(aggregator, token, maker):
    before = stored(aggregator)
    answer = aggregator.ingest(maker.make(seconds_ago=40 * 86_400), token)
    assert (answer.status, answer.json["expired"]) == (200, True)
    assert stored(aggregator) == before
    assert 'chorus_aggregator_ingest_batches_total{result="expired"} 1' in aggregator.get(
        "/metrics").body.decode()


@pytest.mark.parametrize("name", [
    "<img src=x onerror=alert(1)>", "'; DROP TABLE monitoring.hosts; --", "\x1b[31mred\x1b[0m",
    "\u202egnp.exe", "%s%n%x", "{{7*7}}", "a" * 255])
def test_hostile_names_are_stored_and_shown_as_text(aggregator, token, maker, name):
    answer = aggregator.ingest(maker.make(processes=[process(4711, name)]), token)
    assert answer.status == 200
    rows = wait_until(lambda: aggregator.get(
        "/api/v1/metrics/processes?hostname=outcomes&process_id=4711&limit=1").json, 5)
    assert rows[0]["process_name"] == name
    shown = aggregator.get("/api/v1/metrics/processes?hostname=outcomes&process_id=4711&limit=1")
    assert shown.headers["content-type"] == "application/json"
    assert aggregator.sql("SELECT count(*) > 0 FROM monitoring.hosts") == [["t"]]


def test_unknown_values_stay_unknown(aggregator, token, maker):
    batch = maker.make(metrics={"cpu_usage_percent": (None, "percent"),
                                "memory_usage_percent": (50.0, "percent")},
                       processes=[process(77, "quiet", cpu_percent=None, disk_read_bytes=None)])
    assert aggregator.ingest(batch, token).status == 200
    row = aggregator.get("/api/v1/metrics/processes?hostname=outcomes&process_id=77").json[0]
    assert row["cpu_percent"] is None and row["disk_read_bytes"] is None
    newest = aggregator.get(
        f"/api/v1/metrics/system?hostname=outcomes&start_time={batch['timestamp']}").json
    assert [row["metric_type"] for row in newest] == ["memory_usage_percent"]


def test_host_whose_series_are_never_the_same_is_asked_to_wait(aggregator):
    maker, token = BatchMaker("restless"), aggregator.token(name="restless")
    answers = []
    while not answers or answers[-1].status == 200:
        assert len(answers) < 100
        metrics = {("disk_usage_percent", f"{len(answers)}/{i}"): (1, "percent")
                   for i in range(5000)}
        answers.append(aggregator.ingest(maker.make(metrics, []), token))
    assert (answers[-1].status, answers[-1].json["code"]) == (429, "cardinality_limit")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 5
    assert len(answers) > 40  # a quarter of a million
    assert stored(aggregator, "restless") == len(answers) - 1


def warned(answer):
    assert answer.status == 200, answer.body
    return [(warning["code"], warning["field"]) for warning in answer.json.get("warnings", [])]


def counted(aggregator):
    line = next(line for line in aggregator.get("/metrics").body.decode().splitlines()
                if line.startswith("chorus_aggregator_ingest_warnings_total "))
    return float(line.split()[1])


def test_of_a_doubled_series_or_process_the_first_is_kept_and_the_sender_is_told(aggregator):
    maker, token = BatchMaker("doubled"), aggregator.token(name="doubled")
    batch = maker.make(processes=[process(7, "first"), process(7, "second"), process(8, "other")])
    batch["metrics"]["layout"].append(batch["metrics"]["layout"][0])
    batch["metrics"]["values"].append(-1.0)
    series = len(batch["metrics"]["layout"])
    before = counted(aggregator)
    answer = aggregator.ingest(batch, token)
    assert warned(answer) == [("duplicate_item", f"/metrics/layout/{series - 1}"),
                              ("duplicate_item", "/processes/rows/1")]
    assert answer.json["accepted"] == {"system_metrics": series - 1, "process_metrics": 2}
    assert counted(aggregator) == before + 2
    names = {row["process_name"] for row in wait_until(lambda: aggregator.get(
        "/api/v1/metrics/processes?hostname=doubled").json, 5)}
    assert names == {"first", "other"}
    assert -1.0 not in [row["metric_value"] for row in aggregator.get(
        "/api/v1/metrics/system?hostname=doubled").json]

    # Exactly once goes by what was received.
    again = aggregator.ingest(batch, token)
    assert (again.json["duplicate"], len(warned(again))) == (True, 2)
    other = copy.deepcopy(batch)
    other["metrics"]["values"][-1] = -2.0
    assert aggregator.ingest(other, token).json["code"] == "batch_conflict"
    assert stored(aggregator, "doubled") == 1


def test_a_value_that_cannot_be_stored_costs_that_value_alone(aggregator):
    maker, token = BatchMaker("odd-values"), aggregator.token(name="odd values")
    batch = maker.make(processes=[process(7, "n" * 300, num_threads=-1)])
    batch["metrics"]["layout"][1][1] = "l" * 300
    batch["host"]["kernel"] = "k" * 300
    assert sorted(warned(aggregator.ingest(batch, token))) == [
        ("out_of_range", "/processes/rows/0/num_threads"),
        ("string_too_long", "/host/kernel"),
        ("string_too_long", "/metrics/layout/1/1"),
        ("string_too_long", "/processes/rows/0/name")]
    row = aggregator.get("/api/v1/metrics/processes?hostname=odd-values").json[0]
    assert row["process_name"] == "n" * 255
    assert stored(aggregator, "odd-values") == 1


@pytest.mark.parametrize("skew", [-27 * 3600, 27 * 3600], ids=["ahead", "behind"])
def test_a_clock_that_was_wrong_does_not_hide_the_present(aggregator, skew):
    hostname = f"was-wrong-{'behind' if skew > 0 else 'ahead'}"
    maker, token = BatchMaker(hostname), aggregator.token(name=hostname)

    def send(cpu, name, seconds_ago):
        batch = maker.make({"cpu_usage_percent": (cpu, "percent")}, [process(7, name)],
                           seconds_ago=seconds_ago, sent_at=timestamp(seconds_ago))
        assert aggregator.ingest(batch, token).status == 200

    def shown():
        redis_cli("FLUSHDB", url=aggregator.redis_url)
        latest = aggregator.get(f"/api/v1/metrics/latest/{hostname}").json
        overview = aggregator.get(f"/api/v1/system/overview?hostname={hostname}").json
        table = aggregator.get(f"/api/v1/processes/at?hostname={hostname}").json
        busiest = aggregator.get(
            f"/api/v1/metrics/processes?hostname={hostname}&sort=cpu_percent").json
        return (latest["metrics"]["cpu_usage_percent"]["value"], overview["cpu_usage"], [row["process_name"] for row in table["processes"]],
                sorted({row["process_name"] for row in busiest}))

    send(10.0, "while-wrong", skew)
    assert shown() == (10.0, 10.0, ["while-wrong"], ["while-wrong"])
    send(50.0, "now", 0)
    assert shown() == (50.0, 50.0, ["now"], ["now"])
