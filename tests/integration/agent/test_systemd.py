"""Units of systemd, asked over a real bus of a service that speaks for systemd."""

import json
import subprocess
import threading

import pytest
from agent_probe import run_agent
from chorus_harness import wait_until
from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import DBus
from jeepney.io.blocking import open_dbus_connection

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


def unit(name, active, load="loaded"):
    return (name, f"What {name} is for: ü", load, active, "sub", "",
            "/org/freedesktop/systemd1/unit/" + name.replace(".", "_2e").replace("-", "_2d"),
            0, "", "/")


class FakeSystemd:
    """Answers ListUnits and NRestarts."""

    def __init__(self, address, units, restarts, answers=True):
        self.units, self.restarts, self.answers = units, restarts, answers
        self.connection = open_dbus_connection(address)
        self.connection.send_and_get_reply(DBus().RequestName("org.freedesktop.systemd1"))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                message = self.connection.receive()
            except (OSError, ConnectionError):
                return
            if message.header.message_type == MessageType.method_call and self.answers:
                self.connection.send(self.reply(message))

    def reply(self, message):
        member = message.header.fields[HeaderFields.member]
        if member == "ListUnits":
            return new_method_return(message, "a(ssssssouso)", (self.units,))
        path = message.header.fields[HeaderFields.path]
        assert member == "Get"
        assert message.body == ("org.freedesktop.systemd1.Service", "NRestarts")
        if path not in self.restarts:
            return new_error(message, "org.freedesktop.DBus.Error.UnknownProperty")
        return new_method_return(message, "v", (("u", self.restarts[path]),))


@pytest.fixture
def bus(tmp_path):
    socket = tmp_path / "run/dbus/system_bus_socket"
    socket.parent.mkdir(parents=True)
    config = tmp_path / "bus.conf"
    config.write_text(CONFIG.format(socket=socket))
    daemon = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"],
                              stderr=subprocess.DEVNULL)
    wait_until(socket.exists, 20, "the bus")
    yield f"unix:path={socket}"
    daemon.kill()
    daemon.wait()


def sent(tmp_path):
    result = run_agent(tmp_path, "--test", "--rootfs", str(tmp_path), "--hostname", "h")
    assert result.returncode == 0, result.stderr
    metrics = json.loads(result.stdout)["metrics"]
    return {(name, label): value for (name, label, _), value
            in zip(metrics["layout"], metrics["values"])
            if name.startswith(("unit_", "system_units_"))}


def test_units_are_told(tmp_path, bus):
    units = [unit("ssh.service", "active"), unit("my-app.service", "failed"),
             unit("backup.timer", "failed"), unit("gone.service", "inactive", "not-found"),
             unit("idle.service", "inactive")]
    # More than fits into one read, and into one page of the socket's buffer.
    units += [unit(f"padding-{number}.mount", "active") for number in range(2_000)]
    FakeSystemd(bus, units, {"/org/freedesktop/systemd1/unit/my_2dapp_2eservice": 7})
    # Growth of restarts takes two questions a minute apart: the first is told without a value.
    assert sent(tmp_path) == {
        ("system_units_failed_count", ""): 2,
        ("unit_active", "ssh.service"): 1,
        ("unit_active", "my-app.service"): 0,
        ("unit_failed", "my-app.service"): 1,
        ("unit_failed", "backup.timer"): 1,
        ("unit_restarts_count", "my-app.service"): 0,
    }


def test_a_bus_without_systemd_is_unknown(tmp_path, bus):
    assert sent(tmp_path) == {("system_units_failed_count", ""): None}


def test_a_systemd_that_hangs_is_unknown(tmp_path, bus):
    FakeSystemd(bus, [], {}, answers=False)
    assert sent(tmp_path) == {("system_units_failed_count", ""): None}


def test_a_host_without_a_bus_has_no_units(tmp_path):
    assert sent(tmp_path) == {}
