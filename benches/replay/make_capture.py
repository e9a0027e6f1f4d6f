#!/usr/bin/env python3
"""Writes a capture with a mix of traffic, the same every time, for the bench of `replay`.

    make_capture.py FILE [PACKETS]

Half is TCP from segments to networks behind peers, the rest UDP, ICMP, IPv6, VLANs,
fragments and ARP, of 20,000 flows; about one packet in ten goes where no route leads.
"""

import random
import struct
import sys

FLOWS = 20_000
DICE = random.Random(1)
MACS = bytes.fromhex("005056000001005056000002")


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, destination, protocol, payload, fragment=0):
    header = bytearray(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), DICE.randrange(65_536), fragment,
                                   64, protocol, 0, bytes(source), bytes(destination)))
    struct.pack_into("!H", header, 10, checksum(bytes(header)))
    return bytes(header) + payload


def frame(kind):
    source = (192, 168, DICE.choice((98, 99, 100)), DICE.randrange(2, 250))
    destination = (10, DICE.randrange(5), 0, DICE.randrange(1, 255)) if DICE.random() < 0.9 else (11, 0, 0, 1)
    port = DICE.randrange(49_152, 65_536)
    data = bytes(DICE.choice((0, 40, 200, 512, 1_300, 1_400)))
    udp = struct.pack("!HHHH", port, 53, 8 + len(data), 0) + data
    if kind < 0.5:
        tcp = struct.pack("!HHIIBBHHH", port, 443, 1, 1, 0x50, 0x18, 8_192, 0, 0)
        return MACS + b"\x08\x00" + ipv4(source, destination, 6, tcp + data, 0x4000)
    if kind < 0.75:
        return MACS + b"\x08\x00" + ipv4(source, destination, 17, udp)
    if kind < 0.82:
        return MACS + b"\x81\x00\x00\x0a\x08\x00" + ipv4(source, destination, 17, udp)
    if kind < 0.87:
        return MACS + b"\x08\x00" + ipv4(source, destination, 1, struct.pack("!BBHI", 8, 0, 0, port) + data)
    if kind < 0.92:
        return MACS + b"\x08\x00" + ipv4(source, destination, 17, udp, 0x2000)
    if kind < 0.98:
        addresses = bytes.fromhex("20010db8000000000000000000000001") + bytes.fromhex("20010db8000100000000000000000002")
        return MACS + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + addresses + udp
    return MACS + b"\x08\x06" + bytes(28)


def main():
    path, packets = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    frames = [frame(DICE.random()) for _ in range(FLOWS)]
    records = [struct.pack("<II", len(it), len(it)) + it for it in frames]
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for number in range(packets):
            file.write(struct.pack("<II", 1_700_000_000 + number // 1_000, number % 1_000 * 1_000))
            file.write(DICE.choice(records))


if __name__ == "__main__":
    main()
