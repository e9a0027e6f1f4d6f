#!/usr/bin/env python3
"""Asks BIRD what prefix lists make of routes, and writes the answers as test data.

    scripts/oracles/prefix-lists.py > src/engine/prefix_filter/oracle/bird.txt

Lists and routes are made at random from a fixed seed, so that every run asks the
same questions. A list becomes a function of BIRD's filter language, one line for
an entry; all answers come from one run of `bird -p`, which evaluates constants
while it reads its configuration and needs no privileges.

The BIRD (version 2) that is asked is the first of: $BIRD, `bird` on PATH, and the
one of Debian's package bird2, taken out of the package into the ignored folder
.tools/bird/ without installing it.
"""

import ipaddress
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SEED = 20_260_303
LISTS = 160
ROUTES = 16
MODES = ("mask_length", "subnet_size")
TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "bird"
PACKAGES = ("bird2", "libssh-gcrypt-4")


def bird():
    """The command that runs BIRD, and its environment."""
    for found in (os.environ.get("BIRD"), shutil.which("bird")):
        if found:
            return found, dict(os.environ)
    program = TOOLS / "usr/sbin/bird"
    if not program.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        for package in PACKAGES:
            subprocess.run(["apt-get", "-q", "download", package], cwd=TOOLS, check=True, stdout=sys.stderr)
        for package in TOOLS.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, TOOLS], check=True)
            package.unlink()
    libraries = ":".join(str(folder) for folder in (TOOLS / "usr/lib").glob("*-linux-*"))
    return str(program), {**os.environ, "LD_LIBRARY_PATH": libraries}


class Maker:
    """Makes lists and routes that have much to do with each other."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def network(self, near=None):
        """A network; one that contains, or lies in, `near` more often than not."""
        pick = self.random
        if near is not None and pick.random() < 0.75:
            version, longest = near.version, near.max_prefixlen
            bits = int(near.network_address)
            if pick.random() < 0.3:
                bits ^= 1 << pick.randrange(longest)
            bits |= pick.getrandbits(longest) >> min(near.prefixlen + pick.randrange(3), longest)
            length = min(longest, max(0, near.prefixlen + pick.randint(-3, 12)))
        else:
            version = pick.choice((4, 4, 6))
            longest = 32 if version == 4 else 128
            base = 0x0A000000 if version == 4 else 0x20010DB8 << 96
            bits = base | pick.getrandbits(8) << (longest - 16)
            length = pick.choice((0, 1, 8, 12, 16, 24, 31, 32) if version == 4 else (0, 16, 32, 48, 64, 127, 128))
        host = (1 << (longest - length)) - 1
        address = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
        return ipaddress.ip_network(f"{address(bits & ~host)}/{length}")

    def entry(self, near, mode):
        """An entry as (permit, network or None for ANY, ge, le), as the provider takes it."""
        pick = self.random
        permit = pick.random() < 0.6
        if pick.random() < 0.04:
            return permit, None, None, None
        network = self.network(near)
        longest, length = network.max_prefixlen, network.prefixlen
        bound = lambda low: min(longest, low + pick.choice((0, 0, 1, 2, 4, 8, 16, longest)))
        ge = bound(length) if pick.random() < 0.5 else None
        le = bound(ge or length) if pick.random() < 0.5 else None
        # Zero is how the API says that a bound is not set.
        ge, le = ge or None, le or None
        if mode == "subnet_size" and ge and le and pick.random() < 0.5:
            ge, le = le, ge
        return permit, network, ge, le

    def questions(self):
        for number in range(LISTS):
            mode = MODES[number % 3 == 2]
            entries = []
            size = self.random.choice((1, 2, 3, 5, 8, 12)) if number else 200
            while len(entries) < size:
                near = self.random.choice(entries)[1] if entries else None
                entries.append(self.entry(near, mode))
            routes = [self.network(self.random.choice(entries)[1]) for _ in range(ROUTES)]
            yield mode, entries, routes


def patterns(mode, network, ge, le):
    """The entry as patterns of a BIRD prefix set: network{shortest,longest}."""
    if network is None:
        return "0.0.0.0/0{0,32}", "::/0{0,128}"
    own, longest = network.prefixlen, network.max_prefixlen
    if ge is None and le is None:
        return (f"{network}",)
    if mode == "mask_length":
        low, high = ge or own, le or longest
        return (f"{network}{{{low},{high}}}",)
    # Sizes: what le adds to the network itself, as far as ge leaves it.
    low, high = le or own, ge or longest
    own_one = (f"{network}",)
    return own_one if low > high else (*own_one, f"{network}{{{low},{high}}}")


def configuration(questions):
    """Lists as functions of BIRD, and a line of output for each route."""
    functions, prints = [], []
    for number, (mode, entries, routes) in enumerate(questions):
        functions.append(f"function list_{number}(prefix p) {{")
        for position, (permit, *subject) in enumerate(entries):
            answer = f'"{"permit" if permit else "deny"} {position}"'
            for pattern in patterns(mode, *subject):
                functions.append(f"  if p ~ [{pattern}] then return {answer};")
        functions.append('  return "end";\n}')
        prints += [f'  print "= {number} {route} ", list_{number}({route});' for route in routes]
    ask = ["function ask() {", *prints, "  return 0;", "}", "define asked = ask();", "protocol device {}"]
    return "\n".join([*functions, *ask, ""])


def answers(questions):
    """What BIRD says, by list and route, and which BIRD it is."""
    program, environment = bird()
    run = lambda *arguments: subprocess.run(
        [program, *arguments], env=environment, check=True, capture_output=True, text=True
    )
    version = run("--version")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "bird.conf")
        file.write_text(configuration(questions))
        said = run("-p", "-c", str(file))
    found = re.findall(r"= (\d+) (\S+) (.+)$", said.stderr + said.stdout, re.MULTILINE)
    return {(int(number), route): answer for number, route, answer in found}, (version.stderr + version.stdout).strip()


def spelled(permit, network, ge, le):
    words = ["permit" if permit else "deny", "ANY" if network is None else str(network)]
    words += [f"ge {ge}"] if ge else []
    words += [f"le {le}"] if le else []
    return " ".join(words)


def main():
    questions = list(Maker(SEED).questions())
    answered, version = answers(questions)
    pairs = sum(len(routes) for _, _, routes in questions)
    print(f"# What {version} makes of {pairs} pairs of prefix list and route.")
    print("# Made by: scripts/oracles/prefix-lists.py > src/engine/prefix_filter/oracle/bird.txt")
    print("# A list is a line with its mode and its entries; its routes follow, each with the")
    print("# action and the position of the entry that decided, or `end` where none did.")
    for number, (mode, entries, routes) in enumerate(questions):
        print(f"list {mode}: {', '.join(spelled(*entry) for entry in entries)}")
        for route in routes:
            print(f"{route} {answered[number, str(route)]}")


if __name__ == "__main__":
    main()
