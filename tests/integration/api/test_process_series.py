"""GET /api/v1/processes/series, and the figures of the overview that the fleet table shows."""

from batch_maker import BatchMaker, process


def columns(answer):
    """{metric_type: its values that are known}"""
    return {s["metric_type"]: [v for v in s["avg"] if v is not None] for s in answer["series"]}


def test_one_process_over_time_and_not_the_next_one_with_its_pid(aggregator):
    token = aggregator.token(name="series")
    maker = BatchMaker("series-01")
    for n, age in enumerate((1200, 1170, 1140)):
        rows = [process(7, "worker", start_ticks=100, cpu_percent=float(n),
                        memory_rss_bytes=(n + 1) << 20,
                        disk_read_bytes=None if n == 1 else 512 * n)]
        assert aggregator.ingest(maker.make(processes=rows, seconds_ago=age), token).status == 200
    rows = [process(7, "worker", start_ticks=90_000, cpu_percent=50.0, memory_rss_bytes=9 << 20)]
    assert aggregator.ingest(maker.make(processes=rows, seconds_ago=600), token).status == 200

    path = "/api/v1/processes/series?hostname=series-01&process_id=7&hours=1&max_points=4000"
    newest = columns(aggregator.get(path).json)
    assert newest["cpu_percent"] == [50.0] and newest["memory_mb"] == [9.0]
    first = "2026-01-01T00:00:01Z"  # boot_time of the maker's host, and 100 ticks
    old = aggregator.get(f"{path}&started_at={first}").json
    assert columns(old)["cpu_percent"] == [0.0, 1.0, 2.0]
    assert columns(old)["memory_mb"] == [1.0, 2.0, 3.0]
    assert columns(old)["disk_read_bytes"] == [0.0, 1024.0]  # unknown is unknown, not 0
    assert all(len(s["avg"]) == len(s["max"]) == len(old["t"]) for s in old["series"])
    assert old["step_seconds"] == 1
    coarse = path.replace("4000", "1")
    wide = aggregator.get(f"{coarse}&started_at={first}").json
    cpu = next(s for s in wide["series"] if s["metric_type"] == "cpu_percent")
    assert [v for v in cpu["max"] if v is not None] == [2.0]


def test_what_is_not_there_and_what_is_missing(aggregator):
    path = "/api/v1/processes/series"
    assert aggregator.get(path).faults() == [
        ("missing", ["query", "hostname"]), ("missing", ["query", "process_id"])]
    assert aggregator.get(path + "?hostname=nobody&process_id=7").json["detail"] == "Host not found"
    token = aggregator.token(name="missing")
    assert aggregator.ingest(BatchMaker("missing-01").make(), token).status == 200
    answer = aggregator.get(path + "?hostname=missing-01&process_id=4000000")
    assert answer.status == 404
    assert answer.json["detail"] == "No such process is stored for that host"
    answer = aggregator.get(path + "?hostname=missing-01&process_id=0&start=2026-02-02&end=2026-02-01")
    assert answer.faults() == [("greater_than_equal", ["query", "process_id"]),
                               ("value_error", ["query", "start"])]


def test_overview_has_load_and_network_without_loopback(aggregator):
    metrics = {"load_avg_1min": (1.5, "avg")}
    for direction, rate in (("receive", 1000.0), ("transmit", 10.0)):
        for interface, factor in (("eth0", 1), ("eth1", 2), ("lo", 100)):
            name = f"network_{direction}_bytes_per_sec"
            metrics[name, interface] = (rate * factor, "bytes_per_sec")
    metrics["network_transmit_bytes_per_sec", "eth1"] = (None, "bytes_per_sec")
    token = aggregator.token(name="net")
    assert aggregator.ingest(BatchMaker("net-01").make(metrics), token).status == 200
    assert aggregator.ingest(BatchMaker("net-02").make(), aggregator.token(name="net2")).status == 200
    overview = aggregator.get("/api/v1/system/overview?hostname=net-01").json
    assert overview["load_avg_1min"] == 1.5
    assert overview["network_receive_bytes_per_sec"] == 3000.0
    assert overview["network_transmit_bytes_per_sec"] == 10.0
    bare = aggregator.get("/api/v1/system/overview?hostname=net-02").json
    assert bare["load_avg_1min"] is None and bare["network_receive_bytes_per_sec"] is None
