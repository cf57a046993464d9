"""The sample configurations of nginx and HAProxy: they are valid and agents and people get through."""

import http.client
import os
import pathlib
import re
import shutil
import ssl
import subprocess

import pytest

from chorus_harness import Agent, Aggregator, free_port, wait_until

PACKAGING = pathlib.Path(__file__).parents[3] / "packaging"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem", "-out",
         folder / "cert.pem"], check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "cert.pem").read_text()
                                     + (folder / "key.pem").read_text())
    return folder


class Proxy:
    """One proxy with the sample's text, but for ports, names and paths of this machine."""

    def __init__(self, kind, folder, certificate, backends):
        self.port, self.kind, self.ca = free_port(), kind, str(certificate / "cert.pem")
        self.process = None
        self.config = folder / f"{kind}.conf"
        self.config.write_text(getattr(self, kind)(folder, certificate, backends))

    def nginx(self, folder, certificate, backends):
        text = (PACKAGING / "nginx/chorus.conf").read_text()
        servers = "".join(f"    server 127.0.0.1:{port} max_fails=2 fail_timeout=5s;\n"
                          for port in backends)
        text, n = re.subn(r"(?m)^    server 127\.0\.0\.1:8082 .*\n", servers, text)
        assert n == 1
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
        text = re.sub(r"(?m)^    listen \[::\]:443 ssl;\n", "", text)
        text = text.replace("/etc/ssl/certs/monitor.example.pem", str(certificate / "cert.pem"))
        text = text.replace("/etc/ssl/private/monitor.example.key", str(certificate / "key.pem"))
        temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off; pid {folder}/pid; error_log stderr;\nevents {{}}\n"
                f"http {{ access_log off;\n{temporary}{text}}}\n")

    def haproxy(self, folder, certificate, backends):
        text = (PACKAGING / "haproxy/chorus.cfg").read_text()
        for name, port in zip(("one 10.0.0.1", "two 10.0.0.2"), backends):
            text = text.replace(f"{name}:8082", f"{name[:3]} 127.0.0.1:{port}")
        text = text.replace("bind :443", f"bind 127.0.0.1:{self.port}")
        return text.replace("/etc/haproxy/monitor.example.pem", str(certificate / "both.pem"))

    def command(self, check):
        if self.kind == "nginx":
            return ["nginx", *(["-t"] if check else []), "-e", "stderr", "-c", str(self.config)]
        return ["haproxy", "-c" if check else "-db", "-f", str(self.config)]

    def check(self):
        return subprocess.run(self.command(True), capture_output=True, text=True, timeout=60,
                              check=False, env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/bin"})

    def start(self):
        self.process = subprocess.Popen(self.command(False), stdin=subprocess.DEVNULL,
                                        env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/bin"})
        wait_until(lambda: self.status("/health") == 200, 30, self.kind)

    def status(self, path, token=None):
        context = ssl.create_default_context(cafile=self.ca)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        try:
            headers = {"Authorization": "Bearer " + token} if token else {}
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)


def proxies():
    for kind, package in (("nginx", "nginx-light"), ("haproxy", "haproxy")):
        there = shutil.which(kind, path="/usr/sbin:/usr/bin")
        yield pytest.param(kind, marks=pytest.mark.skipif(
            not there, reason=f"needs: {kind} (package {package})"))


@pytest.mark.parametrize("kind", proxies())
def test_the_sample_is_valid(kind, certificate, tmp_path):
    done = Proxy(kind, tmp_path, certificate, [8082, 8083]).check()
    assert done.returncode == 0, done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower(), done.stderr


@pytest.mark.parametrize("kind", proxies())
def test_agents_and_readers_get_through_and_an_aggregator_may_fail(kind, certificate, tmp_path):
    behind = {"CHORUS_BEHIND_TLS_PROXY": "true"}
    first = Aggregator(behind)
    second = Aggregator(behind, database_url=first.database_url, redis_url=first.redis_url)
    proxy = None
    try:
        for aggregator in (first, second):
            aggregator.start(wait_ready=False)
            wait_until(lambda a=aggregator: a.get("/ready").status == 200, 60, "/ready")
        proxy = Proxy(kind, tmp_path, certificate, [first.port, second.port])
        proxy.start()
        viewer = first.token("viewer")
        assert proxy.status("/api/v1/hosts") == 401  # strangers do not become loopback's people
        assert proxy.status("/api/v1/hosts", viewer) == 200

        def batches():
            return int(first.sql("SELECT count(*) FROM monitoring.system_batches")[0][0])

        agent = Agent(first, "behind-01", environment={
            "CHORUS_AGGREGATOR_URL": f"https://localhost:{proxy.port}",
            "CHORUS_TLS_CA_FILE": proxy.ca})
        with agent:
            wait_until(lambda: batches() >= 2, 60, "batches through the proxy")
            # The agent's stream goes the same way.
            operator = first.token("operator")
            def asked(aggregator):
                answer = aggregator.request("POST", "/api/v1/metrics/collect", token=operator)
                return answer.json["hosts"] if answer.status == 202 else 0

            wait_until(lambda: asked(first) + asked(second) == 1, 30, "the agent's stream")
            second.kill()
            before = batches()
            wait_until(lambda: batches() >= before + 2, 60, "batches with one aggregator")
            assert proxy.status("/api/v1/hosts", viewer) == 200
    finally:
        if proxy is not None:
            proxy.stop()
        second.close()
        first.close()
