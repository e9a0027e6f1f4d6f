//! Files written here by hand after the drafts, read by the reader and by another one
//! (the crate pcap-parser); and damaged files.

use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, LegacyPcapReader, PcapBlockOwned, PcapError, PcapNGReader};
use proptest::prelude::*;

use super::{Capture, CaptureError, Direction, Link, Order, Window, Writer};

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

/// When, where and which way each packet was caught.
fn caught(bytes: &[u8]) -> Vec<(Option<i64>, Option<String>, Option<Direction>)> {
    let mut capture = open(bytes).unwrap();
    let mut found = Vec::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        found.push((frame.time, frame.interface.map(str::to_owned), frame.direction()));
    }
    found
}

#[test]
fn times_are_read_in_the_units_of_the_file() {
    let time = |style| caught(&file(style, 1, &[vec![9; 40]], 0))[0].0;
    assert_eq!(time(STYLES[0]), Some(7_000_008_000));
    assert_eq!(time(STYLES[1]), Some(7_000_008_000));
    assert_eq!(time(STYLES[2]), Some(7_000_000_008));
    // The upper 32 bits and the lower ones count microseconds.
    assert_eq!(time(STYLES[4]), Some(((7 << 32) + 8) * 1_000));
}

#[test]
fn interfaces_tell_their_name_their_units_and_their_offset_and_packets_their_direction() {
    for order in [Order::Little, Order::Big] {
        let option = |code, value: &[u8]| {
            let length = u16::try_from(value.len()).unwrap();
            let padding = value.len().next_multiple_of(4) - value.len();
            [u16s(order, &[code, length]), value.to_vec(), vec![0; padding]].concat()
        };
        let offset = match order {
            Order::Little => 100_i64.to_le_bytes(),
            Order::Big => 100_i64.to_be_bytes(),
        };
        let described = [
            u16s(order, &[1, 0]),
            u32s(order, &[0]),
            option(2, b"OSA\x1bETH0"),
            option(9, &[0x80 | 1]),
            option(14, &offset),
            option(0, &[]),
        ]
        .concat();
        let packet = |flags| {
            let begin = u32s(order, &[1, 0, 5, 3, 3]);
            [begin, vec![1, 2, 3, 0], option(1, b"?"), option(2, &u32s(order, &[flags])), option(0, &[])].concat()
        };
        let blocks = [block(order, 1, &described), block(order, 6, &packet(1)), block(order, 6, &packet(2))].concat();
        let found = caught(&[section(order, 1), blocks].concat());
        // Five halves of a second after the offset.
        let expected = |direction| (Some(102_500_000_000), Some("OSAETH0".to_owned()), Some(direction));
        assert_eq!(found, [expected(Direction::Received), expected(Direction::Sent)]);
    }
}

#[test]
fn a_cooked_header_tells_the_direction() {
    for (link, header) in [(113_u16, 0_usize), (276, 10)] {
        for (packet_type, direction) in
            [(0, Some(Direction::Received)), (2, Some(Direction::Received)), (3, None), (4, Some(Direction::Sent))]
        {
            let mut frame = vec![0; 40];
            frame[header + usize::from(link == 113)] = packet_type;
            assert_eq!(caught(&file(STYLES[0], link, &[frame], 0))[0].2, direction, "{link} {packet_type}");
        }
    }
}

#[test]
fn what_the_writer_writes_is_read() {
    let mut writer = Writer::new(Vec::new(), Link::Cooked2).unwrap();
    writer.write(1_666_978_684_671_000_001, 90, &[3; 40]).unwrap();
    writer.write(-1, 2, &[4; 2]).unwrap();
    let file = writer.finish().unwrap();
    assert_eq!(read(&file).0, [(90, vec![3; 40]), (2, vec![4; 2])]);
    let times: Vec<_> = caught(&file).into_iter().map(|it| it.0.unwrap()).collect();
    // The format knows no time before 1970.
    assert_eq!(times, [1_666_978_684_671_000_001, 0]);
    assert_eq!(open(&file).unwrap().next_frame().unwrap().unwrap().link, Link::Cooked2);
}
