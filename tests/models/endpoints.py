"""Real HTTP servers on this machine that answer as a test wants them to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import wrap
from typing import Any

Reply = tuple[int, dict[str, str], Any]


class Endpoint:
    """A real HTTP server on this machine: `answer` makes the reply to the n-th POST, as JSON or as bytes.

    `pages` are the replies to GETs by their paths; `requests` holds body, headers and time of each POST, `paths` where
    it went.
    """

    def __init__(self, models: Any) -> None:
        self.answer: Callable[[int, dict[str, Any]], Reply] = lambda number, body: (200, {}, self.choices(body))
        self.pages: dict[str, Reply] = {"/v1/models": (200, {}, models)}
        self.requests: list[tuple[dict[str, Any], dict[str, str], float]] = []
        self.paths: list[str] = []
        lock, endpoint = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.reply(*endpoint.pages.get(self.path, (404, {}, {"error": "not found"})))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    endpoint.requests.append((body, dict(self.headers), time.monotonic()))
                    endpoint.paths.append(self.path)
                    number = len(endpoint.requests)
                self.reply(*endpoint.answer(number, body))

            def reply(self, status: int, headers: dict[str, str], content: Any) -> None:
                payload = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        self.url = f"{self.root}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was sent, in order."""
        return [body for body, _, _ in self.requests]

    @staticmethod
    def choices(body: dict[str, Any], prompt_tokens: int | None = None) -> dict[str, Any]:
        """A proper reply to a completions request, whose texts tell the prompt's first token."""
        choices = [
            {"index": n, "text": f"{body['prompt'][0]}-{n}", "finish_reason": "stop"} for n in range(body.get("n", 1))
        ]
        tokens = len(body["prompt"]) if prompt_tokens is None else prompt_tokens
        return {"choices": choices[::-1], "usage": {"prompt_tokens": tokens}}

    @staticmethod
    def answers(body: dict[str, Any], text: str | None = None, **message: Any) -> dict[str, Any]:
        """A proper reply to a chat request, which repeats the last turn unless there is a text."""
        content = body["messages"][-1]["content"] if text is None else text
        choices = [
            {"index": n, "message": {"role": "assistant", "content": content, **message}, "finish_reason": "stop"}
            for n in range(body.get("n", 1))
        ]
        return {"choices": choices[::-1]}

    def obey(self) -> None:
        """From now on each chat request is answered by words that follow from its seed and its last turn, or where a
        schema is sent, by such an object: of choices, the last."""

        def content(body: dict[str, Any]) -> str:
            words = " ".join(
                wrap(blake2b(json.dumps([body.get("seed"), body["messages"]]).encode()).hexdigest()[:40], 4)
            )
            if "response_format" not in body:
                return f"Here is what I think of it: {words}."
            fields = body["response_format"]["json_schema"]["schema"]["properties"]
            return json.dumps({key: field.get("enum", [words])[-1] for key, field in fields.items()})

        self.answer = lambda number, body: (200, {}, self.answers(body, content(body)))

    def close(self) -> None:
        """Ends the server."""
        self.server.shutdown()
        self.server.server_close()
