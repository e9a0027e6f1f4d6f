"""wrk, the program that makes the load.

It is the one on the PATH, or Debian's, taken out of its packages into the ignored folder
.tools/wrk/ without being installed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "wrk"
PACKAGES = ("wrk", "libluajit-5.1-2")
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class BenchError(Exception):
    """Why the bench cannot go on, in words for the user."""


@dataclass
class Load:
    """What a load has shown: requests in a second, milliseconds, and the microseconds of
    processor time that the server has taken for each request."""

    rate: float
    median: float
    p99: float
    cpu: float


def program():
    """The command, and the environment it runs in."""
    if found := shutil.which("wrk"):
        return [found], dict(os.environ)
    binary = TOOLS / "usr" / "bin" / "wrk"
    if not binary.exists():
        take_from_debian()
    libraries = next(TOOLS.glob("usr/lib/*-linux-*"))
    return [str(binary)], {**os.environ, "LD_LIBRARY_PATH": str(libraries)}


def take_from_debian():
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise BenchError("there is no wrk, and no Debian to take it from: install it")
    TOOLS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as folder:
        os.chmod(folder, 0o777)
        answer = subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=folder, capture_output=True, text=True)
        if answer.returncode != 0:
            raise BenchError(f"apt-get download wrk: {answer.stderr.strip()}")
        for package in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(TOOLS)], check=True)


def load(server, path, connections, seconds, headers=None, script=None):
    """Asks for `path` over so many connections, as fast as it is answered."""
    url, before = server.url + path, server.cpu()
    command, environment = program()
    command += ["--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency"]
    for name, value in (headers or {}).items():
        command += ["--header", f"{name}: {value}"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        if script:
            file.write(script)
            file.flush()
            command += ["--script", file.name]
        answer = subprocess.run([*command, url], env=environment, capture_output=True, text=True)
    text = answer.stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    count = re.search(r"(\d+) requests in", text)
    if answer.returncode != 0 or not rate or not count:
        raise BenchError(f"wrk: {text}{answer.stderr}")
    if wrong := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", text):
        raise BenchError(f"wrk {url}: {wrong.group(0)}")
    cpu = (server.cpu() - before) * 1e6 / max(int(count.group(1)), 1)
    return Load(float(rate.group(1)), percentile(text, 50), percentile(text, 99), cpu)


def percentile(text, percent):
    """Milliseconds that so many percent of the answers took at most."""
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE)
    return float(found.group(1)) * UNITS[found.group(2)]
