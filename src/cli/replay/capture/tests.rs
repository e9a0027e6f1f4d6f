//! Files written here by hand after the drafts, read by the reader and by another one
//! (the crate pcap-parser); damaged files; and packets on every sort of link.

use etherparse::PacketBuilder;
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, LegacyPcapReader, PcapBlockOwned, PcapError, PcapNGReader};
use proptest::prelude::*;

use super::{Capture, CaptureError, Frame, Link, Order, Skip, Window};

/// A file format to write.
#[derive(Clone, Copy, Debug)]
enum Style {
    Classic(Order, u32),
    NextGeneration(Order),
}

const STYLES: [Style; 6] = [
    Style::Classic(Order::Little, 0xa1b2_c3d4),
    Style::Classic(Order::Big, 0xa1b2_c3d4),
    Style::Classic(Order::Little, 0xa1b2_3c4d),
    Style::Classic(Order::Big, 0xa1b2_3c4d),
    Style::NextGeneration(Order::Little),
    Style::NextGeneration(Order::Big),
];

fn u32s(order: Order, numbers: &[u32]) -> Vec<u8> {
    let bytes = |number: &u32| match order {
        Order::Little => number.to_le_bytes(),
        Order::Big => number.to_be_bytes(),
    };
    numbers.iter().flat_map(bytes).collect()
}

fn u16s(order: Order, numbers: &[u16]) -> Vec<u8> {
    let bytes = |number: &u16| match order {
        Order::Little => number.to_le_bytes(),
        Order::Big => number.to_be_bytes(),
    };
    numbers.iter().flat_map(bytes).collect()
}

/// A block of pcapng.
fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = u32::try_from(12 + body.len() + padding).unwrap();
    [u32s(order, &[kind, length]), body.to_vec(), vec![0; padding], u32s(order, &[length])].concat()
}

/// The section header and the one interface of a pcapng file.
fn section(order: Order, link: u16) -> Vec<u8> {
    let header = [u32s(order, &[0x1a2b_3c4d]), u16s(order, &[1, 0]), vec![0xff; 8]].concat();
    let interface = [u16s(order, &[link, 0]), u32s(order, &[0])].concat();
    [block(order, 0x0a0d_0d0a, &header), block(order, 1, &interface)].concat()
}

/// A file with these frames, each kept whole but for `cut` bytes at its end.
fn file(style: Style, link: u16, frames: &[Vec<u8>], cut: usize) -> Vec<u8> {
    let kept = |frame: &Vec<u8>| frame.len().saturating_sub(cut);
    let sizes = |frame: &Vec<u8>| [kept(frame), frame.len()].map(|size| u32::try_from(size).unwrap());
    match style {
        Style::Classic(order, magic) => {
            let versions = u16s(order, &[2, 4]);
            let mut file = [u32s(order, &[magic]), versions, u32s(order, &[0, 0, 262_144, link.into()])].concat();
            for frame in frames {
                let [kept, size] = sizes(frame);
                file.extend(u32s(order, &[7, 8, kept, size]));
                file.extend(&frame[..kept as usize]);
            }
            file
        }
        Style::NextGeneration(order) => {
            let mut file = section(order, link);
            for frame in frames {
                let [kept, size] = sizes(frame);
                // A block that nobody knows comes before each packet.
                file.extend(block(order, 0xbad, b"?"));
                let packet = [u32s(order, &[0, 7, 8, kept, size]), frame[..kept as usize].to_vec()].concat();
                file.extend(block(order, 6, &packet));
            }
            file
        }
    }
}

fn open(bytes: &[u8]) -> Result<Capture<&[u8]>, CaptureError> {
    Capture::open(Window::new(bytes)).map(|opened| opened.ok().expect("no capture"))
}

/// What is read: each frame's size and bytes, and the error at the end, if any.
fn read(bytes: &[u8]) -> (Vec<(u32, Vec<u8>)>, Option<CaptureError>) {
    let mut capture = match open(bytes) {
        Ok(capture) => capture,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut frames = Vec::new();
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => frames.push((frame.size, frame.bytes.to_vec())),
            Ok(None) => return (frames, None),
            Err(error) => return (frames, Some(error)),
        }
    }
}

/// The same, by the other reader.
fn read_by_another(style: Style, bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut reader: Box<dyn PcapReaderIterator> = match style {
        Style::Classic(..) => Box::new(LegacyPcapReader::new(1 << 20, bytes).unwrap()),
        Style::NextGeneration(_) => Box::new(PcapNGReader::new(1 << 20, bytes).unwrap()),
    };
    let mut frames = Vec::new();
    loop {
        let read = match reader.next() {
            Ok((read, block)) => {
                match block {
                    PcapBlockOwned::Legacy(frame) => frames.push((frame.origlen, frame.data.to_vec())),
                    PcapBlockOwned::NG(Block::EnhancedPacket(frame)) => {
                        frames.push((frame.origlen, frame.packet_data().to_vec()));
                    }
                    _ => {}
                }
                read
            }
            Err(PcapError::Incomplete(_)) => {
                reader.refill().unwrap();
                continue;
            }
            Err(PcapError::Eof) => return frames,
            Err(error) => panic!("{error:?}"),
        };
        reader.consume(read);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_another_reader_agrees(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..8),
        style in prop::sample::select(STYLES.to_vec()),
        cut in 0_usize..3,
    ) {
        let bytes = file(style, 1, &frames, cut);
        let written: Vec<_> = frames
            .iter()
            .map(|frame| (u32::try_from(frame.len()).unwrap(), frame[..frame.len().saturating_sub(cut)].to_vec()))
            .collect();
        let (found, error) = read(&bytes);
        prop_assert!(error.is_none(), "{error:?}");
        prop_assert_eq!(&found, &written);
        prop_assert_eq!(read_by_another(style, &bytes), written);
    }

    #[test]
    fn damage_ends_the_reading_and_nothing_else(
        style in prop::sample::select(STYLES.to_vec()),
        damage in prop::collection::vec((24_usize..300, any::<u8>()), 1..6),
    ) {
        let mut bytes = file(style, 1, &vec![vec![9; 40]; 3], 0);
        for (at, byte) in damage {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        let (found, _) = read(&bytes);
        let kept: usize = found.iter().map(|(_, bytes)| bytes.len()).sum();
        prop_assert!(kept <= bytes.len());
    }

    #[test]
    fn headers_of_any_kind_are_taken_or_passed_over(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        number in prop::sample::select(vec![0_u32, 1, 101, 108, 113, 276, 147]),
    ) {
        let size = u32::try_from(bytes.len()).unwrap();
        let _ = Frame { link: Link::of(number), size, bytes: &bytes }.packet();
    }
}

#[test]
fn a_file_that_ends_early_says_where_and_gives_what_precedes() {
    for style in STYLES {
        let whole = file(style, 1, &vec![vec![9; 40]; 3], 0);
        let begin = file(style, 1, &[], 0).len();
        let each = (whole.len() - begin) / 3;
        for length in begin + 1..whole.len() {
            let (found, error) = read(&whole[..length]);
            assert_eq!(found.len(), (length - begin) / each, "{style:?} {length}");
            let is_between = (length - begin).is_multiple_of(each)
                // A whole block without a packet may come last.
                || matches!(style, Style::NextGeneration(_)) && (length - begin) % each == 16;
            match error {
                None => assert!(is_between, "{style:?} {length}"),
                Some(error) => {
                    assert!(!is_between, "{style:?} {length}: {error}");
                    assert_eq!(error.packet, found.len() as u64 + 1);
                    assert!(error.to_string().ends_with("the file ends in the middle of it"), "{error}");
                    assert!((begin..length).contains(&usize::try_from(error.position).unwrap()), "{error}");
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_is_told() {
    let order = Order::Little;
    let classic = file(STYLES[0], 1, &[], 0);
    let begin = section(order, 1);
    let too_long = u32s(order, &[7, 8, 262_145, 262_145]);
    let packet = |interface, kept| block(order, 6, &[u32s(order, &[interface, 0, 0, kept, kept]), vec![0; 4]].concat());
    let mut lengths = block(order, 5, &[]);
    lengths[8] = 16;
    for (file, says) in [
        (
            [classic, too_long].concat(),
            "packet 1, at byte 24: it is said to have 262145 bytes, and none has more than 262144",
        ),
        (
            [begin.clone(), packet(1, 4)].concat(),
            "packet 1, at byte 48: it was caught on interface 1, which is not described",
        ),
        ([begin.clone(), packet(0, 400)].concat(), "packet 1, at byte 48: a block of type 6 is too short"),
        (
            [begin.clone(), lengths].concat(),
            "packet 1, at byte 48: a block is said to have 12 bytes at its beginning and 16 at its end",
        ),
        (
            [begin.clone(), u32s(order, &[6, 7, 0])].concat(),
            "packet 1, at byte 48: a block is said to have 7 bytes, which cannot be",
        ),
        (
            [begin, u32s(order, &[6, 1 << 30, 0])].concat(),
            "packet 1, at byte 48: a block is said to have 1073741824 bytes",
        ),
        (u32s(order, &[0x0a0d_0d0a, 28, 99, 0]), "packet 1, at byte 0: a section's byte order is not told"),
        (u32s(order, &[0xa1b2_c3d4, 0]), "the header of the file: the file ends in the middle of it"),
    ] {
        let (found, error) = read(&file);
        assert!(found.is_empty());
        let said = error.unwrap().to_string();
        assert!(said.starts_with(says), "{said}");
    }
    assert!(Capture::open(Window::new(&b"source,destination"[..])).unwrap().is_err());
    assert!(Capture::open(Window::new(&b""[..])).unwrap().is_err());
}

#[test]
fn old_and_simple_blocks_and_sections_of_another_order_are_read() {
    let (little, big) = (Order::Little, Order::Big);
    let simple = block(little, 3, &[u32s(little, &[5]), vec![1, 2, 3, 4, 5]].concat());
    let old = block(big, 2, &[u16s(big, &[0, 0]), u32s(big, &[0, 0, 2, 60]), vec![6, 7]].concat());
    let (found, error) = read(&[section(little, 1), simple, section(big, 101), old].concat());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(found, [(5, vec![1, 2, 3, 4, 5]), (60, vec![6, 7])]);
}

/// A UDP packet in an Ethernet frame.
fn ethernet() -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 61).udp(1_111, 53);
    let mut bytes = Vec::new();
    builder.write(&mut bytes, &[0; 72]).unwrap();
    bytes
}

fn packet(number: u32, bytes: &[u8]) -> Result<super::packet::Packet, Skip> {
    let size = u32::try_from(bytes.len()).unwrap();
    Frame { link: Link::of(number), size, bytes }.packet()
}

#[test]
fn a_packet_is_found_on_every_sort_of_link() {
    let ethernet = ethernet();
    let ip = &ethernet[14..];
    let tagged = [&ethernet[..12], &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6], &ethernet[12..]].concat();
    let expected = packet(1, &ethernet).unwrap();
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
        assert_eq!(packet(number, &[&header, ip].concat()).as_ref(), Ok(&expected), "{number}");
    }
    assert_eq!(packet(1, &tagged), Ok(expected));
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
        assert_eq!(packet(number, bytes), Err(skip), "{number} {bytes:?}");
    }
    // With its headers a packet can be told, whatever is missing behind them.
    assert_eq!(packet(1, &ethernet[..42]).unwrap().size, 100);
}

#[test]
fn no_packet_is_larger_than_packets_can_be() {
    let sized = |bytes: &[u8], size| Frame { link: Link::of(101), size, bytes }.packet().map(|packet| packet.size);
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
    assert_eq!(packet(1, &offloaded).unwrap().size, 100);

    let mut fragment = ethernet();
    fragment[20] = 0x20; // More fragments follow.
    let fragment = packet(1, &fragment).unwrap();
    assert_eq!((fragment.protocol, fragment.source_port, fragment.destination_port), (17, 0, 0));

    let mut whole = ethernet();
    whole[20] = 0x40;
    assert!(packet(1, &whole).unwrap().dont_fragment);

    let options = [etherparse::TcpOptionElement::Noop, etherparse::TcpOptionElement::MaximumSegmentSize(1_337)];
    let handshake = PacketBuilder::ipv6([1; 16], [2; 16], 9).tcp(7, 8, 9, 10).syn().options(&options).unwrap();
    let mut bytes = Vec::new();
    handshake.write(&mut bytes, &[]).unwrap();
    let handshake = packet(101, &bytes).unwrap();
    // 40 of IPv6, 20 of TCP, 5 of options padded to 8.
    assert_eq!((handshake.size, handshake.handshake_mss, handshake.time_to_live), (68, Some(1_337), 9));
}
