"""A proxy that spoils a part of what passes through it: for tests of what a client makes of a server's bad days."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

RETRIED = ("429", "500", "503", "reset", "truncated", "delay", "no JSON", "empty")
FAULTS = (*RETRIED, "no choices", "null")  # after the latter two, texts are asked for under another seed
SHARE = 0.3


class Proxy:
    """Stands before the server at `url`; of its POSTs it spoils three in ten, each by one of `faults`.

    Which ones follows from the request's body and how often it came, not from the order in which several come.
    `counted` says how often it did what, "passed" among them; while `down`, every connection is reset.
    """

    def __init__(self, url: str, faults: tuple[str, ...] = FAULTS) -> None:
        self.counted: Counter[str] = Counter()
        self.down = False
        self.passed: Callable[[], None] = lambda: None  # called whenever a reply has come from the server
        self.target, self._faults = urlsplit(url), faults
        self._came: Counter[bytes] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}{self.target.path}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def fault(self, body: bytes) -> str:
        """What becomes of this request, when it comes for the n-th time."""
        with self._lock:
            self._came[body] += 1
            drawn = int.from_bytes(blake2b(body + str(self._came[body]).encode(), digest_size=6).digest()) / 2**48
            fault = self._faults[int(drawn / SHARE * len(self._faults))] if drawn < SHARE else "passed"
            self.counted[fault] += 1
        return fault

    def lead_to(self, url: str) -> None:
        """From now on the server is that at `url`."""
        self.target = urlsplit(url)

    @property
    def injected(self) -> int:
        """How many requests were spoilt."""
        return sum(count for fault, count in self.counted.items() if fault != "passed")

    def close(self) -> None:
        """Ends the proxy."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Passes a request on, or spoils it."""

    proxy: Proxy
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.pass_on(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.proxy.fault(body)
        if fault in ("429", "500", "503"):
            self.reply(int(fault), b'{"error": {"message": "a bad day"}}', {"Retry-After": "0"})
        elif fault == "reset":
            self.reset()
        elif fault in ("no JSON", "empty", "no choices", "null"):
            content = {"no JSON": b'{"choices": [{"te', "no choices": b'{"id": 1}', "null": b"null"}
            self.reply(200, content.get(fault, b""), {})
        else:
            time.sleep(0.2 if fault == "delay" else 0)
            self.pass_on(body, cut=fault == "truncated")

    def pass_on(self, body: bytes | None, cut: bool = False) -> None:
        if self.proxy.down:
            self.reset()
            return
        connection = http.client.HTTPConnection(self.proxy.target.hostname or "", self.proxy.target.port, timeout=300)
        try:
            kind = {"Content-Type": "application/json"}
            connection.request(self.command, self.path, body, kind if body else {})
            response = connection.getresponse()
            content = response.read()
        except OSError:
            self.reset()
            return
        finally:
            connection.close()
        self.proxy.passed()
        self.reply(response.status, content, {}, cut=cut)

    def reply(self, status: int, content: bytes, headers: dict[str, str], cut: bool = False) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = cut

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        self.wfile = self.rfile = open("/dev/null", "r+b")  # noqa: SIM115 (nothing more is said)

    def log_message(self, *_: Any) -> None:
        pass
