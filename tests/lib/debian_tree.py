"""A Debian of its own in a directory, with processes, network and mounts that end with it.

Needs root. There is no systemd inside; service() runs a daemon as its unit would.
"""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile

PACKAGES = pathlib.Path(__file__).parents[1] / "packages"

_LOOPBACK_UP = """
import fcntl, socket, struct
s = socket.socket()
fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING
"""


class Tree:
    def __init__(self, packages=()):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chorus-tree-")) / "root"
        self.services = []
        self.keeper = None
        try:
            done = subprocess.run([PACKAGES / "debian-tree", self.root, *packages], timeout=1800,
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            self._enter()
        except BaseException:
            self.close()
            raise

    def _enter(self):
        mounts = (f"mount -t proc proc {self.root}/proc && mount --rbind /dev {self.root}/dev && "
                  f"mount -t tmpfs -o mode=755 run {self.root}/run && echo up && exec sleep infinity")
        self.keeper = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", mounts],
            stdout=subprocess.PIPE, text=True)
        assert self.keeper.stdout.readline() == "up\n"
        with open(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children") as children:
            self.pid = children.read().split()[0]
        subprocess.run(["nsenter", "-t", self.pid, "--net", "/usr/bin/python3", "-c",
                        _LOOPBACK_UP], check=True)

    def _inside(self, command):
        return ["nsenter", "-t", self.pid, "--mount", "--pid", "--net", "chroot", str(self.root),
                *command]

    def run(self, *command, user=None, check=True, stdin=None, timeout=120, environment=None):
        """Runs a command inside, as root or as `user`; a word with blanks alone is for the shell."""
        if len(command) == 1:
            command = ("sh", "-c", command[0])
        if user:
            command = ("runuser", "-u", user, "--", *command)
        done = subprocess.run(
            self._inside(command), input=stdin or "", capture_output=True, text=True, check=False,
            timeout=timeout, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                  "DEBIAN_FRONTEND": "noninteractive", **(environment or {})})
        assert not check or done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done

    def path(self, name):
        return self.root / name.lstrip("/")

    def install(self, *packages):
        """As an administrator does: apt looks at what they depend on; edited config files stay."""
        for package in packages:
            shutil.copy(package, self.path("/root"))
        names = [f"/root/{pathlib.Path(package).name}" for package in packages]
        return self.run("apt-get", "install", "-y", "--no-install-recommends", "--allow-downgrades",
                        "-o", "Dpkg::Options::=--force-confdef", "-o",
                        "Dpkg::Options::=--force-confold", *names)

    def status(self, package):
        done = self.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package,
                        check=False)
        return done.stdout.strip()

    def start_postgresql(self):
        self.run("mkdir -p /run/postgresql && chown postgres:postgres /run/postgresql && "
                 "chmod 2775 /run/postgresql && pg_ctlcluster 15 main start")

    def start_redis(self):
        self.run("mkdir -p /run/redis && chown redis:redis /run/redis")
        self.run("redis-server", "/etc/redis/redis.conf", user="redis")

    def unit(self, name):
        """The settings of an installed unit, each as a list."""
        settings = {}
        for line in self.path(f"/lib/systemd/system/{name}.service").read_text().splitlines():
            key, found, value = line.partition("=")
            if found and not line.startswith("#"):
                settings.setdefault(key, []).append(value)
        return settings

    def service(self, name):
        """Starts the daemon of a unit: its command, user, capabilities, mask and limits."""
        unit = self.unit(name)
        assert unit["CapabilityBoundingSet"] == [""] and unit["NoNewPrivileges"] == ["yes"]
        user, group = unit["User"][0], unit["Group"][0]
        directory = f"/var/lib/{unit['StateDirectory'][0]}"
        self.run(f"install -d -m {unit['StateDirectoryMode'][0]} -o {user} -g {group} {directory}")
        script = "".join(f"[ ! -e {f[1:]} ] || {{ set -a; . {f[1:]}; set +a; }}; "
                         for f in unit["EnvironmentFile"])
        script += (f"umask {unit['UMask'][0]}; cd /; exec setpriv --reuid {user} --regid {group} "
                   "--init-groups --no-new-privs --bounding-set=-all --inh-caps=-all "
                   f"{unit['ExecStart'][0]}")
        log = open(self.root.parent / f"{name}.log", "ab")
        process = subprocess.Popen(self._inside(["sh", "-c", script]), stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        log.close()
        self.services.append(process)
        return process

    def log(self, name):
        return (self.root.parent / f"{name}.log").read_text()

    def stop(self, process):
        """As systemd does: SIGTERM to the daemon, whose exit status is answered."""
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as children:
            inner = children.read().split()
        for pid in inner or [process.pid]:
            os.kill(int(pid), signal.SIGTERM)
        code = process.wait(30)
        self.services.remove(process)
        return code

    def files(self, *folders):
        """Every path below with its mode and owner."""
        done = self.run(f"find {shlex.join(folders)} -printf '%p %m %u:%g\\n' 2>/dev/null || true")
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    def close(self):
        if self.keeper is not None:
            self.keeper.kill()
            self.keeper.wait()
            for process in self.services:
                process.wait()
        shutil.rmtree(self.root.parent, ignore_errors=True)
