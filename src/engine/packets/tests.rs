//! The sample of NetMaster's documentation, a line of each protocol, EBCDIC against `iconv`,
//! and bytes that nobody has meant to send.

use std::process::{Command, Stdio};

use etherparse::{PacketBuilder, TcpOptionElement};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::summary::Data;
use super::*;
use crate::engine::pcap::Direction::{Received, Sent};
use crate::engine::pcap::Link;

/// The summary of a frame, as JSON.
fn summary(link: Link, bytes: &[u8]) -> Value {
    let frame = Frame::new(link, u32::try_from(bytes.len()).unwrap(), bytes);
    serde_json::to_value(Summarizer::new(Locals::default(), "LOOPBACK").next(&frame)).unwrap()
}

/// The line of an IP packet.
fn line(packet: &[u8]) -> String {
    summary(Link::Raw, packet)["summary"].as_str().unwrap().to_owned()
}

fn udp(from: u16, to: u16, data: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(from, to).write(&mut packet, data).unwrap();
    packet
}

fn tcp(from: u16, to: u16, data: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(from, to, 1, 9).ack(2).psh();
    builder.write(&mut packet, data).unwrap();
    packet
}

/// A packet of IPv4 with this protocol.
fn ip(number: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    builder.write(&mut packet, etherparse::IpNumber(number), data).unwrap();
    packet
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

/// The packet that the sample summarizes: a segment without data, with a time stamp.
#[test]
fn the_sample_of_the_documentation_is_reproduced() {
    let options = [TcpOptionElement::Noop, TcpOptionElement::Noop, TcpOptionElement::Timestamp(7, 8)];
    let builder = PacketBuilder::ipv4([10, 2, 2, 2], [10, 1, 1, 1], 64)
        .tcp(40_006, 63_158, 4_225_965_973, 4_095)
        .psh()
        .ack(1_598_973_467)
        .options(&options)
        .unwrap();
    let mut packet = Vec::new();
    builder.write(&mut packet, &[]).unwrap();
    let time = 1_666_978_684_671_000_000;
    let frame = |time| Frame { time: Some(time), ..Frame::new(Link::Raw, 52, &packet) };
    let locals = ["10.1.1.1/32".parse().unwrap()].into_iter().collect();
    let mut summarizer = Summarizer::new(locals, "LOOPBACK");
    for _ in 0..5 {
        summarizer.pass(&frame(time - 999_000));
    }
    let mut found = serde_json::to_value(summarizer.next(&frame(time))).unwrap();
    let data = found["data"].take();
    assert_eq!(
        found,
        json!({
            "packetNumber": 6,
            "connection": {
                "localAddress": "10.1.1.1",
                "localPort": 63158,
                "remoteAddress": "10.2.2.2",
                "remotePort": 40006,
                "direction": "RECV",
            },
            "length": 52,
            "protocol": "TCP",
            "timing": { "absolute": 1_666_978_684_671_000_i64, "delta": 0 },
            "summary": "Ack Psh Win=4095 Seq=4225965973 Ack=1598973467 TimeStamp",
            "data": null,
            "stackInterface": "LOOPBACK",
            "totalPackets": 1,
        })
    );
    assert_eq!(data["hex"], format!("9C46F6B6{:08X}{:08X}80180FFF", 4_225_965_973_u32, 1_598_973_467));
    let printed = bytes("97E1C0249095153D8D89F61D50180FEF");
    assert_eq!(
        serde_json::to_value(Data::of(&printed)).unwrap(),
        json!({
            "hex": "97E1C0249095153D8D89F61D50180FEF",
            "ebcdic": "p.{..n...i6.&...",
            "ascii": "...$...=....P...",
        })
    );
}

#[test]
fn ebcdic_is_code_page_1047_as_iconv_has_it() {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let mut iconv = Command::new("iconv")
        .args(["-f", "IBM1047", "-t", "UTF-8"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("iconv is needed");
    std::io::Write::write_all(&mut iconv.stdin.take().unwrap(), &all).unwrap();
    let text = String::from_utf8(iconv.wait_with_output().unwrap().stdout).unwrap();
    let expected: Vec<char> = text.chars().map(|it| if matches!(it, ' '..='~') { it } else { '.' }).collect();
    let found: Vec<char> = all.iter().map(|byte| char::from(code_page::ebcdic(*byte))).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_delta_is_in_milliseconds_and_never_negative() {
    let packet = udp(1, 2, &[]);
    let mut summarizer = Summarizer::new(Locals::default(), "");
    let deltas: Vec<_> = [5_000_000, 5_999_000, 7_999_000, 3_000_000]
        .into_iter()
        .map(|time| summarizer.next(&Frame { time: Some(time), ..Frame::new(Link::Raw, 28, &packet) }).timing.delta)
        .collect();
    assert_eq!(deltas, [0, 0, 2, 0]);
}

#[test]
fn flags_and_options_of_tcp_are_named() {
    let options = [
        TcpOptionElement::MaximumSegmentSize(1_460),
        TcpOptionElement::WindowScale(7),
        TcpOptionElement::SelectiveAcknowledgementPermitted,
        TcpOptionElement::SelectiveAcknowledgement((1, 2), [Some((3, 4)), None, None]),
    ];
    let builder =
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(1, 2, 3, 4).syn().fin().rst().urg(9).ece().cwr();
    let mut packet = Vec::new();
    builder.options(&options).unwrap().write(&mut packet, &[]).unwrap();
    assert_eq!(line(&packet), "Cwr Ece Urg Rst Syn Fin Win=4 Seq=3 Urg=9 MSS=1460 WinScale=7 SackOk Sack=1-2,3-4");
    // The header is said to be longer than it is, and shorter than it can be.
    packet[32] = 0xf0;
    assert!(line(&packet).ends_with("[Malformed: too short]"), "{}", line(&packet));
    packet[32] = 0x40;
    assert_eq!(line(&packet), "[Malformed: length of the TCP header]");
}

#[test]
fn esp_and_what_port_4500_carries() {
    let esp = bytes("c0ffee01 0000002a 00112233");
    assert_eq!(line(&ip(50, &esp)), "SPI=0xc0ffee01 Seq=42 Len=4");
    assert_eq!(line(&udp(4500, 4500, &esp)), "Len=12 ESP SPI=0xc0ffee01 Seq=42 Len=4");
    assert_eq!(line(&udp(4500, 4500, &[0xff])), "Len=1 NatKeepalive");
    let ah = bytes("11 04 0000 00000100 00000001 000000000000000000000000");
    let inner = &udp(7, 8, &[1, 2])[20..];
    assert_eq!(line(&ip(51, &[&ah, inner].concat())), "SPI=0x00000100 Seq=1 UDP Len=2");
    assert_eq!(summary(Link::Raw, &ip(51, &ah))["protocol"], "AH");
}

#[test]
fn ike_tells_exchange_payloads_and_proposals() {
    // IKE_SA_INIT: a proposal of AES-GCM-16-256 and AES-CBC-128, a key exchange, a nonce, a
    // notification.
    let transforms = "0300000c 01000014 800e0100 0300000c 0100000c 800e0080 03000008 02000005 \
                      03000008 0300000c 00000008 0400000e";
    let proposal = format!("00000038 01010005 {transforms}");
    let sa = format!("2200003c {proposal}");
    let rest = "2800000c 000e0000 01020304 29000008 aabbccdd 00000008 00004004";
    let body = bytes(&format!("{sa}{rest}"));
    let length = u32::try_from(28 + body.len()).unwrap().to_be_bytes();
    let head = bytes("0102030405060708 0000000000000000 21 20 22 08 00000000");
    let message = [&head[..], &length, &body].concat();
    let expected = "IKEv2 IKE_SA_INIT Request Id=0 SPIi=0x0102030405060708 SPIr=0x0000000000000000 \
                    SA(IKE:AES-GCM-16-256/AES-CBC-128/PRF-SHA2-256/SHA2-256-128/Group14) KE(14) Nonce \
                    N(NAT_DETECTION_SOURCE_IP)";
    assert_eq!(line(&udp(500, 500, &message)), format!("Len={} {expected}", message.len()));
    let behind_a_nat = [&[0; 4], &message[..]].concat();
    assert_eq!(line(&udp(4500, 4500, &behind_a_nat)), format!("Len={} {expected}", behind_a_nat.len()));

    let quick = bytes("0102030405060708 1112131415161718 08 10 20 01 0000abcd 00000020 99999999");
    assert_eq!(
        line(&udp(500, 500, &quick)),
        "Len=32 IKEv1 QuickMode Id=0x0000abcd SPIi=0x0102030405060708 SPIr=0x1112131415161718 Encrypted"
    );
    let transform = "00000020 01010000 80010007 800e0100 80020004 80030001 8004000e 800b0001";
    let main = bytes(&format!("00000034 00000001 00000001 00000028 01010001 {transform}"));
    let head = bytes("0102030405060708 0000000000000000 01 10 02 00 00000000 00000050");
    let found = line(&udp(500, 500, &[head, main].concat()));
    assert!(found.contains("IKEv1 MainMode") && found.ends_with("SA(IKE:AES-CBC-256/SHA2-256/PSK/Group14)"), "{found}");
}

#[test]
fn bgp_tells_messages_and_prefixes() {
    let marker = [0xff; 16];
    let message = |kind: u8, body: &str| {
        let body = bytes(body);
        [&marker[..], &u16::try_from(19 + body.len()).unwrap().to_be_bytes(), &[kind], &body].concat()
    };
    let open = message(1, "04 5ba0 005a 0a000001 08 02 06 41 04 0001000a");
    let update = message(2, "0004 180a0000 0014 4001010040020602010000fde8400304c0a80101 180a0100 20c0000201");
    let both = [open, update, message(4, ""), message(3, "0602")].concat();
    assert_eq!(
        line(&tcp(179, 40_000, &both)),
        "Ack Psh Win=9 Seq=1 Ack=2 BGP Open As=65546 Hold=90 Id=10.0.0.1 Update AsPath=65000 NextHop=192.168.1.1 \
         Withdraw=10.0.0.0/24 Announce=10.1.0.0/24,192.0.2.1/32 Keepalive Notification Code=Cease Subcode=2"
    );
    assert_eq!(line(&tcp(179, 40_000, &marker)), "Ack Psh Win=9 Seq=1 Ack=2 BGP ...");
    let many = (0..=255).map(|it| format!("18 0a00{it:02x}")).collect::<Vec<_>>().concat();
    let long = line(&tcp(179, 40_000, &message(2, &format!("0000 0000 {many}"))));
    assert!(long.len() < 450 && long.ends_with(",..."), "{long}");
}

#[test]
fn tunnels_show_what_is_in_them() {
    let inner = udp(7, 8, &[1]);
    let frame = [&[2; 12][..], &[0x81, 0, 0, 5, 8, 0], &inner].concat();
    let gre = [bytes("3000 0800 00000009 00000003"), inner.clone()].concat();
    assert_eq!(line(&ip(47, &gre)), "Key=9 Seq=3 | 10.0.0.1>10.0.0.2 UDP 7>8 Len=1");
    let second = [bytes("1000 88be 00000004 1000002a 00000007"), frame.clone()].concat();
    let within = "Vlan=5 | 10.0.0.1>10.0.0.2 UDP 7>8 Len=1";
    assert_eq!(line(&ip(47, &second)), format!("Seq=4 ERSPAN-II Session=42 Vlan=0 Index=7 {within}"));
    let third = [bytes("1000 22eb 00000004 2063002a 00000100 0000 0000"), frame.clone()].concat();
    assert_eq!(line(&ip(47, &third)), format!("Seq=4 ERSPAN-III Session=42 Vlan=99 Time=256 {within}"));
    let vxlan = [bytes("08000000 00138800"), frame].concat();
    assert_eq!(line(&udp(50_000, 4789, &vxlan)), format!("Len={} VXLAN VNI=5000 {within}", vxlan.len()));
    let mut nested = inner;
    for _ in 0..9 {
        nested = ip(4, &nested);
    }
    assert!(line(&nested).ends_with("IPv4 | ..."), "{}", line(&nested));
}

#[test]
fn errors_tell_what_they_are_about() {
    let about = udp(7, 8, &[1]);
    let icmp = |begin: &str| ip(1, &[&bytes(begin)[..], &about[..28]].concat());
    assert_eq!(line(&icmp("0303 0000 00000000")), "PortUnreachable | 10.0.0.1>10.0.0.2 UDP 7>8");
    assert_eq!(line(&icmp("0304 0000 0000 0578")), "FragmentationNeeded MTU=1400 | 10.0.0.1>10.0.0.2 UDP 7>8");
    assert_eq!(line(&icmp("0b00 0000 00000000")), "TimeExceeded | 10.0.0.1>10.0.0.2 UDP 7>8");
    assert_eq!(line(&ip(1, &bytes("0800 0000 0102 0003"))), "EchoRequest Id=258 Seq=3");
    let v6 = |data: &str| {
        let mut packet = Vec::new();
        let builder = PacketBuilder::ipv6([0xfd; 16], [0xfe; 16], 64);
        builder.write(&mut packet, etherparse::IpNumber(58), &bytes(data)).unwrap();
        line(&packet)
    };
    assert_eq!(v6("0200 0000 00000500"), "PacketTooBig MTU=1280");
    assert_eq!(v6("8700 0000 00000000 20010db8000000000000000000000001"), "NeighborSolicitation Target=2001:db8::1");
    assert_eq!(v6("8100 0000 0001 0002"), "EchoReply Id=1 Seq=2");
}

#[test]
fn applications_are_told_and_secrets_are_not() {
    let over_tcp = |port, data: &[u8]| line(&tcp(40_000, port, data)).replace("Ack Psh Win=9 Seq=1 Ack=2 ", "");
    assert_eq!(over_tcp(8080, b"GET /a?token=secret HTTP/1.1\r\nHost: x\r\n"), "HTTP GET /a ?...");
    assert_eq!(over_tcp(80, b"HTTP/1.1 404 Not Found\r\n"), "HTTP 404 Not Found");
    assert_eq!(over_tcp(80, b"POST /b"), "HTTP POST /b ...");
    assert_eq!(over_tcp(21, b"USER me\r\n"), "FTP USER me");
    assert_eq!(over_tcp(21, b"pass secret\r\n"), "FTP PASS ***");
    assert_eq!(over_tcp(21, b"SITE PSWD old new\r\n"), "FTP SITE ***");
    assert_eq!(over_tcp(21, b"220 \x1b[31mready\r\n"), "FTP 220 .[31mready");
    assert_eq!(
        over_tcp(23, &bytes("ff fb 01 ff fd 18 ff fa 18 00 41 ff f0 6869")),
        "TELNET Will(Echo) Do(TerminalType) SB(TerminalType) Data=2"
    );
    assert_eq!(
        over_tcp(446, &bytes("0010 d041 0001 000a 1041 0000 0000 0000 000a d001 0002 0004 106d")),
        "DRDA EXCSAT ACCSEC"
    );
    assert_eq!(over_tcp(5000, &bytes("e2d4c3d9 01 0034 10")), "SMC-R Proposal Version=1 Len=52");
    assert_eq!(over_tcp(5000, b"anything"), "Ack Psh Win=9 Seq=1 Ack=2");
}

#[test]
fn dns_tells_questions_and_answers() {
    let head = "1234 8180 0001 0002 0000 0000";
    let question = "03 777777 07 6578616d706c65 00 0001 0001";
    let answers = "c00c 0005 0001 0000003c 0005 02 6e73 c010 c00c 0001 0001 0000003c 0004 c0000201";
    let found = line(&udp(53, 5000, &bytes(&format!("{head}{question}{answers}"))));
    assert_eq!(found, "Len=62 DNS Response Id=0x1234 NoError A www.example CNAME ns.example A=192.0.2.1");
    // A pointer that points to itself.
    let found = line(&udp(5000, 53, &bytes("1234 0100 0001 0000 0000 0000 c00c 0001 0001")));
    assert_eq!(found, "Len=18 DNS Query Id=0x1234 [Malformed: name of DNS]");
}

#[test]
fn enterprise_extender_tells_its_commands() {
    assert_eq!(line(&udp(12_000, 12_000, &bytes("04 04 bf"))), "Len=3 EE DSAP=0x04 SSAP=0x04 XID Command");
    assert_eq!(line(&udp(12_000, 12_000, &bytes("04 05 73"))), "Len=3 EE DSAP=0x04 SSAP=0x04 UA Response");
    let found = line(&udp(12_002, 12_002, &bytes("c8 c8 03 c4 00 00")));
    assert_eq!(found, "Len=6 EE DSAP=0xc8 SSAP=0xc8 UI NetworkRouting Priority=High Data=2");
}

#[test]
fn arp_is_told_though_it_is_not_of_ip() {
    let request = bytes("0001 0800 06 04 0001 020202020202 0a000001 000000000000 0a000002");
    let found = summary(Link::Ethernet, &[&[9; 12][..], &[8, 6], &request].concat());
    assert_eq!(found["summary"], "Request Who=10.0.0.2 Tell=10.0.0.1");
    assert_eq!(found["protocol"], "ARP");
    assert_eq!(found["length"], 28);
    assert_eq!(found["connection"]["localAddress"], "10.0.0.1");
    assert_eq!(found["connection"].get("localPort"), None);
    let found = summary(Link::Ethernet, &[&[9; 12][..], &[0x88, 0xcc], &[0; 9]].concat());
    assert_eq!((&found["protocol"], &found["summary"]), (&json!("LLDP"), &json!("Len=9")));
    assert_eq!(found["connection"], json!({ "direction": "RECV" }));
}

#[test]
fn fragments_and_extension_headers_are_told() {
    let mut first = udp(7, 8, &[0; 24]);
    first[4..8].copy_from_slice(&[0, 9, 0x20, 0]);
    first[25] = 200;
    assert_eq!(line(&first), "Fragment Id=9 Offset=0 More Len=192");
    assert_eq!(summary(Link::Raw, &first)["connection"]["localPort"], 7);
    let mut later = first.clone();
    later[6..8].copy_from_slice(&[0, 3]);
    assert_eq!(line(&later), "Fragment Id=9 Offset=24 Len=32");
    assert_eq!(summary(Link::Raw, &later)["connection"].get("localPort"), None);

    let mut packet = Vec::new();
    let extensions = bytes("2b00 000000000000 2c00 0401 00000000 1100 0001 00000005");
    let datagram = &udp(7, 8, &[1; 8])[20..];
    let builder = PacketBuilder::ipv6([0xfd; 16], [0xfe; 16], 64);
    builder.write(&mut packet, etherparse::IpNumber(61), &[&extensions[..], datagram].concat()).unwrap();
    packet[6] = 0;
    assert_eq!(line(&packet), "HopByHop Routing(4) SegmentsLeft=1 Fragment Id=5 Offset=0 More Len=8");
    let found = summary(Link::Raw, &packet);
    assert_eq!((&found["protocol"], &found["length"]), (&json!("UDP"), &json!(80)));
    assert!(found["data"]["hex"].as_str().unwrap().starts_with("00070008"), "{found}");
}

#[test]
fn what_was_cut_off_is_said_to_be_so() {
    let packet = tcp(1, 2, &[7; 100]);
    let cut = |kept: usize| {
        let frame = Frame::new(Link::Raw, 140, &packet[..kept]);
        let mut summarizer = Summarizer::new(Locals::default(), "");
        let found = summarizer.next(&frame);
        (found.summary.to_owned(), found.length)
    };
    assert_eq!(cut(60), ("Ack Psh Win=9 Seq=1 Ack=2 [Truncated]".to_owned(), 140));
    assert_eq!(cut(30), ("[Truncated]".to_owned(), 140));
    assert_eq!(cut(10), ("[Truncated]".to_owned(), 140));
    // Nothing was cut off, and it says that there is more.
    let whole = Frame::new(Link::Raw, 60, &packet[..60]);
    let mut summarizer = Summarizer::new(Locals::default(), "");
    assert_eq!(summarizer.next(&whole).summary, "Ack Psh Win=9 Seq=1 Ack=2 [Malformed: too short]");
}

#[test]
fn both_directions_of_a_conversation_have_the_same_local_end() {
    let locals: Locals = ["192.0.2.0/24".parse().unwrap()].into_iter().collect();
    let ways = |source: &str, destination: &str, noted| {
        let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
        [locals.way((source, destination), (5, 6), noted), locals.way((destination, source), (6, 5), noted)]
    };
    let (there, back) = ([Way::Send, Way::Recv], [Way::Recv, Way::Send]);
    for (source, destination, noted, expected) in [
        ("192.0.2.1", "10.0.0.1", None, there),
        ("10.0.0.1", "192.0.2.1", Some(Sent), back),
        ("198.51.100.1", "198.51.100.2", Some(Received), [Way::Recv; 2]),
        ("10.0.0.1", "198.51.100.1", None, there),
        ("fd00::1", "2001:db8::1", None, there),
        ("198.51.100.1", "224.0.0.5", None, there),
        ("10.0.0.2", "10.0.0.1", None, back),
        ("10.0.0.1", "10.0.0.1", None, there),
    ] {
        assert_eq!(ways(source, destination, noted), expected, "{source} {destination}");
    }
}

/// Packets that are whole, of every protocol that is decoded.
fn whole() -> Vec<Vec<u8>> {
    let inner = udp(7, 8, &[1]);
    let frame = [&[2; 12][..], &[8, 0], &inner].concat();
    let bgp =
        [&[0xff; 16][..], &bytes("0031 02 0000 0014 4001010040020602010000fde8400304c0a80101 180a0100 00")].concat();
    vec![
        tcp(1, 179, &bgp),
        tcp(1, 21, b"USER me\r\n"),
        tcp(1, 80, b"GET / HTTP/1.1\r\n"),
        tcp(1, 23, &bytes("fffb01 fffa18004100fff0")),
        tcp(1, 446, &bytes("0010 d041 0001 000a 1041 0000 0000 0000")),
        tcp(1, 2, &bytes("e2d4c3d9 01 0034 10")),
        udp(1, 53, &bytes("1234 8180 0001 0001 0000 0000 0377777700 0001 0001 c00c 0001 0001 00000001 0004 01020304")),
        udp(
            1,
            500,
            &bytes(
                "0102030405060708 0000000000000000 21 20 22 08 00000000 00000030 00000014 00000010 01010001 00000008 01000014",
            ),
        ),
        udp(
            1,
            500,
            &bytes(
                "0102030405060708 0000000000000000 01 10 02 00 00000000 00000050 00000034 00000001 00000001 00000028 01010001 00000020 01010000 80010007 800e0100 80020004 80030001 8004000e 800b0001",
            ),
        ),
        udp(1, 4789, &[bytes("08000000 00138800"), frame.clone()].concat()),
        udp(1, 12_001, &bytes("c8 c8 03 c4 00 00")),
        udp(1, 4500, &bytes("c0ffee01 0000002a 00")),
        ip(47, &[bytes("1000 88be 00000004 1000002a 00000007"), frame].concat()),
        ip(51, &bytes("11 04 0000 00000100 00000001 000000000000000000000000 0001 0002 0008 0000")),
        ip(1, &[bytes("0303 0000 00000000"), inner].concat()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_summarized(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        size in 0_u32..1_000,
        link in prop::sample::select(vec![0_u32, 1, 101, 108, 113, 276, 147]),
    ) {
        let frame = Frame::new(Link::of(link), size, &bytes);
        let mut summarizer = Summarizer::new(Locals::default(), "");
        prop_assert!(summarizer.next(&frame).summary.len() < 1_000);
    }

    #[test]
    fn damaged_packets_are_summarized(
        which in 0..whole().len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        kept in any::<prop::sample::Index>(),
    ) {
        let mut packet = whole().swap_remove(which);
        for (at, byte) in damage {
            let at = at.index(packet.len());
            packet[at] = byte;
        }
        let size = u32::try_from(packet.len()).unwrap();
        let kept = kept.index(packet.len() + 1);
        let frame = Frame::new(Link::Raw, size, &packet[..kept]);
        let text = Summarizer::new(Locals::default(), "").next(&frame).summary.to_owned();
        prop_assert!(text.len() < 1_000 && text.chars().all(|it| matches!(it, ' '..='~')), "{text}");
    }

    #[test]
    fn whole_packets_have_no_flaw(which in 0..whole().len()) {
        let text = line(&whole()[which]);
        prop_assert!(!text.contains('['), "{text}");
    }
}
