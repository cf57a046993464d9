"""Services that a real agent checks, from its settings to the API."""

import json
import socket
import threading
import time

from chorus_harness import Agent, Aggregator, wait_until


class Door:
    """A TCP service of this host that can be shut."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def serve(self, listener):
        while True:
            try:
                listener.accept()[0].close()
                self.accepted += 1
            except OSError:
                return

    def shut(self):
        # Wakes accept(2), which would keep the port open.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def checking(services, **more):
    return {"CHORUS_AGENT_SERVICE_ENDPOINTS": json.dumps(services), **more}


def services(aggregator):
    return {row["service_name"]: row for row in aggregator.get("/api/v1/services").json}


def status_is(aggregator, name, status):
    return lambda: services(aggregator).get(name, {}).get("status") == status


def test_what_only_the_host_sees_is_told_by_the_api():
    door = Door()
    with socket.socket() as silent, Aggregator() as aggregator:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        hang = f"http://ann:secret@127.0.0.1:{silent.getsockname()[1]}/x?token=hidden"
        with Agent(aggregator, "inner-01", environment=checking({
                "door": {"url": f"tcp://127.0.0.1:{door.port}", "interval": 1},
                "hang": {"url": hang, "interval": 1}})) as agent:
            wait_until(status_is(aggregator, "door@inner-01", "healthy"))
            wait_until(status_is(aggregator, "hang@inner-01", "timeout"))
            row = services(aggregator)["hang@inner-01"]
            assert row["endpoint"] == f"http://127.0.0.1:{silent.getsockname()[1]}/x"
            assert (row["hostname"], row["type"], row["interval_seconds"]) == ("inner-01", "http", 1)
            assert row["error_message"] == "Request timeout"
            wait_until(lambda: len(services(aggregator)["door@inner-01"]["recent"]) >= 3)
            door.shut()
            wait_until(status_is(aggregator, "door@inner-01", "unhealthy"))
            assert services(aggregator)["door@inner-01"]["error_message"] == "Connection refused"
            wait_until(lambda: ["service:door@inner-01", "inner-01"] in aggregator.sql(
                "SELECT source, hostname FROM monitoring.alerts"))
            assert agent.stop() == 0
            log = agent.log()
            assert '"A service is not healthy"' in log
            for secret in ("secret", "hidden"):
                assert secret not in log and secret not in "\n".join(aggregator.log)
        # Each check is there once.
        assert aggregator.sql("SELECT count(*) FROM monitoring.service_checks") == aggregator.sql(
            "SELECT sum(checks) FROM monitoring.service_hours")


def test_checks_made_while_the_aggregator_is_away_come_later_and_once():
    door = Door()
    with Aggregator() as aggregator:
        with Agent(aggregator, "inner-02", environment=checking({
                "door": {"url": f"tcp://127.0.0.1:{door.port}", "interval": 1}})):
            wait_until(status_is(aggregator, "door@inner-02", "healthy"))
            port = aggregator.port
            aggregator.stop()
            away = time.time()
            accepted = door.accepted
            wait_until(lambda: door.accepted >= accepted + 4)
            back = time.time()
            aggregator.environment["PORT"] = str(port)
            aggregator.start()
            wait_until(lambda: int(aggregator.sql(
                "SELECT count(*) FROM monitoring.service_health_history WHERE \"timestamp\" BETWEEN"
                f" to_timestamp({away}) AND to_timestamp({back})")[0][0]) >= 3, 60)
        assert aggregator.sql("SELECT count(*) FROM monitoring.service_checks") == aggregator.sql(
            "SELECT sum(checks) FROM monitoring.service_hours")
    door.shut()


def test_a_bad_configuration_is_told_and_nothing_starts():
    with Aggregator() as aggregator:
        for value, fault in (
                ("{", "is no valid JSON"),
                ({"x": "ftp://u:secret@h/"}, "'x': url must begin with http://, https:// or tcp://"),
                ({"x": {"url": "http://h", "verify": False}}, "'x': unknown key \"verify\"")):
            text = value if isinstance(value, str) else json.dumps(value)
            done = Agent(aggregator, "inner-03").run(
                "--check-config", environment={"CHORUS_AGENT_SERVICE_ENDPOINTS": text})
            assert done.returncode == 78
            assert f"agent-service-endpoints: {fault}" in done.stderr
            assert "secret" not in done.stderr
        done = Agent(aggregator, "inner-03").run("--print-config", environment=checking(
            {"x": "http://ann:secret@h/?token=hidden"}))
        assert done.returncode == 0 and "agent-service-endpoints" in done.stdout
        assert "secret" not in done.stdout
