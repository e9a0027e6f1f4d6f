"""`serve` in a folder of its own, and a client that waits for one answer at a time."""

import base64
import http.client
import json
import os
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

from wrk import BenchError

PASSWORD = "bench"
TOKEN = "bench-token"
IDLE = 10


class Program:
    """A program that prints where it listens."""

    def __init__(self, command, folder, environment=None):
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=open(Path(folder) / "log", "ab"),
            text=True,
        )
        line = self.process.stdout.readline()
        self.start = time.perf_counter() - begun
        if not line.startswith("listening on "):
            raise BenchError(f"{command[0]} does not listen: {(Path(folder) / 'log').read_text()[-2000:]}")
        self.url = line.removeprefix("listening on ").strip()
        self.host = self.url.split("://")[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.terminate()
        self.process.wait()

    def cpu(self):
        """The seconds of processor time that it has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """The MiB of memory that it has now, and the most it ever had."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


class Serve(Program):
    """`serve` with an admin, and no bound on the rate."""

    def __init__(self, binary, folder):
        environment = {"VPN_SERVE_ADMIN_PASSWORD": PASSWORD, "VPN_SERVE_REFRESH_TOKEN": TOKEN}
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--rate-limit", "0", "--data", "engine.db"]
        super().__init__(command, folder, environment)
        self.connection = http.client.HTTPConnection(self.host, timeout=600)
        self.used = time.monotonic()

    def ask(self, method, path, body=None):
        """The answer's JSON, and how many milliseconds it took until all of it was there."""
        headers = {**basic(), "Content-Type": "application/json"}
        text = json.dumps(body) if body is not None else None
        # The server closes connections that are idle; the next request opens another.
        if time.monotonic() - self.used > IDLE:
            self.connection.close()
        self.used = time.monotonic()
        begun = time.perf_counter()
        self.connection.request(method, path, text, headers)
        answer = self.connection.getresponse()
        read = answer.read()
        took = (time.perf_counter() - begun) * 1000
        if answer.status != 200:
            raise BenchError(f"{method} {path}: {answer.status} {read[:2000]!r}")
        return read, took

    def get(self, path):
        return self.ask("GET", path)

    def login(self, path, **fields):
        connection = http.client.HTTPConnection(self.host)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, urllib.parse.urlencode(fields), form)
        answer = connection.getresponse()
        if answer.status != 200:
            raise BenchError(f"POST {path}: {answer.status}")
        return answer.headers, answer.read()

    def session(self):
        """The headers of a session."""
        headers, _ = self.login("/api/session/create", j_username="admin", j_password=PASSWORD)
        return {"Cookie": headers["Set-Cookie"].split(";")[0], "X-XSRF-TOKEN": headers["X-XSRF-TOKEN"]}

    def bearer(self):
        """The headers of an access token."""
        _, body = self.login("/csp/gateway/am/api/auth/api-tokens/authorize", refresh_token=TOKEN)
        return {"Authorization": f"Bearer {json.loads(body)['access_token']}"}


def basic():
    return {"Authorization": "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()}


def scratch(folder):
    """A folder that goes with the bench; on the disk, since syncs are measured."""
    return tempfile.TemporaryDirectory(prefix="http-", dir=folder)
