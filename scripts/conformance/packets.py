#!/usr/bin/env python3
"""Compares the summaries of `packets` with what tshark reads in the same captures, field by field:
addresses, ports, lengths, protocol, time, and of the line flags, window, sequence,
acknowledgement, options, SPI, and the numbers of tunnels.

    packets.py PROGRAM CAPTURE...

PROGRAM is terraform-provider-vpn. Needs tshark, named by TSHARK or on the path; captures.py writes captures.

Ends with 0 when all agrees, with 1 when something differs, and with 2 when that cannot be told.
"""

import collections
import json
import os
import re
import subprocess
import sys

FIELDS = """
    frame.number frame.time_epoch frame.protocols frame.len frame.cap_len
    ip.src ip.dst ip.len ip.proto
    ipv6.src ipv6.dst ipv6.plen ipv6.nxt
    ipv6.hopopts.nxt ipv6.routing.nxt ipv6.fraghdr.nxt ipv6.dstopts.nxt
    arp.src.proto_ipv4 arp.dst.proto_ipv4
    tcp.srcport tcp.dstport tcp.flags tcp.window_size_value tcp.seq_raw tcp.ack_raw
    tcp.options.mss_val tcp.options.wscale.shift
    udp.srcport udp.dstport
    esp.spi esp.sequence ah.spi ah.sequence
    gre.key vxlan.vni dns.id isakmp.ispi isakmp.messageid
""".split()
FLAGS = ["Fin", "Syn", "Rst", "Psh", "Ack", "Urg", "Ece", "Cwr"]
EXTENSIONS = ["ipv6.hopopts", "ipv6.routing", "ipv6.fraghdr", "ipv6.dstopts"]
ESP, AH, GRE, TCP, UDP = 50, 51, 47, 6, 17
# So many differences are shown.
SHOWN = 20


class Trouble(Exception):
    """Nothing can be told."""


def run(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Trouble(f"there is no {command[0]}") from None
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def by_tshark(capture):
    """The fields of every packet, each where it stands first. Nothing is put together of several
    packets."""
    whole = ["ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"]
    command = [os.environ.get("TSHARK", "tshark"), "-n", "-r", capture, "-T", "fields", "-E", "occurrence=f"]
    command += [word for preference in whole for word in ("-o", preference + ":FALSE")]
    command += [word for field in FIELDS for word in ("-e", field)]
    for line in run(command).splitlines():
        values = line.split("\t")
        yield {name: value for name, value in zip(FIELDS, values) if value != ""}


def protocols(packet):
    """The outermost network layer, and what it carries: names, and a number."""
    names = packet["frame.protocols"].split(":")
    at = next((at for at, name in enumerate(names) if name in ("ip", "ipv6", "arp")), None)
    if at is None:
        return None, None
    number = packet.get("ip.proto" if names[at] == "ip" else "ipv6.nxt")
    if names[at] == "ipv6":
        for name in names[at + 1 :]:
            if name not in EXTENSIONS:
                break
            number = packet.get(name + ".nxt", number)
    return names[at], None if number is None else int(number)


def expected(packet):
    """What a summary should say, by names, as far as tshark tells it."""
    layer, number = protocols(packet)
    is_whole = packet["frame.len"] == packet["frame.cap_len"]
    seconds, _, fraction = packet["frame.time_epoch"].partition(".")
    yield "time", int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
    yield "truncated", not is_whole
    if layer == "arp":
        if is_whole:
            yield "source", packet["arp.src.proto_ipv4"]
            yield "destination", packet["arp.dst.proto_ipv4"]
        return
    if layer is None or f"{layer}.dst" not in packet:
        return
    yield "source", packet[f"{layer}.src"]
    yield "destination", packet[f"{layer}.dst"]
    length = packet.get("ip.len") if layer == "ip" else packet.get("ipv6.plen")
    if length is not None:
        yield "length", int(length) + (40 if layer == "ipv6" else 0)
    if not is_whole:
        # Which fields of a header that is cut are shown is a matter of taste.
        return
    yield "protocol", number
    for transport, known in (("tcp", TCP), ("udp", UDP)):
        if number == known and f"{transport}.dstport" in packet:
            yield "source port", int(packet[f"{transport}.srcport"])
            yield "destination port", int(packet[f"{transport}.dstport"])
    if number == TCP and "tcp.flags" in packet:
        flags = int(packet["tcp.flags"], 16)
        yield "flags", {name for bit, name in enumerate(FLAGS) if flags >> bit & 1}
        yield "Win", int(packet["tcp.window_size_value"])
        yield "Seq", int(packet["tcp.seq_raw"])
        if flags >> 4 & 1:
            yield "Ack", int(packet["tcp.ack_raw"])
        for field, word in (("tcp.options.mss_val", "MSS"), ("tcp.options.wscale.shift", "WinScale")):
            if field in packet:
                yield word, int(packet[field])
    is_outer_udp = number == UDP
    if (number == ESP or is_outer_udp) and "esp.spi" in packet:
        yield "SPI", int(packet["esp.spi"], 0)
        yield "Seq", int(packet["esp.sequence"])
    if number == AH and "ah.spi" in packet:
        yield "SPI", int(packet["ah.spi"], 0)
        yield "Seq", int(packet["ah.sequence"])
    if number == GRE and "gre.key" in packet:
        yield "Key", int(packet["gre.key"], 0)
    if is_outer_udp and "vxlan.vni" in packet:
        yield "VNI", int(packet["vxlan.vni"])
    if is_outer_udp and "dns.id" in packet:
        yield "Id", int(packet["dns.id"], 0)
    if is_outer_udp and "isakmp.ispi" in packet:
        yield "SPIi", int(packet["isakmp.ispi"], 16)
        yield "Id", int(packet["isakmp.messageid"], 0)


def numbers():
    """The names of IP protocols, as the registry has them."""
    names = {}
    for number in range(256):
        names[number] = str(number)
    known = """
        0 HOPOPT 1 ICMP 2 IGMP 4 IPv4 6 TCP 17 UDP 33 DCCP 41 IPv6 46 RSVP 47 GRE 50 ESP 51 AH
        58 IPv6-ICMP 59 IPv6-NoNxt 88 EIGRP 89 OSPFIGP 103 PIM 112 VRRP 113 PGM 115 L2TP 132 SCTP
    """
    words = known.split()
    names.update({int(number): name for number, name in zip(words[::2], words[1::2])})
    return names


NAMES = numbers()


def said(summary, what):
    """What a summary says."""
    connection, line = summary["connection"], summary["summary"]
    is_sent = connection["direction"] == "SEND"
    ends = ("local", "remote") if is_sent else ("remote", "local")
    if what in ("source", "destination"):
        return connection.get(ends[what == "destination"] + "Address")
    if what.endswith(" port"):
        return connection.get(ends[what.startswith("destination")] + "Port")
    if what == "time":
        return summary["timing"]["absolute"]
    if what == "length":
        return summary["length"]
    if what == "protocol":
        return summary["protocol"]
    if what == "truncated":
        return "[Truncated]" in line
    if what == "flags":
        return set(line.split(" Win=")[0].split())
    # The line may hold a packet within.
    found = re.search(rf"(?:^| ){what}=(\S+)", line)
    return None if found is None else int(found[1], 0)


def compare(program, capture, counts):
    summaries = json.loads(run([program, "packets", "--format", "json", capture]))
    packets = list(by_tshark(capture))
    if len(summaries) != len(packets):
        yield f"{capture}: {len(summaries)} packets, tshark has {len(packets)}"
    for summary, packet in zip(summaries, packets):
        counts["packets"] += 1
        for what, value in expected(packet):
            counts[what] += 1
            found = said(summary, what)
            wanted = NAMES[value] if what == "protocol" else value
            if found != wanted:
                line = summary["summary"]
                yield f"{capture}: packet {packet['frame.number']}: {what} is {found}, tshark has {wanted}: {line}"


def main():
    if len(sys.argv) < 3:
        raise Trouble("usage: packets.py PROGRAM CAPTURE...")
    counts, differences = collections.Counter(), 0
    for capture in sys.argv[2:]:
        for difference in compare(sys.argv[1], capture, counts):
            differences += 1
            if differences <= SHOWN:
                print(difference)
    fields = sum(counts.values()) - counts["packets"]
    print(f"{counts['packets']} packets, {fields} fields compared, {differences} differ")
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    return 0 if differences == 0 else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(2)
