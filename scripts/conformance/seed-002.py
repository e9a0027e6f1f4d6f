#!/usr/bin/env python3
"""Replays the requests of "VMware Cloud on AWS - Managing IPSec VPN using API" with curl, and
compares the answers with those that are printed there: fields, types, and values where they
are not live.

    seed-002.py https://nsx.example.com admin

The password is that of the environment variable NSXT_PASSWORD. Without a user, curl looks
into ~/.netrc; with an access token of VMware Cloud services in VMC_ACCESS_TOKEN, that is sent.

The requests are in seed-002.json, in the order of the document, by the URLs that are printed
there. They are sent twice: by the URL alone, and after /policy/api/v1. --prefix says otherwise.

On an NSX nobody is at the other end of the document's tunnel, unless you are. With --far-end, a
simulated peer is put there first, which only `serve` has: the session comes up, BGP as well, and
the routes and their CSV have to hold what the peer announces.

It creates the objects of the document and deletes them again. If one of them is there already,
it changes nothing.

Ends with 0 when everything is answered as printed, with 1 when something differs, and with 2
when that cannot be told.
"""

import argparse
import csv
import io
import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import time

STEPS = json.loads(pathlib.Path(__file__).with_name("seed-002.json").read_text())


# Who is at the other end of the document's tunnel. It announces a network that the document's
# prefix list lets pass, and one that is filtered.
FAR_END = "/infra/simulated-peers/VPNtoDFWDC1-far-end"
ANNOUNCED, FILTERED = "10.65.0.0/16", "192.0.2.0/24"
FAR_END_BODY = {
    "address": "10.0.0.1",
    "psk": "test123456",
    "bgp": {"password": "MyBGPPassword", "routes": [{"network": ANNOUNCED, "as_path": ["64999"]}, {"network": FILTERED}]},
}
# What its route is shown as, by the columns that the document prints.
SHOWN = {"network": ANNOUNCED, "next_hop": "169.254.151.1", "as_path": "65006 64999"}
# How long it may take until the neighbors have met, in seconds.
PATIENCE = 120


class Trouble(Exception):
    """Nothing can be told."""


class Answer:
    """What the endpoint answered."""

    def __init__(self, status, media_type, text):
        self.status, self.media_type, self.text = status, media_type, text

    def document(self):
        """The answer as JSON; none where there is no body."""
        try:
            return json.loads(self.text) if self.text.strip() else None
        except ValueError:
            raise Trouble(f"the answer is no JSON: {self.text[:200]!r}") from None


def quoted(text):
    """A value in a config file of curl."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


class Endpoint:
    """An endpoint that curl can ask."""

    def __init__(self, options, prefix):
        self.base = options.endpoint.rstrip("/") + prefix
        said = quoted("\n%{http_code} %{content_type}")
        self.config = ["silent", "show-error", "max-time = 60", f"write-out = {said}"]
        token, password = os.environ.get("VMC_ACCESS_TOKEN"), os.environ.get("NSXT_PASSWORD")
        if token:
            self.config.append(f"header = {quoted('csp-auth-token: ' + token)}")
        elif options.user:
            if password is None:
                raise Trouble("NSXT_PASSWORD is not set: the password of " + options.user)
            self.config.append(f"user = {quoted(options.user + ':' + password)}")
        else:
            self.config.append("netrc")
        if options.cacert:
            self.config.append(f"cacert = {quoted(options.cacert)}")
        if options.insecure:
            self.config.append("insecure")

    def ask(self, method, path, body=None):
        """Sends a request. Credentials and keys go by the standard input, so that no list of
        processes shows them."""
        lines = self.config + [f"request = {method}", f"url = {quoted(self.base + path)}"]
        if body is not None:
            lines += ['header = "Content-Type: application/json"', f"data-binary = {quoted(json.dumps(body))}"]
        try:
            done = subprocess.run(
                ["curl", "--config", "-"], input="\n".join(lines), capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise Trouble("there is no curl") from None
        if done.returncode != 0:
            raise Trouble(f"{method} {path}: {done.stderr.strip() or f'curl ended with {done.returncode}'}")
        text, _, said = done.stdout.rpartition("\n")
        status, _, media_type = said.partition(" ")
        return Answer(int(status), media_type, text)


def kind(value):
    """The type of a value in JSON."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", int: "a whole number"}
    return names.get(type(value), "null" if value is None else "a number")


def ordered(value, names):
    """The value with the lists of these names in an order of their own: they stand for sets."""
    if isinstance(value, list):
        return [ordered(entry, names) for entry in value]
    if not isinstance(value, dict):
        return value
    inner = {name: ordered(entry, names) for name, entry in value.items()}
    return {name: sorted(entry, key=json.dumps) if name in names else entry for name, entry in inner.items()}


def differences(answered, printed, live, at=""):
    """Where an answer is not like the printed one. What is named in live may have any value of
    the type that is printed."""
    if kind(answered) != kind(printed):
        yield f"{at or 'the answer'} is {kind(answered)}, printed is {kind(printed)}"
    elif isinstance(printed, dict):
        for name, value in printed.items():
            place = f"{at}.{name}" if at else name
            if name not in answered:
                yield f"{place} is missing"
            elif name in live and not isinstance(value, (dict, list)):
                if kind(answered[name]) != kind(value):
                    yield f"{place} is {kind(answered[name])}, printed is {kind(value)}"
            elif name in live and isinstance(value, list):
                # As many as there are at the moment, each like the printed one.
                if kind(answered[name]) != "a list":
                    yield f"{place} is {kind(answered[name])}, printed is a list"
                elif value and isinstance(value[0], dict):
                    for position, entry in enumerate(answered[name]):
                        yield from differences(entry, value[0], set(value[0]), f"{place}[{position}]")
            elif name in live:
                yield from differences(answered[name], value, set(value), place)
            else:
                yield from differences(answered[name], value, live, place)
    elif isinstance(printed, list):
        if len(answered) < len(printed):
            yield f"{at} has {len(answered)} entries, printed are {len(printed)}"
        for position, (one, other) in enumerate(zip(answered, printed)):
            yield from differences(one, other, live, f"{at}[{position}]")
    elif answered != printed:
        yield f"{at} is {answered!r}, printed is {printed!r}"


def routes_in_csv(text, far_end, learned):
    """Where the rows of a table of routes are no routes, or are not those of the far end."""
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        try:
            ipaddress.ip_network(row["network"])
            ipaddress.ip_address(row["next_hop"])
            if not all(part.isdigit() for part in (row["as_path"] or "").split()):
                raise ValueError(f"{row['as_path']!r} is no AS path")
            if None in row or None in row.values():
                raise ValueError("it has not as many columns as the first row")
        except (KeyError, ValueError) as error:
            yield f"a row is no route: {error}"
    found = [{name: row.get(name) for name in SHOWN} for row in rows]
    if far_end and learned and found != [SHOWN]:
        yield f"the routes are {found}, announced and let pass is {SHOWN}"


def judged(step, answer, far_end=False):
    """Where the answer to a step is not as printed."""
    if step.get("refused"):
        if not 400 <= answer.status < 500:
            yield f"status {answer.status}: it should have been refused"
        elif not (answer.document() or {}).get("error_message"):
            yield "the refusal has no error_message"
        return
    if answer.status != 200:
        yield f"status {answer.status}: {answer.text.strip()[:500]}"
        return
    if "csv" in step:
        columns = answer.text.splitlines()[0].split(",") if answer.text else []
        if not answer.media_type.startswith("text/csv"):
            yield f"it is {answer.media_type or 'nothing'}, not text/csv"
        missing = [name for name in step["csv"] if name not in columns]
        yield from (f"the column {name} is missing" for name in missing)
        if not missing:
            yield from routes_in_csv(answer.text, far_end, "/advertised-routes" not in step["request"])
        return
    document, sets = answer.document(), step.get("unordered", [])
    for name in step.get("hidden", []):
        if name in (document or {}):
            yield f"{name} is shown"
    if step.get("echoes"):
        sent = {name: value for name, value in step["body"].items() if name not in step.get("hidden", [])}
        yield from differences(ordered(document, sets), ordered(sent, sets), set())
    if "holds" in step:
        if step["holds"] not in [entry.get("id") for entry in document.get("results", [])]:
            yield f"{step['holds']} is not in the list"
    if "among" in step:
        wanted = step["among"]
        fits = lambda entry: all(entry.get(name) == value for name, value in wanted.items())
        document = next(filter(fits, document.get("results", [])), None)
        if document is None:
            yield f"there is no entry with {wanted}"
            return
    if "answer" in step:
        yield from differences(ordered(document, sets), ordered(step["answer"], sets), set(step.get("live", [])))
    yield from (f"{name} is missing" for name in step.get("added", []) if name not in document)


def meet(endpoint):
    """Waits until the far end and the gateway have met."""
    place = next(step["request"].partition(" ")[2] for step in STEPS if step["about"] == "How BGP neighbors are")
    until = time.monotonic() + PATIENCE
    while True:
        answer = endpoint.ask("GET", place)
        neighbors = answer.document().get("results", []) if answer.status == 200 else []
        states = {it["neighbor_address"]: it["connection_state"] for it in neighbors}
        if states.get(SHOWN["next_hop"]) == "ESTABLISHED":
            return
        if time.monotonic() > until:
            raise Trouble(f"the neighbors have not met in {PATIENCE} seconds: {states}")
        time.sleep(0.2)


def replay(endpoint, say, far_end=False):
    """Sends every request; how many were not answered as printed."""
    paths = [step["request"].partition(" ")[2] for step in STEPS if step.get("creates")]
    for path in dict.fromkeys(paths + [FAR_END] * far_end):
        status = endpoint.ask("GET", path).status
        if status == 200:
            raise Trouble(f"{path} is there already: it would be changed and deleted. Nothing was sent but GET.")
        if status != 404:
            raise Trouble(f"GET {path} answers {status}")
    there, wrong = [], 0
    try:
        if far_end:
            answer = endpoint.ask("PUT", FAR_END, FAR_END_BODY)
            if answer.status != 200:
                raise Trouble(f"there is no far end to be had: {answer.status} {answer.text.strip()[:500]}")
            there.append(FAR_END)
        for step in STEPS:
            method, _, path = step["request"].partition(" ")
            if far_end and step["about"] == "Status and statistics":
                meet(endpoint)
            answer = endpoint.ask(method, path, step.get("body"))
            if step.get("creates") and answer.status == 200:
                there.append(path)
            if step.get("deletes") and answer.status == 200:
                there.remove(path)
            found = list(judged(step, answer, far_end))
            wrong += bool(found)
            say(f"{'DIFFERS' if found else 'ok':7}  {step['request']}  ({step['about']})")
            for difference in found:
                say(f"           {difference}")
    finally:
        # Neighbors hold sessions, sessions hold profiles, neighbors hold lists.
        for path in sorted(there, key=lambda path: ("/neighbors/" not in path, "/sessions/" not in path)):
            endpoint.ask("DELETE", path)
    return wrong


def main():
    """Replays the requests as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint", help="the full endpoint URL: https://host, or that of a reverse proxy")
    parser.add_argument("user", nargs="?", help="a user that may change the configuration")
    parser.add_argument("--prefix", action="append", help="what stands before the printed URLs; may be repeated")
    parser.add_argument("--cacert", help="the authority that signed the endpoint's certificate, in PEM form")
    parser.add_argument("--insecure", action="store_true", help="trust any certificate")
    parser.add_argument("--far-end", action="store_true", help="put a simulated peer at the other end of the tunnel")
    options = parser.parse_args()
    wrong = 0
    try:
        for prefix in options.prefix or ["", "/policy/api/v1"]:
            endpoint = Endpoint(options, prefix)
            print(f"{endpoint.base}")
            wrong += replay(endpoint, print, options.far_end)
    except Trouble as trouble:
        print(f"error: {trouble}", file=sys.stderr)
        return 2
    print("Everything is answered as printed." if wrong == 0 else f"{wrong} answers differ.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
