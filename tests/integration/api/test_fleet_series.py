"""Charts of one metric over many hosts."""

import pytest

from batch_maker import BatchMaker
from chorus_harness import Aggregator

SERIES = "/api/v1/dashboard/metrics/series?hours=1&max_points=10"
HOSTS = {"web-1": (10.0, "prod"), "web-2": (30.0, "test"), "db-1": (50.0, "prod"),
         "spare": (90.0, None)}


@pytest.fixture(name="fleet", scope="module")
def _fleet():
    with Aggregator({}) as aggregator:
        for host, (value, env) in HOSTS.items():
            maker, token = BatchMaker(host), aggregator.token()
            for seconds in (40, 10):
                batch = maker.make(seconds_ago=seconds, processes=[], metrics={
                    "cpu_usage_percent": (value, "percent"),
                    ("disk_usage_percent", "/"): (value / 2, "percent"),
                    ("disk_usage_percent", "/var"): (value / 4, "percent")})
                assert aggregator.ingest(batch, token).status == 200
            if env:
                aggregator.sql(f"UPDATE monitoring.hosts SET labels = '{{\"env\": \"{env}\"}}'"
                               f" WHERE hostname = '{host}'")
        yield aggregator


def columns(fleet, query):
    """{(group, metric, mount point): the only mean, least and greatest value}"""
    answer = fleet.get(f"{SERIES}&{query}")
    assert answer.status == 200, answer.json
    found = {}
    for column in answer.json["series"]:
        points = {point for point in zip(column["avg"], column["min"], column["max"])
                  if point[0] is not None}
        assert len(points) == 1
        place = column["tags"].get("mountpoint", "")
        found[column["group"], column["metric_type"], place] = points.pop()
    return found


def cpu(fleet, query):
    return {group: values for (group, _, _), values in
            columns(fleet, f"metric_type=cpu_usage_percent&{query}").items()}


def test_without_a_name_every_host_is_a_series(fleet):
    assert cpu(fleet, "") == {host: (value,) * 3 for host, (value, _) in HOSTS.items()}


def test_a_glob_and_labels_choose_hosts(fleet):
    assert set(cpu(fleet, "hostname=web-*")) == {"web-1", "web-2"}
    assert set(cpu(fleet, "hostname=web-?&host_label=env=prod")) == {"web-1"}
    assert set(cpu(fleet, "host_label=env=prod")) == {"web-1", "db-1"}
    assert cpu(fleet, "hostname=nobody*") == {}


def test_hosts_are_grouped(fleet):
    assert cpu(fleet, "group_by=none") == {None: (45, 10, 90)}
    assert cpu(fleet, "group_by=label:env") == {
        "prod": (30, 10, 50), "test": (30, 30, 30), None: (90, 90, 90)}
    assert cpu(fleet, "group_by=host&hostname=db-1") == {"db-1": (50, 50, 50)}


def test_the_series_of_a_metric_stay_apart(fleet):
    disks = "metric_type=disk_usage_percent&group_by=none"
    assert {key[2]: values[2] for key, values in columns(fleet, disks).items()} == {
        "/": 45, "/var": 22.5}
    assert {key[2] for key in columns(fleet, disks + "&label=/var")} == {"/var"}


def test_those_of_the_greatest_means_are_left(fleet):
    assert set(cpu(fleet, "topk=2")) == {"spare", "db-1"}
    assert set(cpu(fleet, "topk=100")) == set(HOSTS)
    assert set(columns(fleet, "metric_type=cpu_usage_percent,disk_usage_percent&topk=1")) == {
        ("spare", "cpu_usage_percent", ""), ("spare", "disk_usage_percent", "/")}


@pytest.mark.parametrize("query, kind, name", [
    ("group_by=rack", "value_error", "group_by"),
    ("label=env=prod", "value_error", "label"),
    ("topk=101", "less_than_equal", "topk"),
    ("hostname=../x", "string_pattern_mismatch", "hostname"),
])
def test_bad_parameters_are_named(fleet, query, kind, name):
    answer = fleet.get(f"{SERIES}&metric_type=cpu_usage_percent&{query}")
    assert answer.status == 422
    assert answer.faults() == [(kind, ["query", name])]


def test_hours_are_to_blame_if_they_are_too_many(fleet):
    answer = fleet.get("/api/v1/dashboard/metrics/series?metric_type=cpu_usage_percent&hours=100000")
    assert answer.status == 422
    assert answer.faults() == [("less_than_equal", ["query", "hours"])]


def test_refusals_say_what_to_write(fleet):
    for query, words in (("label=env=prod", "host_label=NAME=VALUE"),
                         ("group_by=rack", "host, none or label:NAME")):
        answer = fleet.get(f"{SERIES}&metric_type=disk_usage_percent&{query}")
        assert words in answer.json["detail"][0]["msg"]


def test_a_misspelt_metric_is_refused_with_the_nearest_name(fleet):
    for host in ("", "&hostname=web-1", "&hostname=web-*"):
        answer = fleet.get(f"{SERIES}&metric_type=cpu_usage_percent"
                           f"&metric_type=cpu_usage_pecent{host}")
        assert answer.status == 422
        assert answer.faults() == [("value_error", ["query", "metric_type"])]
        assert "did you mean cpu_usage_percent?" in answer.json["detail"][0]["msg"]


def test_own_names_of_metrics_are_not_taken_for_typing_errors(fleet):
    batch = BatchMaker("own").make(processes=[], metrics={"cpu_usage_percents": (1.0, "percent")})
    assert fleet.get(f"{SERIES}&metric_type=cpu_usage_percents").status == 422
    assert fleet.ingest(batch, fleet.token()).status == 200
    assert fleet.get(f"{SERIES}&metric_type=cpu_usage_percents&hostname=own").status == 200
    assert fleet.get(f"{SERIES}&metric_type=no_such_thing_at_all").json["series"] == []
    assert fleet.get(f"{SERIES}&metric_type=cpu_usage").json["series"] == []


def test_a_label_of_a_metric_may_look_like_one_of_hosts(fleet):
    batch = BatchMaker("odd").make(seconds_ago=7200, processes=[], metrics={
        ("disk_usage_percent", "/data/k=v"): (1.0, "percent")})
    assert fleet.ingest(batch, fleet.token()).status == 200
    answer = fleet.get(f"{SERIES}&metric_type=disk_usage_percent&label=/data/k%3Dv")
    assert answer.status == 200 and answer.json["series"] == []


def test_one_host_that_nobody_knows_is_not_found(fleet):
    assert fleet.get(f"{SERIES}&metric_type=cpu_usage_percent&hostname=nobody").status == 404
