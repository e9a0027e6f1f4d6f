"""An `http` state backend for Terraform, inside this process.

Keeps the state of each path in memory. The bench uses it because Terraform's
default local state makes an apply quadratic in Terraform itself, which would
drown what the providers cost.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without this the body of an answer waits for the client's delayed ACK.
    disable_nagle_algorithm = True

    def do_GET(self):
        with self.server.guard:
            state = self.server.states.get(self._key())
        self._answer(404 if state is None else 200, state)

    def do_POST(self):
        body = self._body()
        with self.server.guard:
            self.server.states[self._key()] = body
        self._answer(200)

    def do_DELETE(self):
        with self.server.guard:
            self.server.states.pop(self._key(), None)
        self._answer(200)

    def do_LOCK(self):
        body = self._body()
        with self.server.guard:
            holder = self.server.locks.setdefault(self._key(), body)
        if holder is body:
            self._answer(200)
        else:
            self._answer(423, holder)

    def do_UNLOCK(self):
        body = self._body()
        with self.server.guard:
            holder = self.server.locks.get(self._key())
            mine = holder is None or not body or json.loads(holder)["ID"] == json.loads(body)["ID"]
            if mine:
                self.server.locks.pop(self._key(), None)
        self._answer(200 if mine else 409, None if mine else holder)

    def _key(self):
        return self.path.partition("?")[0]

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status, body=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if body:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class StateBackend:
    """The server; `with StateBackend() as backend: backend.block("name")`."""

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.guard = threading.Lock()
        self._server.states = {}
        self._server.locks = {}
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def block(self, name):
        """The `backend` block of a configuration whose state is kept under `name`."""
        address = f"http://127.0.0.1:{self._server.server_port}/{name}"
        return (
            '  backend "http" {\n'
            f'    address        = "{address}"\n'
            f'    lock_address   = "{address}"\n'
            f'    unlock_address = "{address}"\n'
            "  }\n"
        )
