#!/usr/bin/env python3
"""Lets two strongSwan daemons negotiate, and writes what they chose as test data.

    scripts/oracles/proposals.py > src/engine/negotiation/oracle/strongswan.txt
    scripts/oracles/proposals.py --log FOLDER …   keeps configurations and logs there

Lists of algorithms are made at random from a fixed seed, so that every run asks the
same questions. Each is a connection of its own between two addresses of its own; the
answers are those of the responder's log, where a choice is written before the kernel
is asked for it; what ciphers the kernel knows does not matter. A connection gets a
second tunnel, since the first one has no Diffie-Hellman exchange of its own.

The daemons run in network and mount namespaces of their own, and see nothing of the
machine's network. That needs root, or user namespaces. They come from Debian's
packages, taken out of them into the ignored folder .tools/strongswan/ without being
installed, and are laid over /usr in the mount namespace.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEED = 20_260_311
IKE_QUESTIONS = 160
ESP_QUESTIONS = 160
V1_QUESTIONS = 40
TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "strongswan"
PACKAGES = (
    "charon-systemd",
    "libstrongswan",
    "libstrongswan-standard-plugins",
    "strongswan-libcharon",
    "strongswan-swanctl",
)
PLUGINS = "random nonce openssl kdf kernel-netlink socket-default vici"

DIGESTS = {"SHA1": "sha1", "SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
GROUPS = {
    "GROUP2": "modp1024",
    "GROUP5": "modp1536",
    "GROUP14": "modp2048",
    "GROUP15": "modp3072",
    "GROUP16": "modp4096",
    "GROUP19": "ecp256",
    "GROUP20": "ecp384",
    "GROUP21": "ecp521",
}
IKE_CIPHERS = {
    "AES_128": "aes128",
    "AES_256": "aes256",
    "AES_GCM_128": "aes128gcm16",
    "AES_GCM_192": "aes192gcm16",
    "AES_GCM_256": "aes256gcm16",
}
ESP_CIPHERS = {
    **IKE_CIPHERS,
    "NO_ENCRYPTION_AUTH_AES_GMAC_128": "aes128gmac",
    "NO_ENCRYPTION_AUTH_AES_GMAC_192": "aes192gmac",
    "NO_ENCRYPTION_AUTH_AES_GMAC_256": "aes256gmac",
    "NO_ENCRYPTION": "null",
}
# The daemon's log has names of its own.
LOGGED = {
    "AES_CBC_128": "AES_128",
    "AES_CBC_256": "AES_256",
    "AES_GCM_16_128": "AES_GCM_128",
    "AES_GCM_16_192": "AES_GCM_192",
    "AES_GCM_16_256": "AES_GCM_256",
    "NULL_AES_GMAC_128": "NO_ENCRYPTION_AUTH_AES_GMAC_128",
    "NULL_AES_GMAC_192": "NO_ENCRYPTION_AUTH_AES_GMAC_192",
    "NULL_AES_GMAC_256": "NO_ENCRYPTION_AUTH_AES_GMAC_256",
    "NULL": "NO_ENCRYPTION",
    "HMAC_SHA1_96": "SHA1",
    "HMAC_SHA2_256_128": "SHA2_256",
    "HMAC_SHA2_384_192": "SHA2_384",
    "HMAC_SHA2_512_256": "SHA2_512",
    "PRF_HMAC_SHA1": "PRF SHA1",
    "PRF_HMAC_SHA2_256": "PRF SHA2_256",
    "PRF_HMAC_SHA2_384": "PRF SHA2_384",
    "PRF_HMAC_SHA2_512": "PRF SHA2_512",
    "MODP_1024": "GROUP2",
    "MODP_1536": "GROUP5",
    "MODP_2048": "GROUP14",
    "MODP_3072": "GROUP15",
    "MODP_4096": "GROUP16",
    "ECP_256": "GROUP19",
    "ECP_384": "GROUP20",
    "ECP_521": "GROUP21",
}


def is_aead(cipher):
    return "_GCM_" in cipher or "_GMAC_" in cipher


class Maker:
    """Makes lists that have much to do with each other."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def some(self, words, least, most):
        chosen = self.random.sample(list(words), self.random.randint(least, min(most, len(words))))
        return chosen

    def block(self, esp, one_group=False):
        """Algorithms that are offered or taken together, as a profile lists them."""
        ciphers = self.some(ESP_CIPHERS if esp else IKE_CIPHERS, 1, 4)
        needs = not all(is_aead(cipher) for cipher in ciphers)
        digests = self.some(DIGESTS, 1, 3) if needs else []
        cheap = [group for group in GROUPS if group not in ("GROUP15", "GROUP16")]
        most = 1 if one_group else 3
        groups = self.some(cheap if self.random.random() < 0.8 else GROUPS, 0 if esp else 1, most)
        return ciphers, digests, groups

    def near(self, block, esp, one_group=False):
        """A block that shares much with `block`."""
        fresh = self.block(esp, one_group)
        if self.random.random() < 0.15:
            return fresh
        ciphers, digests, groups = (
            self.shuffled(dict.fromkeys([*old, *new][: len(old) + 1])) if self.random.random() < 0.8 else new
            for old, new in zip(block, fresh)
        )
        if not block[2] or not fresh[2]:
            groups = self.random.choice((block[2], fresh[2]))
        if one_group:
            groups = groups[:1]
        needs = not all(is_aead(cipher) for cipher in ciphers)
        digests = (digests or ["SHA2_256"]) if needs else []
        return ciphers, digests, groups

    def shuffled(self, words):
        words = list(words)
        self.random.shuffle(words)
        return words

    def questions(self):
        """Each: version, kind, the initiator's blocks, the responder's."""
        kinds = [("IKE_V2", "ike")] * IKE_QUESTIONS + [("IKE_V2", "esp")] * ESP_QUESTIONS
        for number in range(V1_QUESTIONS):
            kinds.append(("IKE_V1", "esp" if number % 2 else "ike"))
        for version, kind in kinds:
            esp, v1 = kind == "esp", version == "IKE_V1"
            first = self.block(esp, v1)
            offered = [first] + [self.block(esp, v1) for _ in range(self.random.choice((0, 0, 1)))]
            taken = [self.near(self.random.choice(offered), esp, v1) for _ in range(self.random.choice((1, 1, 2, 3)))]
            if v1 and not esp:
                offered, taken = ([without_aead(block) for block in blocks] for blocks in (offered, taken))
            if v1 and esp:
                # Quick mode sends one public value: all that is offered has one group.
                offered = [(ciphers, digests, first[2]) for ciphers, digests, _ in offered]
            yield version, kind, offered, taken


def without_aead(block):
    ciphers, digests, groups = block
    plain = [cipher for cipher in ciphers if not is_aead(cipher)] or ["AES_256"]
    return plain, digests or ["SHA2_256"], groups


def proposals(blocks, esp, v1):
    """The blocks as swanctl.conf writes them. A proposal has ciphers of one sort."""
    written = []
    for ciphers, digests, groups in blocks:
        sorts = []
        for cipher in ciphers:
            if is_aead(cipher) not in sorts:
                sorts.append(is_aead(cipher))
        for sort in sorts:
            names = [ESP_CIPHERS[cipher] for cipher in ciphers if is_aead(cipher) == sort]
            checks = [DIGESTS[digest] for digest in digests]
            if sort and esp:
                checks = []
            elif sort and not digests:
                checks = ["prfsha256"]
            kinds = [names, checks, [GROUPS[group] for group in groups]]
            if not v1:
                written.append("-".join(name for kind in kinds for name in kind))
                continue
            # In IKEv1 a proposal has one algorithm of a kind.
            combinations = [[]]
            for kind in kinds:
                combinations = [[*start, name] for start in combinations for name in kind or [None]]
            written += ["-".join(filter(None, names)) for names in combinations]
    return ", ".join(written)


def address(number):
    return f"10.1.{number // 200}.{number % 200 + 1}"


def connection(number, question, is_initiator):
    version, kind, offered, taken = question
    blocks = offered if is_initiator else taken
    own = proposals(blocks, kind == "esp", version == "IKE_V1")
    ike, esp = ("aes128-sha256-ecp256", own) if kind == "esp" else (own, "aes128-sha256")
    local, remote = ("10.0.0.1", address(number)) if is_initiator else (address(number), "10.0.0.1")
    return f"""
  c{number} {{
    version = {1 if version == "IKE_V1" else 2}
    mobike = no
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {ike}
    local {{ auth = psk }}
    remote {{ auth = psk }}
    children {{
      c{number} {{ esp_proposals = {esp} }}
      d{number} {{ esp_proposals = {esp}
        local_ts = dynamic[tcp]
        remote_ts = dynamic[tcp] }}
    }}
  }}"""


def daemon(folder, name):
    """A daemon and the swanctl that talks to it."""
    folder = folder / name
    folder.mkdir()
    socket = f"unix://{folder}/vici"
    (folder / "strongswan.conf").write_text(f"""
charon-systemd {{
  load = {PLUGINS}
  install_routes = no
  install_virtual_ip = no
  cookie_threshold = 0
  block_threshold = 0
  plugins {{ vici {{ socket = {socket} }} }}
  filelog {{ log {{ path = {folder}/log
    default = 1
    ike_name = yes
    flush_line = yes }} }}
}}
""")
    environment = {**os.environ, "STRONGSWAN_CONF": str(folder / "strongswan.conf"), "SWANCTL_DIR": str(folder)}
    return folder, socket, environment


def start(folder, environment):
    with open(folder / "out", "w") as out:
        return subprocess.Popen(["charon-systemd"], env=environment, stdout=out, stderr=out)


def swanctl(side, *command):
    _, socket, environment = side
    command = ["swanctl", *command, "--uri", socket]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def load(side, questions, is_initiator):
    connections = "".join(connection(number, question, is_initiator) for number, question in enumerate(questions))
    file = side[0] / "swanctl.conf"
    file.write_text(f'connections {{{connections}\n}}\nsecrets {{ ike {{ secret = "oracle" }} }}\n')
    answer = swanctl(side, "--load-all", "--file", str(file))
    if answer.returncode:
        sys.exit(answer.stdout)


def choice(logged, kind):
    """`AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048` in the provider's words."""
    names = [LOGGED[name] for name in logged.split("/") if name != "NO_EXT_SEQ"]
    if kind == "ike":
        # Without AEAD the function follows from the digest.
        plain = len(names) == 4
        if plain and names[2] != f"PRF {names[1]}":
            sys.exit(f"{logged}: the digest and the function differ")
        names = [names[0], names[1], names[3]] if plain else names
    return "/".join(names)


def ask(questions, folder):
    """The answer to each question: the choices, and the log lines they come from."""
    sides = [daemon(folder, name) for name in ("initiator", "responder")]
    run = lambda *command: subprocess.run(command, check=True, stdout=sys.stderr)
    other = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    time.sleep(0.3)
    there = ["nsenter", "--net", "--target", str(other.pid)]
    run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", str(other.pid))
    run("ip", "address", "add", "10.0.0.1/8", "dev", "v0")
    for side in ([], there):
        run(*side, "ip", "link", "set", "lo", "up")
    run("ip", "link", "set", "v0", "up")
    run(*there, "ip", "link", "set", "v1", "up")
    batch = "".join(f"address add {address(number)}/8 dev v1\n" for number in range(len(questions)))
    subprocess.run([*there, "ip", "-batch", "-"], input=batch, text=True, check=True)

    initiator, responder = sides
    started = [start(initiator[0], initiator[2])]
    with open(responder[0] / "out", "w") as out:
        started.append(subprocess.Popen([*there, "charon-systemd"], env=responder[2], stdout=out, stderr=out))
    try:
        for side in sides:
            for _ in range(200):
                if (side[0] / "vici").exists():
                    break
                time.sleep(0.05)
        load(initiator, questions, True)
        load(responder, questions, False)
        for number, question in enumerate(questions):
            yield one(number, question, initiator, responder)
            print(f"\r{number + 1}/{len(questions)}", end="", file=sys.stderr)
    finally:
        for process in [*started, other]:
            process.terminate()
            process.wait()


def said_since(side, place):
    log = (side[0] / "log").read_text()
    return log[place:], len(log)


def one(number, question, initiator, responder):
    version, kind, _, _ = question
    _, place = said_since(responder, 0)
    swanctl(initiator, "--initiate", "--child", f"c{number}", "--timeout", "20", "--loglevel", "1")
    said, place = said_since(responder, place)
    chosen = re.findall(rf"selected proposal: {kind.upper()}:(\S+)", said)
    first = choice(chosen[-1], kind) if chosen else "none"
    if kind == "ike":
        retried = version == "IKE_V2" and "unacceptable, requesting" in said
        return f"{first} {'retried' if retried else 'at once'}" if chosen else first
    if version == "IKE_V1" or not chosen:
        return first
    # The second tunnel has an exchange of its own, as a rekeyed one has. swanctl does
    # not notice the end of one that was tried again, so the log says when it is over.
    swanctl(initiator, "--initiate", "--child", f"d{number}", "--timeout", "1", "--loglevel", "1")
    for _ in range(200):
        said, _ = said_since(responder, place)
        if re.search(r"generating CREATE_CHILD_SA response \d+ \[ (?!N\(INVAL_KE)", said):
            break
        time.sleep(0.05)
    else:
        sys.exit(f"c{number} has no answer for a second tunnel:\n{said}")
    chosen = re.findall(r"selected proposal: ESP:(\S+)", said)
    return f"{first} then {choice(chosen[-1], kind) if chosen else 'none'}"


def in_words(blocks):
    return ", ".join("/".join("|".join(names) or "-" for names in block) for block in blocks)


def table(folder):
    questions = list(Maker(SEED).questions())
    (folder / "empty.conf").write_text("swanctl {}\n")
    environment = {**os.environ, "STRONGSWAN_CONF": str(folder / "empty.conf")}
    help_text = subprocess.run(["swanctl", "--help"], env=environment, stdout=subprocess.PIPE, text=True).stdout
    number = re.search(r"strongSwan (\d+\.\d+\.\d+)", help_text)[1]
    print(f"# What two daemons of strongSwan {number} choose, for {len(questions)} pairs of proposals.")
    print("# Made by: scripts/oracles/proposals.py > src/engine/negotiation/oracle/strongswan.txt")
    print("# Version, SA, what the initiator offers, what the responder takes, the choice.")
    print("# An offer is ciphers/digests/groups, `-` for none, and `, ` between two of them.")
    print("# IKE: whether the initiator had guessed the group, or tried again (INVALID_KE_PAYLOAD).")
    print("# ESP: the choice in IKE_AUTH, then that in CREATE_CHILD_SA; in IKEv1 that of quick mode.")
    for question, answer in zip(questions, ask(questions, folder)):
        version, kind, offered, taken = question
        print(version, kind, "|", in_words(offered), "|", in_words(taken), "|", answer, flush=True)


def fetch():
    if (TOOLS / "usr/sbin/charon-systemd").exists():
        return
    TOOLS.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        subprocess.run(["apt-get", "-q", "download", package], cwd=TOOLS, check=True, stdout=sys.stderr)
    for package in TOOLS.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, TOOLS], check=True)
        package.unlink()


def main():
    if os.environ.get("ORACLE_WITHIN") != "yes":
        fetch()
        command = ["unshare", "--mount", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        os.environ["ORACLE_WITHIN"] = "yes"
        os.execvp(command[0], [*command, sys.executable, *sys.argv])
    # Lower folders only: nothing can be written there.
    overlay = ["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={TOOLS}/usr:/usr", "/usr"]
    subprocess.run(overlay, check=True)
    if "--log" in sys.argv:
        folder = Path(sys.argv[sys.argv.index("--log") + 1]).resolve()
        folder.mkdir(parents=True)
        table(folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            table(Path(folder))


if __name__ == "__main__":
    main()
