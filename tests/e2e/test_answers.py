"""The agent before a server that gives every answer there is: nothing kept is lost or doubled."""

import json
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import zstandard
from chorus_harness import Agent, Aggregator, wait_until

OK_OF_SOMEBODY_ELSE = b'{"status":"fine"}'


def answer(status, body=b"{}", **headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


# What one request each is answered with; the request after it goes through.
KEPT = {
    "redirect": answer(307, Location="http://127.0.0.1:1/api/v1/ingest"),
    "moved": answer(301, Location="http://127.0.0.1:1/"),
    "timeout": answer(408), "too early": answer(425),
    "busy": answer(429, Retry_After=1), "broken": answer(500), "bad gateway": answer(502),
    "away": answer(503, Retry_After=1), "late": answer(504), "unknown": answer(599),
    "not ours": answer(200, OK_OF_SOMEBODY_ELSE), "no content": answer(204, b""),
    "no length": b"HTTP/1.1 200 OK\r\n\r\n", "no http": b"SSH-2.0-OpenSSH\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-", "nothing": b"",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"accepted\":",
    "huge": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    "conflict": answer(409, b'{"type":"batch_conflict","detail":"x"}'),
    "too large": answer(413),
}
DEAD = {"malformed": answer(400), "media type": answer(415), "unprocessable": answer(422)}


class Stub:
    """Passes requests on to an aggregator, but for those that get an answer of the list."""

    def __init__(self, port, answers):
        self.port, self.answers = port, list(answers.items())
        self.given, self.refused, self.received = [], [], []
        self.lock = threading.Lock()
        self.passes = 0
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                stub.handle(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        moment = json.loads(zstandard.decompress(body))["timestamp"]
        with self.lock:
            self.received.append(moment)
            # Each fault is followed by a success, so that waiting times stay short.
            faulty = bool(self.answers) and self.passes > len(self.given)
            if faulty:
                name, reply = self.answers.pop(0)
                self.given.append(name)
                if name in DEAD:
                    self.refused.append(moment)
        if faulty:
            request.wfile.write(reply)
            request.close_connection = True
            return
        onward = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        onward.request("POST", request.path, body, headers)
        response = onward.getresponse()
        request.wfile.write(answer(response.status, response.read()))
        onward.close()
        with self.lock:
            self.passes += response.status == 200

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def test_every_answer_is_dealt_with():
    faults = {**KEPT, **DEAD}
    with Aggregator() as aggregator:
        stub = Stub(aggregator.port, faults)
        with Agent(aggregator, "answers-01", environment={
                "CHORUS_AGGREGATOR_URL": f"http://127.0.0.1:{stub.server.server_port}"}):
            wait_until(lambda: not stub.answers, 180, "all answers to be given")

            def missing():
                rows = aggregator.sql("SELECT to_char(ts AT TIME ZONE 'UTC',"
                                      " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                                      " FROM monitoring.system_batches")
                stored = [row[0] for row in rows]
                assert len(stored) == len(set(stored)), "a batch was stored twice"
                with stub.lock:
                    kept = set(stub.received) - set(stub.refused)
                return kept - set(stored)

            wait_until(lambda: not missing(), 60, "all that was kept to be stored")
            assert stub.given == list(faults)
            assert len(stub.refused) == len(DEAD)
            wait_until(lambda: aggregator.sql(
                "SELECT max(metric_value) FROM monitoring.system_metrics WHERE metric_type ="
                " 'agent_dropped_samples_count'") == [[str(len(DEAD))]], 10, "the count")
            print(f"{len(faults)} answers: {len(KEPT)} kept and stored once, {len(DEAD)} set aside,"
                  " 0 lost")
        stub.close()
