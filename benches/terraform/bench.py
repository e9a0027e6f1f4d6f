#!/usr/bin/env python3
"""Compares our provider with the same resource on HashiCorp's Go framework.

    cargo build --release && benches/go-peer/build.sh
    benches/terraform/bench.py                       everything
    benches/terraform/bench.py start                 start of the process only
    benches/terraform/bench.py terraform --sizes 1000 --rounds 5
    benches/terraform/bench.py http --sizes 1000     over HTTP, beside the embedded engine
    benches/terraform/bench.py taps --sizes 10000    tap flows
    benches/terraform/bench.py --only peer           without our provider

start       from the start of the provider process to its answer to GetSchema,
            and the memory it holds then; with and without the TLS that
            Terraform asks for. Linux only.
terraform   create, no-op plan, refresh-only plan, change and destroy of N
            prefix lists by real Terraform with an http state backend. The wall
            time of the same number of terraform_data resources is subtracted:
            that is Terraform's own part. CPU time and memory are those of the
            provider processes alone, taken by a shim (shim.c) around them.

http        the same commands with our provider over HTTP, to a `serve` of the same
            build, beside our provider on the embedded engine. Not part of everything.

taps        the plan of N tap flows, and of N terraform_data resources, where ports and
            a tap service are there already. With --phases create,plan and so on what
            follows as well. Not part of everything.

The ratios are ours / peer, and the goals are: start time and memory below 0.5,
provider CPU below 0.5, wall time below 1. All numbers are medians. With
--strict a missed goal is an exit code of 1.

Needs Python 3.9, a C compiler, and what benches/go-peer/build.sh needs.
"""

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
from pathlib import Path

# The bench leaves no compiled modules in the source folder.
sys.dont_write_bytecode = True

import runs  # noqa: E402
import subjects  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
START_GOAL = 0.5
CPU_GOAL = 0.5
WALL_GOAL = 1.0

# A round of 3000 objects takes minutes, and the longer a run the less it is disturbed.
SMALL = 1000
SMALL_ROUNDS = 3


class Report:
    """Prints the tables and remembers which goals were missed."""

    def __init__(self):
        self.missed = []

    def ratio(self, what, ours, peer, goal):
        if ours is None or peer is None:
            return "-"
        # After the subtraction nothing may be left that is larger than noise.
        if peer <= 0:
            return "n/a"
        value = ours / peer
        if value >= goal:
            self.missed.append(f"{what}: {value:.2f}, the goal is below {goal}")
        return f"{value:.2f}{' ok' if value < goal else ' MISSED'}"


def table(heading, rows):
    """Right-aligned columns, the first one left-aligned."""
    rows = [heading, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heading))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        print("  ".join(cells).rstrip())


def start_bench(options, chosen, report):
    names = {"ours": options.ours, "peer": options.peer}
    arguments = [f"{name}={names[name]}" for name in ("ours", "peer") if name in chosen]
    raw = {}
    rows = []
    for label, flags in (("plain", []), ("TLS", ["-mtls"])):
        command = [str(options.startbench), "-json", "-n", str(options.starts), *flags, *arguments]
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode != 0:
            raise runs.BenchError(answer.stderr.strip())
        medians = {result["name"]: result["median"] for result in json.loads(answer.stdout)}
        raw[label] = medians
        for name, key, unit in (("time", "ms", 1), ("CPU", "cpu_ms", 1), ("RSS", "rss_kib", 1024)):
            values = [medians[who][key] / unit if who in medians else None for who in ("ours", "peer")]
            # CPU is told along: the goals are for time and memory.
            verdict = report.ratio(f"start, {label}, {name}", *values, START_GOAL) if name != "CPU" else plain(*values)
            rows.append([f"{label}: {name}", "MiB" if name == "RSS" else "ms", *map(number, values), verdict])
    print(f"\nStart of the process to the schema, medians of {options.starts} starts")
    table(["", "unit", "ours", "peer", f"ours/peer (goal < {START_GOAL})"], rows)
    return raw


def number(value):
    return "-" if value is None else f"{value:.2f}"


def plain(ours, peer):
    return "-" if ours is None or peer is None else f"{ours / peer:.2f}"


def median_of(measures, get):
    return statistics.median(get(one) for one in measures)


def terraform_bench(options, chosen, report):
    terraform = options.terraform or setup_terraform()
    makers = {"ours": lambda: subjects.ours(options.ours), "peer": lambda: subjects.peer(options.peer)}
    providers = [makers[name]() for name in ("ours", "peer") if name in chosen]
    release = runs.version_of(terraform)
    raw = {"terraform": release}
    for count in options.sizes:
        rounds = options.rounds or (SMALL_ROUNDS if count <= SMALL else 1)
        results = runs.measure(terraform, [subjects.TerraformData(), *providers], count, rounds, options.folder, progress)
        raw[str(count)] = {
            name: {phase: [dataclasses.asdict(one) for one in measures] for phase, measures in phases.items()}
            for name, phases in results.items()
        }
        print(f"\n{count} objects, {release}, medians of {rounds} round(s)")
        print_size(results, count, report)
    return raw


def print_size(results, count, report):
    floor = results["terraform_data"]
    heading = ["phase", "floor s"]
    for name in ("ours", "peer"):
        heading += [f"{name} wall s", "less floor s", "provider CPU s", "RSS MiB"]
    heading += [f"CPU ratio (< {CPU_GOAL})", f"wall ratio (< {WALL_GOAL:g})"]
    rows = []
    for phase in runs.PHASES:
        row = [phase, number(median_of(floor[phase], lambda one: one.wall))]
        nets, cpus = [], []
        for name in ("ours", "peer"):
            if name not in results:
                row += ["-"] * 4
                nets.append(None)
                cpus.append(None)
                continue
            measures = results[name][phase]
            # Subtracted round by round: what disturbed a round, disturbed both.
            net = statistics.median(one.wall - base.wall for one, base in zip(measures, floor[phase]))
            cpu = median_of(measures, lambda one: one.provider_cpu)
            row += [
                number(median_of(measures, lambda one: one.wall)),
                number(net),
                number(cpu),
                f"{median_of(measures, lambda one: one.provider_rss):.0f}",
            ]
            nets.append(net)
            cpus.append(cpu)
        row.append(report.ratio(f"{count} objects, {phase}, provider CPU", *cpus, CPU_GOAL))
        row.append(report.ratio(f"{count} objects, {phase}, wall time", *nets, WALL_GOAL))
        rows.append(row)
    table(heading, rows)


def http_bench(options):
    terraform = options.terraform or setup_terraform()
    embedded, served = subjects.ours(options.ours), subjects.Served(options.ours)
    raw = {}
    for count in options.sizes:
        rounds = options.rounds or 1
        results = runs.measure(
            terraform, [subjects.TerraformData(), embedded, served], count, rounds, options.folder, progress
        )
        raw[str(count)] = {
            name: {phase: [dataclasses.asdict(one) for one in measures] for phase, measures in phases.items()}
            for name, phases in results.items()
        }
        rows = []
        for phase in runs.PHASES:
            row, nets = [phase], []
            for name in (embedded.name, served.name):
                measures, floor = results[name][phase], results["terraform_data"][phase]
                nets.append(statistics.median(one.wall - base.wall for one, base in zip(measures, floor)))
                row += [number(median_of(measures, lambda one: one.wall)), number(nets[-1])]
                row.append(number(median_of(measures, lambda one: one.provider_cpu)))
            row.append(plain(nets[1], nets[0]) if nets[0] > 0 else "n/a")
            rows.append(row)
        print(f"\n{count} objects over HTTP and embedded, {runs.version_of(terraform)}, medians of {rounds} round(s)")
        columns = ["wall s", "less floor s", "provider CPU s"]
        table(["phase", *(f"{name} {it}" for name in ("embedded", "HTTP") for it in columns), "HTTP/embedded"], rows)
    return raw


def taps_bench(options):
    terraform = options.terraform or setup_terraform()
    flows = subjects.TapFlows(options.ours)
    raw = {}
    for count in options.sizes:
        rounds = options.rounds or 1
        results = runs.measure(
            terraform, [subjects.TerraformData(), flows], count, rounds, options.folder, progress, options.phases
        )
        raw[str(count)] = {
            name: {phase: [dataclasses.asdict(one) for one in measures] for phase, measures in phases.items()}
            for name, phases in results.items()
        }
        rows = []
        for phase in options.phases:
            measures, floor = results[flows.name][phase], results["terraform_data"][phase]
            net = statistics.median(one.wall - base.wall for one, base in zip(measures, floor))
            values = [median_of(floor, lambda one: one.wall), median_of(measures, lambda one: one.wall), net]
            values += [median_of(measures, lambda one: one.provider_cpu), median_of(measures, lambda one: one.provider_rss)]
            rows.append([phase, *map(number, values)])
        print(f"\n{count} tap flows, {runs.version_of(terraform)}, medians of {rounds} round(s)")
        table(["phase", "floor s", "wall s", "less floor s", "provider CPU s", "RSS MiB"], rows)
    return raw


def setup_terraform():
    answer = subprocess.run([str(ROOT / "scripts" / "terraform-setup.sh")], stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        raise runs.BenchError("there is no Terraform to drive")
    return Path(answer.stdout.strip())


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def sizes(text):
    try:
        values = [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers") from None
    if not all(0 < value <= 65536 for value in values):
        raise argparse.ArgumentTypeError("a size is from 1 to 65536")
    return values


def phases(text):
    # A refresh finds that taps have become active since they were created.
    known = [phase for phase in runs.PROPOSE | runs.PHASES if phase != "refresh"]
    names = text.split(",")
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
    return names


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["all", "start", "terraform", "http", "taps"], default="all")
    parser.add_argument("--only", choices=["ours", "peer"], help="one provider, without ratios")
    parser.add_argument("--sizes", type=sizes, default=[1000, 3000], help="numbers of objects (default 1000,3000)")
    parser.add_argument("--rounds", type=int, help=f"rounds per size (default {SMALL_ROUNDS}, above {SMALL} objects 1)")
    parser.add_argument("--phases", type=phases, default=[*runs.PROPOSE], help="of taps, in this order (default propose)")
    parser.add_argument("--starts", type=int, default=30, help="starts per provider (default 30)")
    parser.add_argument("--terraform", type=Path, help="default: what scripts/terraform-setup.sh finds")
    parser.add_argument("--ours", type=Path, default=ROOT / "target/release/terraform-provider-vpn")
    parser.add_argument("--peer", type=Path, default=ROOT / "target/go-peer/terraform-provider-peer")
    parser.add_argument("--startbench", type=Path, default=ROOT / "target/go-peer/startbench")
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's temporary folder)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement to FILE")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal is missed")
    options = parser.parse_args()
    if (options.rounds is not None and options.rounds < 1) or options.starts < 1:
        parser.error("there must be at least one round and one start")
    if options.what in ("http", "taps"):
        options.only = "ours"
    chosen = [options.only] if options.only else ["ours", "peer"]
    needed = {"ours": "cargo build --release", "peer": "benches/go-peer/build.sh", "startbench": "benches/go-peer/build.sh"}
    for name in chosen + ([] if options.what in ("terraform", "http", "taps") else ["startbench"]):
        path = getattr(options, name).resolve()
        setattr(options, name, path)
        if not path.is_file():
            parser.error(f"{path} is missing: run {needed[name]} first")
    if options.terraform:
        options.terraform = options.terraform.absolute()
    return options, chosen


def main():
    options, chosen = parse_arguments()
    report = Report()
    raw = {}
    try:
        if options.what in ("all", "start"):
            raw["start"] = start_bench(options, chosen, report)
        if options.what in ("all", "terraform"):
            raw["terraform"] = terraform_bench(options, chosen, report)
        if options.what == "http":
            raw["http"] = http_bench(options)
        if options.what == "taps":
            raw["taps"] = taps_bench(options)
    except (runs.BenchError, OSError, subprocess.SubprocessError) as problem:
        sys.exit(f"bench: {problem}")
    if options.json:
        options.json.write_text(json.dumps(raw, indent=1) + "\n")
    if report.missed:
        print("\nMissed goals:")
        for line in report.missed:
            print(f"  {line}")
    if report.missed and options.strict:
        sys.exit(1)


if __name__ == "__main__":
    main()
