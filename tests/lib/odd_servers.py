"""HTTP servers that answer as strange ones in the field do, each on a free port of loopback."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading


def sends(answer):
    return lambda connection, closed: connection.sendall(answer)


def stalls(answer):
    """Sends it and then neither goes on nor hangs up."""
    def serve(connection, closed):
        connection.sendall(answer)
        closed.wait(60)
    return serve


def streams(head, piece):
    """A stream of events that never ends."""
    def serve(connection, closed):
        connection.sendall(head)
        while not closed.wait(0.2):
            connection.sendall(piece)
    return serve


def sends_and_resets(answer):
    def serve(connection, closed):
        connection.sendall(answer)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return serve


def sends_without_close_notify(answer):
    def serve(connection, closed):
        connection.sendall(answer)
        # The TCP connection ends while TLS has not been told so.
        with socket.socket(fileno=os.dup(connection.fileno())) as below:
            below.shutdown(socket.SHUT_RDWR)
    return serve


class OddServer:
    """Answers each request by `serve(connection, closed)`; with `context` over TLS."""

    def __init__(self, serve, context=None):
        self.serve = serve
        self.context = context
        self.closed = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if context else "http"
        self.url = f"{scheme}://localhost:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with contextlib.suppress(OSError):
            connection.settimeout(30)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(4096)
                if not piece:
                    break
                request += piece
            else:
                self.serve(connection, self.closed)
        connection.close()

    def close(self):
        self.closed.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Chain:
    """A certificate for localhost that an intermediate authority signed, which ends in 3 days."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.root = self.directory + "/root.pem"
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self._openssl("req", "-x509", *key, "-keyout", "root.key", "-out", "root.pem", "-days",
                      "3650", "-subj", "/CN=root", "-addext", "basicConstraints=critical,CA:TRUE")
        self._sign(key, "middle", "root", 3, "basicConstraints=critical,CA:TRUE")
        self._sign(key, "leaf", "middle", 300, "subjectAltName=DNS:localhost,IP:127.0.0.1")
        with open(self.directory + "/chain.pem", "w", encoding="ascii") as chain:
            for name in ("leaf", "middle"):
                with open(f"{self.directory}/{name}.pem", encoding="ascii") as part:
                    chain.write(part.read())

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True,
                       capture_output=True, timeout=60)

    def _sign(self, key, name, issuer, days, extension):
        self._openssl("req", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj",
                      "/CN=" + name)
        with open(f"{self.directory}/{name}.ext", "w", encoding="ascii") as extensions:
            extensions.write(extension + "\n")
        self._openssl("x509", "-req", "-in", name + ".csr", "-CA", issuer + ".pem", "-CAkey",
                      issuer + ".key", "-CAcreateserial", "-days", str(days), "-extfile",
                      name + ".ext", "-out", name + ".pem")

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory + "/chain.pem", self.directory + "/leaf.key")
        return context
