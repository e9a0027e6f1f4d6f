#!/usr/bin/env python3
"""Builds ESP packets byte by byte, and writes their sizes as test data.

    scripts/oracles/esp.py > src/engine/esp/oracle/sizes.txt
    scripts/oracles/esp.py --show AES_128 SHA2_256 --nat-t --outer 4 --inner 1400

Nothing here computes a size: packets are laid out as the RFCs draw them, with
every field written, and measured. The HMACs are real (RFC 2404, RFC 4868); what a
cipher would scramble is left as it is, since none of these changes a length. What
fits an MTU is found by building larger and larger packets until one does not.

The second form shows one packet field by field, with the bytes added up.
"""

import argparse
import hashlib
import hmac
import struct

# Name: IV bytes, block bytes, ICV bytes (None: the digest's).
CIPHERS = {
    "AES_128": (16, 16, None),
    "AES_256": (16, 16, None),
    "AES_GCM_128": (8, 4, 16),
    "AES_GCM_192": (8, 4, 16),
    "AES_GCM_256": (8, 4, 16),
    "NO_ENCRYPTION_AUTH_AES_GMAC_128": (8, 4, 16),
    "NO_ENCRYPTION_AUTH_AES_GMAC_192": (8, 4, 16),
    "NO_ENCRYPTION_AUTH_AES_GMAC_256": (8, 4, 16),
    "NO_ENCRYPTION": (0, 4, None),
}
# Name: hash, and the bits of its HMAC that are sent.
DIGESTS = {
    "SHA1": (hashlib.sha1, 96),
    "SHA2_256": (hashlib.sha256, 128),
    "SHA2_384": (hashlib.sha384, 192),
    "SHA2_512": (hashlib.sha512, 256),
}
INNER_SIZES = (20, 40, 61, 576, 1280, 1394, 1419, 1500, 8900)
MTUS = (1280, 1500, 8900)
ADDRESS_4, ADDRESS_6 = bytes(4), bytes(16)
UDP, ESP, IP_IN_IP, IP6_IN_IP, TCP = 17, 50, 4, 41, 6


def ip_header(version, protocol, length):
    """RFC 791 section 3.1 without options, RFC 8200 section 3."""
    if version == 4:
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, (20 + length) & 0xFFFF, 0, 0, 64, protocol, 0, ADDRESS_4, ADDRESS_4)
    return struct.pack("!IHBB16s16s", 6 << 28, length & 0xFFFF, protocol, 64, ADDRESS_6, ADDRESS_6)


def tcp_header():
    """RFC 9293 section 3.1 without options."""
    return struct.pack("!HHIIBBHHH", 1024, 80, 0, 0, 5 << 4, 0x10, 65535, 0, 0)


def integrity(digest, covered):
    """The HMAC, cut to the bits that are sent (RFC 4868 section 2.3)."""
    function, bits = DIGESTS[digest]
    return hmac.new(bytes(function().digest_size), covered, function).digest()[: bits // 8]


def fields(cipher, digest, nat_t, outer, inner):
    """The outer packet, field by field (RFC 4303 section 2)."""
    iv_bytes, block, icv_bytes = CIPHERS[cipher]
    header = [("SPI", struct.pack("!I", 0x1001)), ("sequence number", struct.pack("!I", 1))]
    iv = ("IV", bytes(iv_bytes))
    padding = bytearray()
    # The default padding is 1, 2, 3 and so on (RFC 4303 section 2.4).
    while len(inner + padding + b"\0\0") % block:
        padding.append(len(padding) + 1)
    next_header = IP6_IN_IP if inner[:1] and inner[0] >> 4 == 6 else IP_IN_IP
    body = [
        ("inner packet", inner),
        ("padding", bytes(padding)),
        ("pad length", bytes([len(padding)])),
        ("next header", bytes([next_header])),
    ]
    covered = b"".join(part for _, part in [*header, iv, *body])
    icv = ("ICV", integrity(digest, covered) if icv_bytes is None else bytes(icv_bytes))
    esp = [*header, iv, *body, icv]
    length = sum(len(part) for _, part in esp)
    udp = []
    if nat_t:
        length += 8
        udp = [("UDP header", struct.pack("!HHHH", 4500, 4500, length & 0xFFFF, 0))]
    return [(f"IPv{outer} header", ip_header(outer, UDP if nat_t else ESP, length)), *udp, *esp]


def size(combination, inner):
    return len(b"".join(part for _, part in fields(*combination, inner)))


def segment(version, payload):
    """A TCP segment with so much payload, as an IP packet."""
    return ip_header(version, TCP, 20 + payload) + tcp_header() + bytes(payload)


def most(fits):
    """The largest number that fits, by trying all that do."""
    number = 0
    while fits(number + 1):
        number += 1
    return number


def combinations():
    for cipher, (_, _, icv) in CIPHERS.items():
        for digest in DIGESTS if icv is None else (None,):
            for outer in (4, 6):
                for nat_t in (False, True):
                    yield cipher, digest, nat_t, outer


def table():
    print("# The sizes of ESP packets in tunnel mode, measured on packets written byte by byte.")
    print("# Made by: scripts/oracles/esp.py > src/engine/esp/oracle/sizes.txt")
    print("# After cipher, digest, outer IP version and NAT traversal stand")
    print("# inner size=outer size, and MTU=largest inner packet/MSS over IPv4/MSS over IPv6.")
    for combination in combinations():
        cipher, digest, nat_t, outer = combination
        outers = [f"{inner}={size(combination, bytes(inner))}" for inner in INNER_SIZES]
        fitting = []
        for mtu in MTUS:
            inner = most(lambda inner: size(combination, bytes(inner)) <= mtu)
            mss = [most(lambda payload: size(combination, segment(version, payload)) <= mtu) for version in (4, 6)]
            fitting.append(f"{mtu}={inner}/{mss[0]}/{mss[1]}")
        print(cipher, digest or "-", f"IPv{outer}", "nat-t" if nat_t else "plain", *outers, "|", *fitting)


def show(cipher, digest, nat_t, outer, inner):
    total = 0
    for name, part in fields(cipher, digest, nat_t, outer, bytes(inner)):
        total += len(part)
        print(f"{name:16} {len(part):5} {total:6}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", nargs="+", metavar=("CIPHER", "DIGEST"), help="show one packet instead")
    parser.add_argument("--nat-t", action="store_true")
    parser.add_argument("--outer", type=int, choices=(4, 6), default=4)
    parser.add_argument("--inner", type=int, default=1400)
    wanted = parser.parse_args()
    if wanted.show:
        cipher, digest = [*wanted.show, None][:2]
        show(cipher, digest, wanted.nat_t, wanted.outer, wanted.inner)
    else:
        table()


if __name__ == "__main__":
    main()
