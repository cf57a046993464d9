"""A Debian of its own that systemd has booted: units run as they do on a server. Needs root."""

import os
import pathlib
import signal
import subprocess

from chorus_harness import wait_until
from debian_tree import Tree


class Machine(Tree):
    def __init__(self, packages=()):
        super().__init__(["systemd", "systemd-sysv", "dbus", *packages])

    def _enter(self):
        # Packages shall start what they bring, as they do on a server.
        self.path("/usr/sbin/policy-rc.d").unlink()
        self.boot_log = self.root.parent / "boot.log"
        with open(self.boot_log, "wb") as log:
            self.keeper = subprocess.Popen(
                ["systemd-nspawn", "--directory", self.root, "--machine", f"chorus-{os.getpid()}",
                 "--boot", "--register=no", "--keep-unit", "--private-network",
                 # Without it nspawn's own filter refuses to tell the time's state to all inside.
                 "--capability=CAP_SYS_TIME", "--console=read-only"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = wait_until(self._first_process, 60, "systemd")
        wait_until(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip()
                   in ("running", "degraded"), 120, "the end of booting")

    def _first_process(self):
        assert self.keeper.poll() is None, self.boot_log.read_text(errors="replace")
        with open(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children") as children:
            for pid in children.read().split():
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                    return pid
        return None

    def _inside(self, command):
        return ["nsenter", "-t", self.pid, "--mount", "--pid", "--net", "--uts", "--ipc",
                "--cgroup", *command]

    def show(self, unit, field):
        """A property of a unit as systemctl tells it."""
        return self.run("systemctl", "show", "--value", "-p", field, unit).stdout.strip()

    def journal(self, unit):
        return self.run("journalctl", "-o", "cat", "-u", unit).stdout

    def close(self):
        if self.keeper is not None and self.keeper.poll() is None:
            os.kill(int(self.pid), signal.SIGRTMIN + 4)  # power off
            try:
                self.keeper.wait(30)
            except subprocess.TimeoutExpired:
                pass
        super().close()
