//! Traces are kept over chunks as they were, are told apart, and go again.

use super::*;
use crate::engine::pcap::{Capture, Link, Window};
use crate::engine::{Caller, Moment};

fn engine() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&folder.path().join("engine.db"), Moment(1)).unwrap();
    (folder, engine)
}

fn by() -> Caller {
    Caller { user: "admin".to_owned(), now: Moment(5) }
}

fn wanted(definition: &str) -> Import {
    Import {
        region: "U22NDE55".to_owned(),
        definition: definition.to_owned(),
        stack: "TCPIP11".to_owned(),
        locals: vec!["10.0.0.2/32".parse().unwrap()],
        interface: "LOOPBACK".to_owned(),
        source: "some.pcap".to_owned(),
        most: u64::MAX,
    }
}

/// A capture with packets of UDP, one each 1.5 ms.
fn file(packets: u16, data: usize) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), Link::Raw).unwrap();
    for number in 0..packets {
        let mut packet = Vec::new();
        let builder = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(number, 9);
        builder.write(&mut packet, &vec![7; data]).unwrap();
        writer.write(i64::from(number) * 1_500_000, u32::try_from(packet.len()).unwrap(), &packet).unwrap();
    }
    writer.finish().unwrap()
}

fn import(engine: &Engine, wanted: &Import, file: &[u8]) -> Result<Head, ImportError> {
    let mut capture = Capture::open(Window::new(file)).unwrap().ok().unwrap();
    engine.import_packets(wanted, &mut capture, &by())
}

#[test]
fn every_packet_is_summed_up_as_in_the_capture() {
    let (_folder, engine) = engine();
    let file = file(700, 1_000);
    let trace = import(&engine, &wanted("WWFCPCOPY"), &file).unwrap();
    assert_eq!(trace.id.to_string(), "WWFCPCOPY-1-1-TCPIP11-0-0");
    assert_eq!((trace.state, trace.kept, trace.total), (State::Ended, 700, 700));
    assert!(trace.chunks.len() > 2, "{:?}", trace.chunks);
    let mut capture = Capture::open(Window::new(&file[..])).unwrap().ok().unwrap();
    let mut summarizer = Summarizer::new(["10.0.0.2/32".parse().unwrap()].into_iter().collect(), "LOOPBACK");
    for number in 1..=700 {
        let frame = capture.next_frame().unwrap().unwrap();
        let expected = serde_json::to_value(summarizer.next(&frame)).unwrap();
        let question =
            TraceQuestion::Packet { region: Some("U22NDE55".to_owned()), trace: trace.id.to_string(), number };
        assert_eq!(engine.ask_of_packets(&question, Moment(5)).unwrap(), Some(expected), "{number}");
    }
    for number in [0, 701, u64::MAX] {
        assert_eq!(engine.packet_of(&trace, number, |_, _| ()).unwrap(), None);
    }
    let (mut again, mut done) = (trace.file_header(), 0);
    while let Some((part, last)) = engine.packets_as_pcap(&trace, done).unwrap() {
        again.extend(part);
        done = last;
    }
    assert!(again == file, "the download is not the capture");
}

#[test]
fn traces_are_told_apart_and_go_again() {
    let (_folder, engine) = engine();
    let first = import(&engine, &wanted("A"), &file(2, 1)).unwrap();
    let second = import(&engine, &wanted("A"), &file(3, 1)).unwrap();
    let other = Import { region: "OTHER".to_owned(), ..wanted("A") };
    import(&engine, &other, &file(1, 1)).unwrap();
    let ids = |region: &str| {
        let traces = engine.packet_traces(region, Moment(5)).unwrap();
        traces.iter().map(|trace| trace.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids("U22NDE55"), ["A-1-1-TCPIP11-0-0", "A-2-1-TCPIP11-0-0"]);
    assert!(engine.delete_packet_trace("U22NDE55", &second.id).unwrap());
    assert!(!engine.delete_packet_trace("U22NDE55", &second.id).unwrap());
    assert_eq!(ids("U22NDE55"), [first.id.to_string()]);
    // A generation is given once.
    assert_eq!(import(&engine, &wanted("A"), &file(1, 1)).unwrap().id.generation, 3);
    assert_eq!(ids("OTHER").len(), 1);
}

#[test]
fn no_more_is_kept_than_is_wanted_and_all_is_counted() {
    let (_folder, engine) = engine();
    let trace = import(&engine, &Import { most: 3, ..wanted("A") }, &file(9, 1)).unwrap();
    assert_eq!((trace.kept, trace.total, trace.is_cut), (3, 9, true));
    assert_eq!(engine.packet_of(&trace, 4, |_, _| ()).unwrap(), None);
}

#[test]
fn what_cannot_be_kept_is_told() {
    let (_folder, engine) = engine();
    let whole = file(3, 1);
    let error = import(&engine, &wanted("A"), &whole[..whole.len() - 1]).unwrap_err().to_string();
    assert!(error.ends_with("the 2 packets that precede are kept as A-1-1-TCPIP11-0-0"), "{error}");
    let error = import(&engine, &wanted("B"), &whole[..24]).unwrap_err().to_string();
    assert_eq!(error, "there is no packet to keep");
    assert_eq!(engine.packet_traces("U22NDE55", Moment(5)).unwrap().len(), 1);
    for name in ["", "A-B", "A B", &"A".repeat(33), "É"] {
        let error = import(&engine, &wanted(name), &whole).unwrap_err().to_string();
        assert!(error.contains("is no name"), "{error}");
    }
}

#[test]
fn an_id_has_six_parts_and_one_spelling() {
    let id = "WWFCPCOPY-341-5-TCPIP11-0-0";
    assert_eq!(id.parse::<TraceId>().unwrap().to_string(), id);
    for wrong in ["", "A-1-1-B-0", "A-1-1-B-0-0-0", "A-01-1-B-0-0", "A-x-1-B-0-0", "A-1-1--0-0", "A-4294967296-1-B-0-0"]
    {
        assert!(wrong.parse::<TraceId>().is_err(), "{wrong}");
    }
}
