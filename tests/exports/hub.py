"""A server that speaks as much of the Hugging Face Hub's API as an upload of small files takes."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_of_the_test"


class Hub:
    """What the server holds: datasets by name, each with whether it is private, and its files."""

    def __init__(self):
        self.private, self.files = {}, {}
        self.address = ""


class Handler(BaseHTTPRequestHandler):
    """Answers for the server's hub."""

    @property
    def hub(self) -> Hub:
        return self.server.hub

    def do_GET(self):
        name = self.path.removeprefix("/api/datasets/").partition("/revision/")[0].partition("?")[0]
        if name not in self.hub.private:
            return self.answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        entry = {"id": name, "private": self.hub.private[name], "siblings": [], "sha": "0" * 40, "tags": []}
        return self.answer(200, entry)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"error": "Invalid username or password."})
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if path == "/api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        name, _, action = path.removeprefix("/api/datasets/").rpartition("/main")[0].rpartition("/")[0], "", path
        if "/preupload/" in action:
            files = [{**file, "uploadMode": "regular", "shouldIgnore": False} for file in json.loads(body)["files"]]
            return self.answer(200, {"files": files})
        if "/commit/" in action:
            return self.commit(name, [json.loads(line) for line in body.splitlines()])
        return self.answer(404, {"error": f"nothing at {path}"})

    def create(self, wanted):
        name = f"{wanted.get('organization') or 'me'}/{wanted['name']}"
        address = {"url": f"{self.hub.address}/datasets/{name}"}
        if name in self.hub.private:
            return self.answer(409, {"error": "You already created this dataset repo", **address})
        self.hub.private[name], self.hub.files[name] = wanted["visibility"] == "private", {}
        return self.answer(200, address)

    def commit(self, name, lines):
        files = (line["value"] for line in lines if line["key"] == "file")
        self.hub.files[name] |= {file["path"]: b64decode(file["content"]) for file in files}
        done = {"commitUrl": f"{self.hub.address}/datasets/{name}/commit/{'0' * 40}", "commitOid": "0" * 40}
        return self.answer(200, {**done, "success": True})

    def answer(self, status, content, headers=()):
        text = json.dumps(content).encode()
        self.send_response(status)
        for key, value in {**dict(headers), "Content-Type": "application/json"}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Tests are quiet."""


@contextmanager
def served() -> Iterator[Hub]:
    """A hub that is empty, on a port of its own."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = hub
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
