"""Many agents that listen and have nothing to hear: memory, and how long a call to all of them takes."""

import binascii
import hashlib
import os
import resource
import secrets
import select
import socket
import time

from chorus_harness import Aggregator, wait_until

AGENTS = 10_000


def make_tokens(aggregator, count):
    """Agent tokens that are bound already, as (token, agent id)."""
    made = []
    rows = []
    for number in range(count):
        text = "chr_agent_" + secrets.token_urlsafe(32)
        token = f"{text}_{binascii.crc32(text.encode()):08x}"
        agent = f"00000000-0000-4000-8000-{number:012x}"
        made.append((token, agent))
        rows.append(f"('b{number}','agent','\\x{hashlib.sha256(token.encode()).hexdigest()}',"
                    f"'{agent}')")
    for start in range(0, count, 500):
        aggregator.sql("INSERT INTO monitoring.tokens (name, role, hash, agent_id) VALUES "
                       + ",".join(rows[start:start + 500]))
    return made


def rss_mb(aggregator):
    with open(f"/proc/{aggregator.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def open_stream(port, token, agent):
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(
        f"GET /api/v1/agents/stream HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"X-Chorus-Agent: {agent}\r\n\r\n".encode())
    received = b""
    while b"event: config" not in received:
        piece = connection.recv(4096)
        if not piece:
            raise AssertionError(received)
        received += piece
    return connection


def read_all(connections, text):
    """Seconds until the last connection has received the text."""
    poll = select.epoll()
    left = {}
    for connection in connections:
        left[connection.fileno()] = (connection, b"")
        poll.register(connection.fileno(), select.EPOLLIN)
    begin = time.monotonic()
    while left:
        for number, _ in poll.poll(30):
            if number not in left:
                continue
            connection, received = left[number]
            received += connection.recv(4096)
            left[number] = (connection, received)
            if text in received:
                poll.unregister(number)
                del left[number]
    return time.monotonic() - begin


def bench_streams(add):
    print(f"{AGENTS:,} agents that listen:")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < AGENTS + 2_000:  # here, and in the aggregator
        print(f"  not run: the limit of open files is {hard}")
        return
    with Aggregator() as aggregator:
        operator = aggregator.token("operator")
        tokens = make_tokens(aggregator, AGENTS)
        before = rss_mb(aggregator)
        begin = time.monotonic()
        connections = [open_stream(aggregator.port, *token) for token in tokens]
        add("connect them one after the other", time.monotonic() - begin, "s")
        wait_until(lambda: f'sse_clients{{kind="agent"}} {AGENTS}' in
                   aggregator.get("/metrics").body.decode(), 30, "all streams")
        time.sleep(5)  # threads that served the requests end
        add("memory for them", rss_mb(aggregator) - before, "MB", 40, "less")
        add("the program in all", rss_mb(aggregator), "MB")
        begin = time.monotonic()
        answer = aggregator.request("POST", "/api/v1/metrics/collect", token=operator)
        assert answer.status == 202 and answer.json["hosts"] == AGENTS, answer.body
        add("collect: answered after", (time.monotonic() - begin) * 1e3, "ms")
        read_all(connections, b"collect_now")
        add("collect: heard by the last after", (time.monotonic() - begin) * 1e3, "ms")
        for connection in connections:
            connection.close()
