"""The agent over TLS: whom it believes, and what it carries."""

import socket
import ssl
import subprocess
import threading
import warnings
from pathlib import Path

import pytest
from chorus_harness import Agent, Aggregator, wait_until


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


class Authority:
    """A CA of its own, and certificates of it."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.file = str(directory / "ca.pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "2",
                cwd=directory)

    def certificate(self, name, san, days="2"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=self.directory)
        (self.directory / f"{name}.ext").write_text(f"subjectAltName={san}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem",
                cwd=self.directory)
        return str(self.directory / f"{name}.pem"), str(self.directory / f"{name}.key")


class Front:
    """Ends TLS and hands the bytes on to a port of this machine, as a proxy would."""

    def __init__(self, certificate, port, most_version=ssl.TLSVersion.MAXIMUM_SUPPORTED):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.context.set_ciphers("DEFAULT:@SECLEVEL=0")
        self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        self.context.maximum_version = most_version
        self.target = port
        self.handshakes = 0
        self.received = b""
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(plain,), daemon=True).start()

    def talk(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as client:
                self.handshakes += 1
                with socket.create_connection(("127.0.0.1", self.target)) as server:
                    self.open.append(client)
                    back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                    back.start()
                    self.copy(client, server)
                    back.join(5)
        except OSError:
            plain.close()

    def copy(self, source, target):
        try:
            while data := source.recv(65536):
                if source is not target and isinstance(source, ssl.SSLSocket):
                    self.received += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        for client in self.open:
            client.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


@pytest.fixture(scope="module")
def aggregator():
    with Aggregator() as running:
        yield running


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def front(aggregator, authority):
    fronts = []

    def make(san="DNS:localhost,IP:127.0.0.1", name="server", **options):
        days = options.pop("days", "2")
        fronts.append(Front(authority.certificate(name, san, days), aggregator.port, **options))
        return fronts[-1]

    yield make
    for one in fronts:
        one.close()


def agent_to(aggregator, port, ca_file, host="localhost"):
    return Agent(aggregator, f"tls-{host}", environment={
        "CHORUS_AGGREGATOR_URL": f"https://{host}:{port}", "CHORUS_TLS_CA_FILE": ca_file})


def batches(aggregator):
    return int(aggregator.sql("SELECT count(*) FROM monitoring.system_batches")[0][0])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_batches_arrive_and_a_cut_connection_is_made_anew(aggregator, front, authority, host):
    proxy = front()
    before = batches(aggregator)
    with agent_to(aggregator, proxy.port, authority.file, host) as agent:
        wait_until(lambda: batches(aggregator) >= before + 2, 30, "two batches")
        wait_until(lambda: proxy.handshakes >= 2, 30, "a connection that waits for orders")
        assert proxy.handshakes == 2, "one connection for all batches"
        assert "libssl" in Path(f"/proc/{agent.process.pid}/maps").read_text()
        proxy.cut()
        wait_until(lambda: proxy.handshakes >= 4, 30, "new connections")
        reached = batches(aggregator)
        wait_until(lambda: batches(aggregator) >= reached + 2, 30, "further batches")
    assert agent.token.encode() in proxy.received


def test_without_tls_its_code_is_not_loaded(aggregator):
    before = batches(aggregator)
    with Agent(aggregator, "plain-01") as agent:
        wait_until(lambda: batches(aggregator) > before, 30, "a batch")
        assert "libssl" not in Path(f"/proc/{agent.process.pid}/maps").read_text()


def refused(aggregator, proxy, ca_file, reason, host="localhost"):
    before = batches(aggregator)
    with agent_to(aggregator, proxy.port, ca_file, host) as agent:
        wait_until(lambda: reason in agent.log(), 30, f"{reason!r} in the log")
        assert agent.token not in agent.log()
    assert batches(aggregator) == before
    assert agent.token.encode() not in proxy.received


def test_a_stranger_is_not_believed(aggregator, front, tmp_path):
    refused(aggregator, front(), Authority(tmp_path).file, "certificate is not trusted")


def test_the_systems_cas_do_not_know_ours(aggregator, front):
    refused(aggregator, front(), "", "certificate is not trusted")


def test_another_name_is_not_believed(aggregator, front, authority):
    refused(aggregator, front("DNS:other.example", "other"), authority.file, "ostname mismatch")
    refused(aggregator, front("DNS:localhost", "by-name"), authority.file, "IP address mismatch",
            "127.0.0.1")


def test_an_expired_certificate_is_not_believed(aggregator, front, authority):
    refused(aggregator, front(name="expired", days="-1"), authority.file, "expired")


def test_old_versions_are_not_spoken(aggregator, front, authority):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        proxy = front(name="old", most_version=ssl.TLSVersion.TLSv1_1)
    refused(aggregator, proxy, authority.file, "TLS: ")
    assert proxy.handshakes == 0


def test_plain_http_behind_an_https_url_fails(aggregator, authority):
    with agent_to(aggregator, aggregator.port, authority.file) as agent:
        wait_until(lambda: "TLS: " in agent.log(), 30, "the reason in the log")
