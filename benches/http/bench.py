#!/usr/bin/env python3
"""Measures `serve`.

    cargo build --release --bins --example bare --example commits
    benches/http/bench.py                 everything
    benches/http/bench.py rate            reads and writes in a second
    benches/http/bench.py fleet           100,000 objects
    benches/http/bench.py bodies          the memory that a body costs

rate    requests in a second and the 99th percentile, over 16 connections of wrk. Reads
        beside a bare handler of axum that gives the same bytes; writes beside the commits of
        as many writers of the store. The two take turns, and the ratio is the median of the
        rounds'. The goal for reads is half of the bare handler. The ratio by CPU compares the
        processor time that both take for a request: it says the same where nothing else
        runs, and depends less on what does.
fleet   100,000 objects, most of them segments and prefix lists, and 10,000 sessions, written
        by hierarchical PATCHes: memory, the start, and one request of each sort.
bodies  the most memory that the process has after a body of 10 MiB of tiny values, of deep
        JSON, and a request of 100,000 headers.

Needs Python 3.9. wrk is the one on the PATH, or Debian's, taken into .tools/.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

# The bench leaves no compiled modules in the source folder.
sys.dont_write_bytecode = True

import fleet  # noqa: E402
import wrk  # noqa: E402
from server import Program, Serve, basic, scratch  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
READ_GOAL = 0.5
LISTS = 2_000
LIST = "/policy/api/v1/infra/tier-0s/vmc/prefix-lists"
SEGMENTS = "/policy/api/v1/infra/tier-1s/cgw/segments"
MIB = 1024 * 1024

# Changes one of the lists after the other, each to what it has not been.
WRITES = """
local number = 0
request = function()
  number = number + 1
  local path = string.format("%s/list-%%06d", number %% %d)
  local body = string.format('{{"description": "change %%d"}}', number)
  return wrk.format("PATCH", path, {{["Authorization"] = "%s", ["Content-Type"] = "application/json"}}, body)
end
"""


def table(heading, rows):
    """Right-aligned columns, the first one left-aligned."""
    rows = [heading, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heading))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        print("  ".join(cells).rstrip())


def rate(options):
    with scratch(options.folder) as folder, Serve(options.binary, folder) as serve:
        for body in fleet.bodies(0, LISTS, 0):
            serve.ask("PATCH", "/policy/api/v1/infra", body)
        one, page = f"{LIST}/list-000007", f"{LIST}?page_size=1000"
        reads = [
            ("GET of an object, Basic", one, basic()),
            ("GET of an object, session", one, serve.session()),
            ("GET of an object, access token", one, serve.bearer()),
            ("a page of 1,000, Basic", page, basic()),
            ("a page of 20, Basic", f"{LIST}?page_size=20", basic()),
        ]
        rows, missed = [], []
        for what, path, headers in reads:
            file = Path(folder) / "answer"
            file.write_bytes(serve.get(path)[0])
            with Program([options.bare, file], folder) as bare:
                loads = [
                    (
                        wrk.load(bare, "/", options.connections, options.seconds),
                        wrk.load(serve, path, options.connections, options.seconds, headers),
                    )
                    for _ in range(options.rounds)
                ]
            ratio = statistics.median(ours.rate / peer.rate for peer, ours in loads)
            peer, ours = (sorted(side, key=lambda load: load.rate)[len(side) // 2] for side in zip(*loads))
            if ratio < READ_GOAL:
                missed.append(f"{what}: {ratio:.2f}, the goal is {READ_GOAL}")
            busy = statistics.median(peer.cpu / ours.cpu for peer, ours in loads)
            rows.append(row(what, ours, f"{peer.rate:,.0f}", f"{peer.p99:.2f}", ratio, f"{peer.cpu:.0f}", f"{busy:.2f}"))
        script = WRITES % (LIST.replace("%", "%%"), LISTS, basic()["Authorization"])
        script = script.replace("{{", "{").replace("}}", "}")
        for connections in (1, options.connections):
            loads = [
                (commits(options, folder, connections), wrk.load(serve, "", connections, options.seconds, script=script))
                for _ in range(options.rounds)
            ]
            ratio = statistics.median(ours.rate / peer for peer, ours in loads)
            ours = sorted((ours for _, ours in loads), key=lambda load: load.rate)[len(loads) // 2]
            peer = statistics.median(peer for peer, _ in loads)
            rows.append(row(f"PATCH of an object, {connections} at once", ours, f"{peer:,.0f}", "-", ratio, "-", "-"))
    print(f"\n{options.connections} connections, medians of {options.rounds} rounds of {options.seconds} s")
    heading = ["", "a second", "p50 ms", "p99 ms", "CPU us", "beside: a second", "p99 ms", "CPU us"]
    table([*heading, "ratio", "ratio by CPU"], rows)
    return missed


def row(what, ours, beside, beside_p99, ratio, beside_cpu, busy):
    own = [f"{ours.rate:,.0f}", f"{ours.median:.2f}", f"{ours.p99:.2f}", f"{ours.cpu:.0f}"]
    return [what, *own, beside, beside_p99, beside_cpu, f"{ratio:.2f}", busy]


def commits(options, folder, writers):
    command = [options.commits, folder, str(writers), str(options.seconds)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def fleet_bench(options):
    sessions = min(options.objects // 10, fleet.MOST_TUNNELS)
    lists = (options.objects - sessions) // 2
    segments = options.objects - sessions - lists
    rows = []

    def took(what, milliseconds):
        rows.append([what, f"{milliseconds:,.1f} ms"])

    with scratch(options.folder) as folder:
        with Serve(options.binary, folder) as serve:
            rows.append(["memory of an empty engine", f"{serve.memory()[0]:,.0f} MiB"])
            begun = time.perf_counter()
            slowest = max(
                serve.ask("PATCH", "/policy/api/v1/infra", body)[1] for body in fleet.bodies(segments, lists, sessions)
            )
            took("all objects written", (time.perf_counter() - begun) * 1000)
            took("the slowest body of 5,000", slowest)
            rows.append(["memory after that, and at most", "{:,.0f} MiB, {:,.0f} MiB".format(*serve.memory())])
        rows.append(["engine file", f"{(Path(folder) / 'engine.db').stat().st_size / MIB:,.0f} MiB"])
        with Serve(options.binary, folder) as serve:
            took("start until listening", serve.start * 1000)
            rows.append(["memory then", f"{serve.memory()[0]:,.0f} MiB"])
            one = f"{SEGMENTS}/segment-000007"
            took("first GET of an object", serve.get(one)[1])
            took("next GET of an object", serve.get(one)[1])
            page, milliseconds = serve.get(SEGMENTS)
            took("first page of a list", milliseconds)
            pages = []
            while cursor := json.loads(page).get("cursor"):
                page, milliseconds = serve.get(f"{SEGMENTS}?cursor={cursor}")
                pages.append(milliseconds)
            took("the following pages, median", statistics.median(pages))
            took("the following pages, slowest", max(pages))
            change = {"description": "changed"}
            took("PATCH of an object", serve.ask("PATCH", one, change)[1])
            took("GET of it", serve.get(one)[1])
            took("page of a list after it", serve.get(SEGMENTS)[1])
            search = "/policy/api/v1/search/query?query=resource_type:Segment%20AND%20display_name:%22Segment%20000123%22"
            took("first search by name", serve.get(search)[1])
            took("next search by name", serve.get(search.replace("000123", "000321"))[1])
            took("PATCH of an object", serve.ask("PATCH", one, {"description": "changed again"})[1])
            took("search after it", serve.get(search)[1])
            statistic = f"/policy/api/v1{fleet.SERVICE}/sessions/session-000007/statistics"
            took("first statistics of a session", serve.get(statistic)[1])
            took("next statistics of a session", serve.get(statistic)[1])
            took("PATCH of an object", serve.ask("PATCH", one, {"description": "changed once more"})[1])
            took("statistics after it", serve.get(statistic)[1])
            session = statistic.removesuffix("/statistics")
            took("PATCH of a session", serve.ask("PATCH", session, change)[1])
            took("statistics after it", serve.get(statistic)[1])
            rows.append(["memory after that, and at most", "{:,.0f} MiB, {:,.0f} MiB".format(*serve.memory())])
    print(f"\n{segments:,} segments, {lists:,} prefix lists, {sessions:,} route-based sessions")
    table(["", ""], rows)
    return []


def bodies(options):
    tiny = b"[" + b"1," * (5 * MIB - 2) + b"1]"
    objects = b'{"a":[' + b"{}," * (3 * MIB) + b"{}]}"
    names = b"{" + b",".join(b'"%x":0' % number for number in range(1, 900_000)) + b"}"
    deep = b"[" * (5 * MIB) + b"]" * (5 * MIB)
    infra = b'{"resource_type":"Infra","children":[' + b"{}," * (3 * MIB) + b"{}]}"
    cases = [
        ("10 MiB of numbers", "PUT", "/infra/ipsec-vpn-dpd-profiles/a", tiny),
        ("10 MiB of empty objects", "PUT", "/infra/ipsec-vpn-dpd-profiles/a", objects),
        ("10 MiB of names", "PUT", "/infra/ipsec-vpn-dpd-profiles/a", names),
        ("10 MiB of brackets", "PUT", "/infra/ipsec-vpn-dpd-profiles/a", deep),
        ("10 MiB of children", "PATCH", "/infra", infra),
    ]
    rows = []
    for what, method, path, body in cases:
        with scratch(options.folder) as folder, Serve(options.binary, folder) as serve:
            before = serve.memory()[0]
            head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {basic()['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
            begun = time.perf_counter()
            status = raw(serve.host, head.encode() + body)
            took = (time.perf_counter() - begun) * 1000
            rows.append([what, f"{len(body) / MIB:.1f}", status, f"{took:,.0f}", f"{before:,.0f}", f"{serve.memory()[1]:,.0f}"])
    with scratch(options.folder) as folder, Serve(options.binary, folder) as serve:
        before = serve.memory()[0]
        head = b"GET /infra HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: x\r\n" % number for number in range(100_000)) + b"\r\n"
        status = raw(serve.host, head)
        rows.append(["100,000 headers", f"{len(head) / MIB:.1f}", status, "-", f"{before:,.0f}", f"{serve.memory()[1]:,.0f}"])
    print("\nWhat one request costs")
    table(["", "MiB", "status", "ms", "memory before, MiB", "at most, MiB"], rows)
    return []


def raw(host, request):
    """Sends bytes as they are; the status of the answer."""
    address, port = host.rsplit(":", 1)
    with socket.create_connection((address, int(port)), timeout=120) as connection:
        try:
            connection.sendall(request)
        except OSError:
            pass  # The answer came before all was sent.
        return connection.recv(64).decode(errors="replace").split(" ")[1]


BENCHES = {"rate": rate, "fleet": fleet_bench, "bodies": bodies}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["all", *BENCHES], default="all")
    parser.add_argument("--connections", type=int, default=16, help="default 16")
    parser.add_argument("--seconds", type=int, default=3, help="length of a round (default 3)")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--objects", type=int, default=100_000, help="of the fleet (default 100000)")
    parser.add_argument("--profile", default="release", help="the build to measure (default release)")
    parser.add_argument("--folder", type=Path, help="where to work (default: target/tmp, which is on the disk)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal is missed")
    options = parser.parse_args()
    built = ROOT / "target" / options.profile
    options.binary = built / "terraform-provider-vpn"
    options.bare, options.commits = built / "examples" / "bare", built / "examples" / "commits"
    for path in (options.binary, options.bare, options.commits):
        if not path.is_file():
            parser.error(f"{path} is missing: run cargo build --release --bins --example bare --example commits first")
    options.folder = options.folder or ROOT / "target" / "tmp"
    options.folder.mkdir(parents=True, exist_ok=True)
    return options


def main():
    options = parse_arguments()
    missed = []
    try:
        for name, bench in BENCHES.items():
            if options.what in ("all", name):
                missed += bench(options)
    except (wrk.BenchError, OSError) as problem:
        sys.exit(f"bench: {problem}")
    if missed:
        print("\nMissed goals:")
        for line in missed:
            print(f"  {line}")
    if missed and options.strict:
        sys.exit(1)


if __name__ == "__main__":
    main()
