"""Receivers of notifications, good and bad ones, each on a free port of 127.0.0.1."""

import base64
import http.server
import json
import random
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time


class Webhook:
    """Keeps what it was sent. `answer(handler)` decides what it answers: a status, or None if it
    has dealt with the connection by itself."""

    def __init__(self, answer=lambda handler: 200):
        self.requests = []  # of (status, headers, parsed body), in the order of arrival
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.raw_body = body
                status = answer(self)
                with receiver.lock:
                    receiver.requests.append((status, dict(self.headers), json.loads(body), body))
                if status is not None:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self):
        """What was answered 2xx."""
        with self.lock:
            return [r for r in self.requests if r[0] is not None and 200 <= r[0] < 300]

    def alerts(self):
        """(idempotency key, alert id, event) of each alert that was taken, in order."""
        return [(a["idempotencyKey"], a["alertId"], a["event"])
                for _, _, body, _ in self.taken() for a in body["alerts"]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def failing(share, seed=1):
    """An answer that is 503 for a share of the requests."""
    chance = random.Random(seed)
    return lambda handler: 503 if chance.random() < share else 200


def drip(handler):
    """One byte of the head a second, for ever."""
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"x" * 1000:
        try:
            handler.wfile.write(bytes([byte]))
        except OSError:
            return None
        time.sleep(1)
    return None


def endless_body(handler):
    handler.wfile.write(b"HTTP/1.1 500 Error\r\n\r\n")
    try:
        while True:
            handler.wfile.write(b"x" * 65536)
    except OSError:
        return None


def reset_after_2xx(handler):
    """A 200 and then a reset in place of a clean end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok")
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return 299  # counts as taken; what send_response writes goes nowhere


def dead_port():
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificate(directory):
    """A certificate for localhost and 127.0.0.1 that signs itself; its path and that of its key."""
    certificate, key = f"{directory}/cert.pem", f"{directory}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
                    certificate], check=True, capture_output=True, timeout=60)
    return certificate, key


class AlertSubscriber:
    """A real `redis-cli subscribe alerts`; keeps the alerts that it prints, in order."""

    def __init__(self, redis_url):
        path = redis_url.split("?")[0].removeprefix("unix://")
        self.program = subprocess.Popen(["redis-cli", "-s", path, "--csv", "subscribe", "alerts"],
                                        stdout=subprocess.PIPE, text=True)
        self.alerts = []
        while '"subscribe"' not in self.program.stdout.readline():
            pass
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.program.stdout:
            # --csv quotes as C does: the payload is the third value, a string in a string.
            self.alerts.append(json.loads(json.loads(line.split(",", 2)[2])))

    def events(self, alert):
        return [a["event"] for a in list(self.alerts) if a["id"] == alert]

    def close(self):
        self.program.terminate()
        self.program.wait(20)


class MailHandler(socketserver.BaseRequestHandler):
    """One connection to a MailServer, which is `self.server.sink`."""

    def handle(self):
        self.talk = self.request.makefile("rwb", buffering=0)
        state = {"tls": False, "user": None}
        self.say("220 sink ready")
        while line := self.talk.readline():
            command = line.decode("utf-8", "replace").rstrip("\r\n")
            self.server.sink.commands.append(command)
            if not self.obey(command, state):
                return

    def say(self, text):
        self.talk.write(text.encode() + b"\r\n")

    def obey(self, command, state):
        verb = command.split(":")[0].split(" ")[0].upper()
        if verb in ("EHLO", "HELO"):
            state["hello"] = command[5:]
        if own := self.server.sink.answer(command, state):
            self.say(own)
        elif verb == "HELO":
            self.say("250 sink")
        elif verb == "EHLO":
            self.offer(state)
        elif verb == "STARTTLS":
            self.say("220 go")
            self.request = self.server.sink.context.wrap_socket(self.request, server_side=True)
            self.talk = self.request.makefile("rwb", buffering=0)
            state["tls"] = True
        elif verb == "AUTH":
            _, user, password = base64.b64decode(command.split(" ")[2]).decode().split("\0")
            if (user, password) != self.server.sink.login:
                self.say("535 no")
            else:
                state["user"] = user
                self.say("235 welcome")
        elif verb == "DATA":
            self.take(state)
        elif verb == "MAIL":
            state["from"] = command
            self.say("250 ok")
        elif verb == "RCPT":
            state["to"] = command
            self.say("550 unknown" if "unknown@" in command else "250 ok")
        elif verb == "QUIT":
            self.say("221 bye")
            return False
        else:
            self.say("502 what")
        return True

    def offer(self, state):
        offers = ["sink"]
        if self.server.sink.context and not state["tls"]:
            offers.append("STARTTLS")
        if self.server.sink.login and state["tls"]:
            offers.append("AUTH PLAIN LOGIN")
        for offer in offers[:-1]:
            self.say("250-" + offer)
        self.say("250 " + offers[-1])

    def take(self, state):
        self.say("354 go on")
        lines = []
        while (line := self.talk.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.server.sink.mails.append({**state, "data": b"".join(lines)})
        self.say("250 taken")


class MailServer:
    """Takes mail; with `certificate` it offers STARTTLS and then asks for a login. `answer(command,
    state)` may reply in its place; None leaves it to this server."""

    def __init__(self, certificate=None, key=None, login=None, answer=lambda command, state: None):
        self.mails = []   # of {"from", "to", "data", "tls", "user"}
        self.commands = []
        self.login = login
        self.answer = answer
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, key)
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailHandler)
        self.server.sink = self
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
