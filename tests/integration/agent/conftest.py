import shutil
import subprocess
import sys
import time

import psutil
import pytest
from agent_probe import LONG_NAME, ODD_NAME, Sent


@pytest.fixture(scope="session")
def children(tmp_path_factory):
    """Processes with odd and long names, threads, a zombie, and one that keeps a core busy."""
    folder = tmp_path_factory.mktemp("programs")
    started = {}
    for name in (ODD_NAME, LONG_NAME):
        program = folder / name
        shutil.copy("/bin/sleep", program)
        started[name] = subprocess.Popen([str(program), "600"])
    threads = "import threading,time\nfor _ in range(4): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\nx = bytearray(32 << 20)\nprint(flush=True)\ntime.sleep(600)"
    started["threads"] = subprocess.Popen([sys.executable, "-c", threads], stdout=subprocess.PIPE)
    started["threads"].stdout.readline()
    started["busy"] = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    started["secret"] = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 600; : --password=CANARY token CANARY --user=bob"])
    zombie = subprocess.Popen(["/bin/true"])
    until = time.monotonic() + 20
    while psutil.Process(zombie.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
        time.sleep(0.01)
    started["zombie"] = zombie
    yield started
    for process in started.values():
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def sent(children, tmp_path_factory):
    return Sent(tmp_path_factory.mktemp("work"))
