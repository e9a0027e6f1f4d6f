#!/usr/bin/env python3
"""Writes captures with scapy: a mix of the protocols that `packets` decodes, from a fixed seed.

    captures.py FOLDER [PACKETS]

Each file has its own sort of link and format; together they have PACKETS packets, 12,000 where
nothing is said. Needs scapy: scripts/client-setup.sh scapy.
"""

import random
import sys
from pathlib import Path

from scapy.config import conf
from scapy.contrib.bgp import BGPHeader, BGPNLRI_IPv4, BGPOpen, BGPUpdate
from scapy.contrib.erspan import ERSPAN_II
from scapy.contrib.ikev2 import IKEv2, IKEv2_KE, IKEv2_Nonce, IKEv2_Proposal, IKEv2_SA, IKEv2_Transform
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (
    ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.isakmp import ISAKMP, ISAKMP_payload_Proposal, ISAKMP_payload_SA, ISAKMP_payload_Transform
from scapy.layers.l2 import ARP, GRE, CookedLinux, Dot1Q, Ether, Loopback
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw
from scapy.utils import PcapNgWriter, PcapWriter

SEED = 20_260_101
FLAGS = ["S", "SA", "A", "PA", "FA", "R", "RA", "PAU", "SEC", "FPU"]


class Mix:
    """Packets by chance."""

    def __init__(self, seed):
        self.dice = random.Random(seed)

    def number(self, bits):
        return self.dice.getrandbits(bits)

    def data(self, most=300):
        return Raw(self.dice.randbytes(self.dice.randrange(most)))

    def v4(self):
        ends = [f"10.{self.number(8)}.{self.number(8)}.{self.dice.randrange(1, 255)}", f"198.51.100.{self.number(8)}"]
        self.dice.shuffle(ends)
        return IP(src=ends[0], dst=ends[1], id=self.number(16), ttl=self.dice.randrange(1, 255))

    def v6(self):
        ends = [f"fd00::{self.number(16):x}", f"2001:db8::{self.number(16):x}"]
        self.dice.shuffle(ends)
        return IPv6(src=ends[0], dst=ends[1], hlim=64)

    def ip(self):
        return self.v4() if self.dice.random() < 0.7 else self.v6()

    def port(self):
        # Above those that either side gives a meaning to.
        return self.dice.randrange(60_000, 65_535)

    def options(self):
        some = [
            ("MSS", self.number(16)), ("WScale", self.dice.randrange(15)), ("SAckOK", b""),
            ("Timestamp", (self.number(32), self.number(32))), ("NOP", None),
            ("SAck", (self.number(32), self.number(32))),
        ]
        return self.dice.sample(some, self.dice.randrange(len(some)))

    def segment(self, port=None, flags=None):
        ports = [self.port(), port or self.port()]
        if port:
            self.dice.shuffle(ports)
        return TCP(
            sport=ports[0], dport=ports[1], seq=self.number(32), ack=self.number(32), window=self.number(16),
            flags=flags or self.dice.choice(FLAGS), options=self.options(),
        )

    def tcp(self):
        return self.ip() / self.segment() / self.data()

    def application(self):
        port, data = self.dice.choice([
            (80, b"GET /index.html HTTP/1.1\r\nHost: example.com\r\n\r\n"),
            (80, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            (21, b"USER anonymous\r\n"), (21, b"230 Logged in.\r\n"),
            (23, bytes.fromhex("fffb01fffd18fffa1800414e5349fff0")),
            (446, bytes.fromhex("0010d0410001000a1041000000000000")),
            (53, bytes.fromhex("001d123401000001000000000000037777770765786d61706c6500") + b"\0\1\0\1"),
            (5_000, bytes.fromhex("e2d4c3d901003410")),
        ])
        return self.ip() / self.segment(port, "PA") / Raw(data)

    def bgp(self):
        message = self.dice.choice([
            BGPHeader(type=4, len=19),
            BGPHeader(type=1) / BGPOpen(my_as=65_000, hold_time=90, bgp_id="10.0.0.1"),
            BGPHeader(type=2) / BGPUpdate(withdrawn_routes=[BGPNLRI_IPv4(prefix="10.1.0.0/16")], path_attr=[], nlri=[]),
        ])
        return self.ip() / self.segment(179, "PA") / message

    def udp(self):
        return self.ip() / UDP(sport=self.port(), dport=self.port()) / self.data()

    def dns(self):
        question = DNSQR(qname=f"host{self.number(8)}.example.com")
        message = DNS(id=self.number(16), rd=1, qd=question)
        if self.dice.random() < 0.5:
            message = DNS(id=self.number(16), qr=1, qd=question, an=DNSRR(rrname="host.example.com", rdata="192.0.2.1"))
        return self.ip() / UDP(sport=self.port(), dport=53) / message

    def extender(self):
        port = self.dice.randrange(12_000, 12_005)
        return self.v4() / UDP(sport=port, dport=port) / Raw(self.dice.choice([b"\x04\x04\xbf", b"\xc8\xc8\x03\xc4\0\0"]))

    def icmp(self):
        if self.dice.random() < 0.4:
            about = self.v4() / UDP(sport=self.port(), dport=self.port())
            return self.v4() / ICMP(type=3, code=self.dice.randrange(5)) / Raw(bytes(about)[:28])
        return self.v4() / ICMP(type=self.dice.choice([0, 8]), id=self.number(16), seq=self.number(16)) / self.data()

    def icmpv6(self):
        return self.v6() / self.dice.choice([
            ICMPv6EchoRequest(id=self.number(16), seq=self.number(16)), ICMPv6EchoReply(id=self.number(16)),
            ICMPv6ND_NS(tgt="fd00::1"), ICMPv6PacketTooBig(mtu=1_280) / self.v6(),
        ])

    def esp(self):
        return self.ip() / ESP(spi=self.dice.randrange(256, 1 << 32), seq=self.number(32), data=self.dice.randbytes(64))

    def nat_esp(self):
        esp = ESP(spi=self.dice.randrange(256, 1 << 32), seq=self.number(32), data=self.dice.randbytes(64))
        return self.v4() / UDP(sport=4_500, dport=4_500) / Raw(bytes(esp))

    def ah(self):
        spi = self.dice.randrange(256, 1 << 32)
        # The length counts words of 32 bits, less two.
        header = AH(spi=spi, seq=self.number(32), icv=self.dice.randbytes(12), nh=17, payloadlen=4)
        return self.v4() / header / UDP(sport=self.port(), dport=self.port()) / self.data(40)

    def ike(self):
        spis = {"init_SPI": self.dice.randbytes(8), "resp_SPI": bytes(8)}
        if self.dice.random() < 0.5:
            transform = IKEv2_Transform(transform_type=1, transform_id=20, key_length=256)
            proposal = IKEv2_Proposal(proposal=1, proto=1, trans_nb=1, trans=transform)
            payloads = IKEv2_SA(prop=proposal, next_payload=34)
            payloads /= IKEv2_KE(group=14, ke=self.dice.randbytes(32), next_payload=40) / IKEv2_Nonce(nonce=self.dice.randbytes(32))
            message = IKEv2(exch_type=34, flags=8, next_payload=33, **spis) / payloads
        else:
            transform = ISAKMP_payload_Transform(
                num=1, transform_id=1,
                transforms=[("Encryption", "AES-CBC"), ("KeyLength", 256), ("Hash", "SHA2-256"), ("Authentication", "PSK"), ("GroupDesc", "2048MODPgr")],
            )
            proposal = ISAKMP_payload_Proposal(trans_nb=1, trans=transform)
            message = ISAKMP(init_cookie=spis["init_SPI"], exch_type=2) / ISAKMP_payload_SA(prop=proposal)
        port = self.dice.choice([500, 4_500])
        before = b"" if port == 500 else bytes(4)
        return self.v4() / UDP(sport=port, dport=port) / Raw(before + bytes(message))

    def inner(self):
        return self.v4() / UDP(sport=self.port(), dport=self.port()) / self.data(40)

    def gre(self):
        return self.ip() / GRE(key_present=1, key=self.number(32), seqnum_present=1, seqence_number=self.number(32)) / self.inner()

    def erspan(self):
        header = ERSPAN_II(session_id=self.number(10), vlan=self.number(12))
        return self.v4() / GRE(proto=0x88BE, seqnum_present=1, seqence_number=self.number(32)) / header / Ether() / self.inner()

    def vxlan(self):
        return self.v4() / UDP(sport=self.port(), dport=4_789) / VXLAN(vni=self.number(24), flags=8) / Ether() / self.inner()

    def fragments(self):
        whole = self.v4() / UDP(sport=self.port(), dport=self.port()) / Raw(self.dice.randbytes(2_000))
        return self.dice.choice(fragment(whole, 800))

    def extensions(self):
        headers = [
            IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0\0\0\0")]), IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")]),
            IPv6ExtHdrRouting(addresses=["fd00::1"], type=0, segleft=0), IPv6ExtHdrFragment(id=self.number(32), m=1),
        ]
        packet = self.v6()
        for header in sorted(self.dice.sample(headers, self.dice.randrange(1, 4)), key=headers.index):
            packet /= header
        return packet / UDP(sport=self.port(), dport=self.port()) / self.data(64)

    def other(self):
        packet = self.v4()
        packet.proto = self.dice.choice([2, 89, 112, 115, 253])
        return packet / Raw(self.dice.randbytes(40))

    def arp(self):
        return ARP(op=self.dice.choice([1, 2]), psrc=f"10.0.0.{self.number(8)}", pdst=f"10.0.1.{self.number(8)}")

    def packet(self):
        makers = [
            self.tcp, self.tcp, self.tcp, self.application, self.bgp, self.udp, self.dns, self.extender, self.icmp,
            self.icmpv6, self.esp, self.nat_esp, self.ah, self.ike, self.gre, self.erspan, self.vxlan, self.fragments,
            self.extensions, self.other, self.arp,
        ]
        return self.dice.choice(makers)()


def ethernet(packet, mix):
    tags = mix.dice.randrange(4)
    frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    if tags == 3:
        frame /= Dot1Q(vlan=mix.number(12), type=0x8100) / Dot1Q(vlan=mix.number(12))
    elif tags == 2:
        frame /= Dot1Q(vlan=mix.number(12))
    return frame / packet


def cooked(packet, mix):
    kind = {4: 0x0800, 6: 0x86DD}.get(packet.version if not isinstance(packet, ARP) else 0, 0x0806)
    return CookedLinux(pkttype=mix.dice.choice([0, 4]), proto=kind) / packet


def cooked2(packet, mix):
    kind = 0x0800 if packet.version == 4 else 0x86DD
    head = kind.to_bytes(2, "big") + bytes(2) + (3).to_bytes(4, "big") + (1).to_bytes(2, "big")
    return Raw(head + bytes([mix.dice.choice([0, 4]), 6]) + bytes(8) + bytes(packet))


def bare(packet, _):
    return packet


def loopback(packet, _):
    return Loopback(type=2 if packet.version == 4 else 24) / packet


def by_type(packet):
    return (b"\x08\x00", b"\x00\x21", b"\xcc") if packet.version == 4 else (b"\x86\xdd", b"\x00\x57", b"\x8e")


def ppp(packet, mix):
    framing = mix.dice.choice([b"\xff\x03", b""])
    return Raw(framing + by_type(packet)[1]) / packet


def hdlc(packet, mix):
    return Raw(mix.dice.choice([b"\x0f\x00", b"\x8f\x00"]) + by_type(packet)[0]) / packet


def frame_relay(packet, mix):
    kind, _, identifier = by_type(packet)
    return Raw(b"\x18\x41" + mix.dice.choice([b"\x03" + identifier, kind])) / packet


def carrier(packet, mix):
    """Ethernet of a carrier: labels, or PPP over Ethernet."""
    labels = b"\x88\x47\x00\x01\x00\x40\x00\x02\x01\x3f"
    session = b"\x88\x64\x11\x00\x00\x07" + (len(packet) + 2).to_bytes(2, "big") + by_type(packet)[1]
    return Raw(bytes(range(12)) + mix.dice.choice([labels, session])) / packet


# Name, link type, how a packet is framed, and the writer.
FILES = [
    ("ethernet.pcap", 1, ethernet, {"nano": False}),
    ("ethernet-ns-be.pcap", 1, ethernet, {"nano": True, "endianness": ">"}),
    ("ethernet.pcapng", 1, ethernet, None),
    ("raw.pcap", 101, bare, {"nano": True}),
    ("cooked.pcap", 113, cooked, {}),
    ("cooked2.pcap", 276, cooked2, {}),
    ("loopback.pcap", 0, loopback, {"endianness": "<"}),
    ("ppp.pcap", 9, ppp, {}),
    ("hdlc.pcap", 104, hdlc, {}),
    ("frame-relay.pcap", 107, frame_relay, {}),
    ("carrier.pcap", 1, carrier, {}),
]


def main():
    folder = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 12_000
    folder.mkdir(parents=True, exist_ok=True)
    random.seed(SEED)
    conf.verb = 0
    for at, (name, link, framed, writing) in enumerate(FILES):
        mix = Mix(SEED + at)
        path = str(folder / name)
        writer = PcapNgWriter(path) if writing is None else PcapWriter(path, linktype=link, **writing)
        time, written = 1_700_000_000.0, 0
        while written < -(-count // len(FILES)):
            packet = mix.packet()
            if isinstance(packet, ARP) and framed not in (ethernet, cooked):
                continue
            time += mix.dice.random() / 100
            frame = framed(packet, mix)
            data = bytes(frame)
            # One packet in twenty is not kept whole.
            kept = mix.dice.randrange(len(data)) if mix.dice.random() < 0.05 else len(data)
            if writing is None:
                frame.time = time
                writer.write(frame)
            else:
                if not writer.header_present:
                    writer.write_header(frame)
                seconds = int(time)
                unit = 1_000_000_000 if writing.get("nano") else 1_000_000
                writer.write_packet(data[:kept], sec=seconds, usec=int((time - seconds) * unit), caplen=kept, wirelen=len(data))
            written += 1
        writer.close()


if __name__ == "__main__":
    main()
