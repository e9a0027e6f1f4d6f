//! The forms of the list, ranges, and captures that end early.

use etherparse::PacketBuilder;

use super::*;
use crate::engine::pcap::{Link, Writer};

fn capture() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), Link::Ethernet).unwrap();
    for number in 0..4_u8 {
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6])
            .ipv4([10, 0, 0, 1], [203, 0, 113, 9], 64)
            .tcp(40_006, 443, 1_000 + u32::from(number), 4_095)
            .ack(7);
        let mut frame = Vec::new();
        builder.write(&mut frame, &[number; 4]).unwrap();
        let time = 1_666_978_684_671_000_000 + i64::from(number) * 1_500_000;
        writer.write(time, u32::try_from(frame.len()).unwrap(), &frame).unwrap();
    }
    writer.finish().unwrap()
}

fn listed(file: &[u8], packets: &str, format: Format) -> (String, Option<String>) {
    let options = List {
        capture: Some("-".into()),
        local: vec![network("203.0.113.0/24").unwrap()],
        interface: "OSA1".to_owned(),
        packets: packets.parse().unwrap(),
        format,
    };
    let mut out = Vec::new();
    let trouble = list(&options, Box::new(std::io::Cursor::new(file.to_vec())), &mut out, || false).err();
    let said = trouble.map(|it| match it {
        Trouble::Input(failure) => failure.to_string(),
        Trouble::Output(error) => error.to_string(),
    });
    (String::from_utf8(out).unwrap(), said)
}

#[test]
fn a_table_has_a_line_for_each_packet() {
    let (text, error) = listed(&capture(), "2", Format::Table);
    assert_eq!(error, None);
    let lines: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["No.", "Time", "ms", "Local", "Remote", "Protocol", "Length", "Summary"]);
    let expected =
        "2 2022-10-28T17:38:04.672500Z 1 203.0.113.9:443 <- 10.0.0.1:40006 TCP 44 Ack Win=4095 Seq=1001 Ack=7";
    assert_eq!(lines[1].join(" "), expected);
    assert_eq!(lines.len(), 2);
}

#[test]
fn json_is_one_list_and_csv_has_the_same_in_columns() {
    let (json, _) = listed(&capture(), "3-", Format::Json);
    let list: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(
        list[0],
        serde_json::json!({
            "packetNumber": 3,
            "connection": {
                "localAddress": "203.0.113.9", "localPort": 443,
                "remoteAddress": "10.0.0.1", "remotePort": 40006,
                "direction": "RECV",
            },
            "length": 44,
            "protocol": "TCP",
            "timing": { "absolute": 1_666_978_684_674_000_i64, "delta": 1 },
            "summary": "Ack Win=4095 Seq=1002 Ack=7",
            "data": {
                "hex": "9C4601BB000003EA0000000750100FFF",
                "ebcdic": "............&...",
                "ascii": ".F..........P...",
            },
            "stackInterface": "OSA1",
            "totalPackets": 1,
        })
    );
    let (csv, _) = listed(&capture(), "3", Format::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let row: std::collections::HashMap<String, String> = reader.deserialize().next().unwrap().unwrap();
    assert_eq!(row.len(), 16);
    for (column, value) in
        [("packetNumber", "3"), ("remotePort", "40006"), ("direction", "RECV"), ("stackInterface", "OSA1")]
    {
        assert_eq!(row[column], value);
    }
    assert_eq!(serde_json::from_str::<Vec<()>>(&listed(&capture(), "9-", Format::Json).0).unwrap().len(), 0);
}

#[test]
fn a_capture_that_ends_early_lists_what_precedes_and_says_where() {
    let file = capture();
    let (json, error) = listed(&file[..file.len() - 3], "-", Format::Json);
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&json).unwrap().len(), 3);
    let each = (file.len() - 24) / 4;
    let says = format!("packet 4, at byte {}: the file ends in the middle of it", 24 + 3 * each);
    assert_eq!(error, Some(says));
    // What comes after the range is not looked at.
    assert_eq!(listed(&file[..file.len() - 3], "-3", Format::Json).1, None);
    let none = listed(b"source,destination", "-", Format::Json).1.unwrap();
    assert!(none.starts_with("is no capture"), "{none}");
}

#[test]
fn ranges_say_what_is_wrong_with_them() {
    let range = |first, last| Ok(Range { first, last });
    for (text, expected) in [
        ("7", range(7, 7)),
        ("2-3", range(2, 3)),
        ("-9", range(1, 9)),
        ("4-", range(4, u64::MAX)),
        ("-", range(1, u64::MAX)),
    ] {
        assert_eq!(text.parse::<Range>(), expected, "{text}");
    }
    for (text, says) in
        [("0", "the first packet is 1"), ("5-4", "5 comes after 4"), ("x", "no number"), ("", "no number")]
    {
        assert!(text.parse::<Range>().unwrap_err().contains(says), "{text}");
    }
}
