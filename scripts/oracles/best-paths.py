#!/usr/bin/env python3
"""Teaches FRR's bgpd paths to networks, and writes which it uses as test data.

    scripts/oracles/best-paths.py > src/engine/bgp/oracle/frr.txt

The paths are made at random from a fixed seed, so that every run asks the same. The
script speaks BGP itself, as several neighbors, each from an address of its own of the
loopback interface; bgpd runs without zebra, and needs no privileges. It is asked twice:
whether equally good paths may go through different ASes, and whether not.

Two settings make an answer depend on the paths alone, and not on the order in which
they came: `bgp bestpath compare-routerid` leaves out the step that prefers the path that
is in use, and `bgp deterministic-med` compares paths of one neighboring AS first.

The bgpd that is asked is the first of: $BGPD, and the one of Debian's package frr, taken
out of the package into the ignored folder .tools/frr/ without installing it.
"""

import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEED = 20_260_412
NETWORKS = 400
OWN_AS = 65000
PORT = 17_179
TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "frr"
PACKAGES = ("frr", "libyang2", "libcap2", "libjson-c5")
ORIGINS = ("IGP", "EGP", "INCOMPLETE")

# Of each neighbor: its address, its AS, its BGP identifier.
NEIGHBORS = (
    ("127.0.1.1", 65001, "10.0.0.6"),
    ("127.0.1.2", 65001, "10.0.0.2"),
    ("127.0.1.3", 65002, "10.0.0.4"),
    ("127.0.1.4", 65002, "10.0.0.1"),
    ("127.0.1.5", 65003, "10.0.0.5"),
    ("127.0.1.6", OWN_AS, "10.0.0.3"),
    ("127.0.1.7", OWN_AS, "10.0.0.7"),
)


def tools():
    """The command that runs bgpd, and its environment."""
    if os.environ.get("BGPD"):
        return os.environ["BGPD"], dict(os.environ)
    daemon = TOOLS / "usr/lib/frr/bgpd"
    if not daemon.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        for package in PACKAGES:
            subprocess.run(["apt-get", "-q", "download", package], cwd=TOOLS, check=True, stdout=sys.stderr)
        for package in TOOLS.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, TOOLS], check=True)
            package.unlink()
    folders = [*(TOOLS / "usr/lib").glob("*-linux-*"), *(TOOLS / "usr/lib").glob("*-linux-*/frr")]
    libraries = ":".join(str(folder) for folder in folders)
    return daemon, {**os.environ, "LD_LIBRARY_PATH": libraries}


def questions():
    """Networks, each with the paths that some neighbors have to it."""
    pick = random.Random(SEED)
    for number in range(NETWORKS):
        speakers = sorted(pick.sample(range(len(NEIGHBORS)), pick.randint(2, len(NEIGHBORS))))
        # Few values, so that paths are equal more often than not.
        hops, origins, meds = pick.choice((1, 1, 2)), pick.choice((1, 1, 3)), pick.choice((1, 2, 3))
        paths = []
        for speaker in speakers:
            number_of_as = NEIGHBORS[speaker][1]
            beyond = [pick.choice((65101, 65102)) for _ in range(pick.randint(1, hops))]
            as_path = beyond if number_of_as == OWN_AS else [number_of_as, *beyond]
            if number_of_as == OWN_AS and pick.random() < 0.7:
                as_path = [pick.choice((65001, 65002)), *beyond]
            preference = pick.choice((90, 100, 100, 100, 110)) if number_of_as == OWN_AS else 100
            paths.append((speaker, as_path, pick.randrange(origins), pick.randrange(meds), preference))
        yield f"10.{number // 256}.{number % 256}.0/24", paths


def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body


def attribute(flags, kind, value):
    return struct.pack("!BBB", flags, kind, len(value)) + value


def update(speaker, network, as_path, origin, med, preference):
    """RFC 4271, section 4.3."""
    is_internal = NEIGHBORS[speaker][1] == OWN_AS
    segment = struct.pack("!BB", 2, len(as_path)) + b"".join(struct.pack("!H", number) for number in as_path)
    attributes = attribute(0x40, 1, bytes([origin])) + attribute(0x40, 2, segment)
    attributes += attribute(0x40, 3, socket.inet_aton(f"192.0.2.{speaker + 1}"))
    attributes += attribute(0x80, 4, struct.pack("!I", med))
    if is_internal:
        attributes += attribute(0x40, 5, struct.pack("!I", preference))
    address, length = network.split("/")
    reachable = bytes([int(length)]) + socket.inet_aton(address)[: (int(length) + 7) // 8]
    return message(2, struct.pack("!HH", 0, len(attributes)) + attributes + reachable)


def speak(speaker, asked):
    """Opens a neighbor's connection, and teaches its paths."""
    address, number, identifier = NEIGHBORS[speaker]
    connection = socket.create_connection(("127.0.0.1", PORT), timeout=10, source_address=(address, 0))
    connection.sendall(message(1, struct.pack("!BHH", 4, number, 180) + socket.inet_aton(identifier) + b"\0"))
    connection.sendall(message(4))
    for network, paths in asked:
        for path in paths:
            if path[0] == speaker:
                connection.sendall(update(speaker, network, *path[1:]))
    return connection


def configuration(relax):
    lines = [f"router bgp {OWN_AS}", " bgp router-id 10.0.0.250", " no bgp ebgp-requires-policy"]
    lines += [" no bgp network import-check", " bgp bestpath compare-routerid", " bgp deterministic-med"]
    lines += [" bgp bestpath as-path multipath-relax"] if relax else []
    for address, number, _ in NEIGHBORS:
        lines += [f" neighbor {address} remote-as {number}", f" neighbor {address} passive"]
        lines += [f" neighbor {address} ebgp-multihop 2"] if number != OWN_AS else []
    lines += [" address-family ipv4 unicast", "  maximum-paths 8", "  maximum-paths ibgp 8", " exit-address-family"]
    return "\n".join([*lines, ""])


def ask(folder, command):
    """What bgpd answers on the socket of its command line: a text, three zeros, a status."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(f"{folder}/bgpd.vty")
        line.sendall(command.encode() + b"\0")
        said = b""
        while said[-4:-1] != b"\0\0\0":
            said += line.recv(1 << 20)
    return said[:-4].decode()


def answers(asked, relax):
    """Of each network the neighbors whose paths are used, the best first."""
    daemon, environment = tools()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "bgpd.conf")
        file.write_text(configuration(relax))
        place = ["--vty_socket", folder, "-i", f"{folder}/bgpd.pid"]
        arguments = ["-Z", "-n", "-S", "-p", str(PORT), "-l", "127.0.0.1", "-P", "0", "-f", str(file), *place]
        process = subprocess.Popen([daemon, *arguments], env=environment, stdout=sys.stderr)
        try:
            time.sleep(2)
            connections = [speak(speaker, asked) for speaker in range(len(NEIGHBORS))]
            expected = sum(len(paths) for _, paths in asked)
            for _ in range(60):
                time.sleep(0.5)
                said = ask(folder, "show bgp ipv4 unicast json")
                routes = json.loads(said)["routes"]
                if sum(len(paths) for paths in routes.values()) == expected:
                    break
            else:
                raise SystemExit(f"bgpd has not learned all paths: {said[:2000]}")
            [connection.close() for connection in connections]
        finally:
            process.terminate()
            process.wait()
    return {network: used(paths) for network, paths in routes.items()}


def used(paths):
    speaker = {address: position for position, (address, *_) in enumerate(NEIGHBORS)}
    best = [speaker[path["peerId"]] for path in paths if path.get("bestpath")]
    others = [speaker[path["peerId"]] for path in paths if path.get("multipath") and not path.get("bestpath")]
    return best + sorted(others)


def main():
    asked = list(questions())
    daemon, environment = tools()
    version = subprocess.run([daemon, "--version"], env=environment, capture_output=True, text=True).stdout
    by_mode = {relax: answers(asked, relax) for relax in (True, False)}
    print(f"# Which of several paths to {NETWORKS} networks FRR's {version.splitlines()[0]} uses.")
    print("# Made by: scripts/oracles/best-paths.py > src/engine/bgp/oracle/frr.txt")
    print("# First the neighbors: number, address, AS, BGP identifier. Then networks, each with its")
    print("# paths (neighbor, AS path, origin, MED, local preference), and the neighbors of those that")
    print("# are used, the best first: with multipath-relax, and without.")
    for position, (address, number, identifier) in enumerate(NEIGHBORS):
        print(f"neighbor {position} {address} {number} {identifier}")
    for network, paths in asked:
        print(f"network {network}")
        for speaker, as_path, origin, med, preference in paths:
            print(f"path {speaker} {','.join(map(str, as_path))} {ORIGINS[origin]} {med} {preference}")
        for relax, word in ((True, "relaxed"), (False, "strict")):
            print(word, *by_mode[relax][network])


if __name__ == "__main__":
    main()
