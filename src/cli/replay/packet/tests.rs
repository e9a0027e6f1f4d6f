//! Packets on every sort of link, and frames that are none.

use etherparse::PacketBuilder;
use proptest::prelude::*;

use super::packet;
use crate::engine::forwarding::Packet;
use crate::engine::pcap::{Frame, Link, Skip};

/// A UDP packet in an Ethernet frame.
fn ethernet() -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 61).udp(1_111, 53);
    let mut bytes = Vec::new();
    builder.write(&mut bytes, &[0; 72]).unwrap();
    bytes
}

fn told(number: u32, bytes: &[u8]) -> Result<Packet, Skip> {
    let size = u32::try_from(bytes.len()).unwrap();
    packet(&Frame::new(Link::of(number), size, bytes))
}

#[test]
fn a_packet_is_found_on_every_sort_of_link() {
    let ethernet = ethernet();
    let ip = &ethernet[14..];
    let tagged = [&ethernet[..12], &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6], &ethernet[12..]].concat();
    let expected = told(1, &ethernet).unwrap();
    // 72 bytes of data, 8 of UDP, 20 of IPv4.
    assert_eq!((expected.size, expected.protocol, expected.time_to_live), (100, 17, 61));
    assert_eq!((expected.source_port, expected.destination_port), (1_111, 53));
    for (number, header) in [
        (101, vec![]),
        (12, vec![]),
        (228, vec![]),
        (0, 2_u32.to_le_bytes().to_vec()),
        (0, 2_u32.to_be_bytes().to_vec()),
        (108, 2_u32.to_be_bytes().to_vec()),
        (113, [vec![0; 14], vec![8, 0]].concat()),
        (276, [vec![8, 0], vec![0; 18]].concat()),
    ] {
        assert_eq!(told(number, &[&header, ip].concat()).as_ref(), Ok(&expected), "{number}");
    }
    assert_eq!(told(1, &tagged), Ok(expected));
}

#[test]
fn what_is_no_packet_says_why() {
    let ethernet = ethernet();
    let arp = [&ethernet[..12], &[8, 6], &[0; 28][..]].concat();
    let unknown = [&ethernet[..12], &[0x88, 0xcc], &[0; 28][..]].concat();
    let mut version = ethernet.clone();
    version[14] = 0x55;
    let mut header_length = ethernet.clone();
    header_length[14] = 0x41;
    for (number, bytes, skip) in [
        (1, &arp[..], Skip::NotIp),
        (1, &unknown, Skip::NotIp),
        (1, &ethernet[..13], Skip::Truncated),
        (1, &ethernet[..30], Skip::Truncated),
        // The ports are there, the rest of UDP's header is not.
        (1, &ethernet[..38], Skip::Truncated),
        (1, &version, Skip::Malformed),
        (1, &header_length, Skip::Malformed),
        (147, &ethernet, Skip::UnknownLink),
        (0, &[7, 0, 0, 0, 1], Skip::NotIp),
        (0, &[2, 0], Skip::Truncated),
        (101, &[], Skip::Truncated),
    ] {
        assert_eq!(told(number, bytes), Err(skip), "{number} {bytes:?}");
    }
    // With its headers a packet can be told, whatever is missing behind them.
    assert_eq!(told(1, &ethernet[..42]).unwrap().size, 100);
}

#[test]
fn no_packet_is_larger_than_packets_can_be() {
    let sized = |bytes: &[u8], size| packet(&Frame::new(Link::of(101), size, bytes)).map(|packet| packet.size);
    let mut v4 = ethernet()[14..].to_vec();
    // It tells its own length, whatever the capture says.
    assert_eq!(sized(&v4, u32::MAX), Ok(100));
    v4[2..4].fill(0);
    let mut v6 = Vec::new();
    PacketBuilder::ipv6([1; 16], [2; 16], 9).udp(7, 8).write(&mut v6, &[0; 72]).unwrap();
    v6[4..6].fill(0);
    // 16 bits tell the length, in IPv6 that of what follows the 40 bytes of the header.
    for (bytes, header, largest) in [(&v4, 20, 65_535), (&v6, 40, 65_575)] {
        assert_eq!(sized(bytes, largest), Ok(largest as usize));
        assert_eq!(sized(bytes, largest + 1), Err(Skip::TooLarge));
        assert_eq!(sized(bytes, u32::MAX), Err(Skip::TooLarge));
        assert_eq!(sized(bytes, header - 1), Err(Skip::Malformed));
    }
}

#[test]
fn sizes_fragments_and_handshakes_are_told() {
    let mut offloaded = ethernet();
    offloaded[16..18].fill(0);
    assert_eq!(told(1, &offloaded).unwrap().size, 100);

    let mut fragment = ethernet();
    fragment[20] = 0x20; // More fragments follow.
    let fragment = told(1, &fragment).unwrap();
    assert_eq!((fragment.protocol, fragment.source_port, fragment.destination_port), (17, 0, 0));

    let mut whole = ethernet();
    whole[20] = 0x40;
    assert!(told(1, &whole).unwrap().dont_fragment);

    let options = [etherparse::TcpOptionElement::Noop, etherparse::TcpOptionElement::MaximumSegmentSize(1_337)];
    let handshake = PacketBuilder::ipv6([1; 16], [2; 16], 9).tcp(7, 8, 9, 10).syn().options(&options).unwrap();
    let mut bytes = Vec::new();
    handshake.write(&mut bytes, &[]).unwrap();
    let handshake = told(101, &bytes).unwrap();
    // 40 of IPv6, 20 of TCP, 5 of options padded to 8.
    assert_eq!((handshake.size, handshake.handshake_mss, handshake.time_to_live), (68, Some(1_337), 9));
}

proptest! {
    #[test]
    fn headers_of_any_kind_are_taken_or_passed_over(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        number in prop::sample::select(vec![0_u32, 1, 101, 108, 113, 276, 147]),
    ) {
        let size = u32::try_from(bytes.len()).unwrap();
        let _ = packet(&Frame::new(Link::of(number), size, &bytes));
    }
}
