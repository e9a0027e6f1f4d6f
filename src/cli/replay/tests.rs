//! What is counted, and what a change does to it.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::report::{self, Report};
use super::tally::{Judge, Tally};
use super::{Format, replay};
use crate::cli::replay::progress::Progress;
use crate::cli::testing::{Lab, session};
use crate::engine::EngineView;

/// Four flows to Dallas, to Frankfurt, to nowhere, and within the gateway.
const FLOWS: &str = "source,destination,protocol,source_port,destination_port,size,packets
192.168.98.10,10.1.0.9,tcp,50000,443,1000,10
192.168.98.10,172.16.0.9,udp,50000,53,100,5
192.168.98.10,11.0.0.1,icmp,,,200,2
192.168.98.10,192.168.99.7,tcp,50001,22,500,4
";

/// What `text` comes to, as JSON.
fn counted(text: &str, before: &EngineView, after: Option<&EngineView>, limit: usize) -> Json {
    let mut tally = Tally::new(Judge { before, after });
    let input = Box::new(std::io::Cursor::new(text.to_owned().into_bytes()));
    replay(input, &mut tally, &Progress::start(None, Arc::default())).unwrap();
    let report = Report::of(&tally, limit);
    let table = report::text(&report, Format::Table).unwrap();
    assert!(!table.is_empty());
    serde_json::from_str(&report::text(&report, Format::Json).unwrap()).unwrap()
}

#[test]
fn packets_and_bytes_are_counted_by_outcome_and_by_session() {
    let report = counted(FLOWS, &Lab::new().view(), None, 10);
    // 10 * 1000 + 5 * 100 + 2 * 200 + 4 * 500
    assert_eq!((&report["packets"], &report["bytes"]), (&21.into(), &12_900.into()));
    let verdicts: Vec<_> = report["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["disposition"].as_str().unwrap(), it["drop_reason"].as_str(), it["packets"].as_u64().unwrap()))
        .collect();
    let expected =
        [("DELIVERED_TO_SEGMENT", None, 4), ("DELIVERED_TO_PEER", None, 15), ("DROPPED", Some("NO_ROUTE"), 2)];
    assert_eq!(verdicts, expected);
    let sessions: Vec<_> = report["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["session"]["display_name"].as_str(),
                it["delivered"]["bytes"].as_u64(),
                it["dropped"]["packets"].as_u64(),
            )
        })
        .collect();
    let expected = [
        (Some("VPN to Dallas"), Some(10_000), Some(0)),
        (None, Some(2_000), Some(2)),
        (Some("VPN to Frankfurt"), Some(500), Some(0)),
    ];
    assert_eq!(sessions, expected);
    assert_eq!(report["changes"], Json::Null);
}

#[test]
fn the_flows_that_a_change_breaks_are_listed() {
    let (before, after) = (Lab::new(), Lab::new());
    after.delete(&session("frankfurt"));
    let report = counted(FLOWS, &before.view(), Some(&after.view()), 10);
    let changes = report["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:#?}");
    let change = &changes[0];
    assert_eq!(
        (&change["before"]["disposition"], &change["after"]["drop_reason"]),
        (&"DELIVERED_TO_PEER".into(), &"NO_ROUTE".into())
    );
    assert_eq!((&change["packets"], &change["bytes"], &change["flow_count"]), (&5.into(), &500.into(), &1.into()));
    assert_eq!(change["flows"][0]["destination"], "172.16.0.9");

    let same = counted(FLOWS, &before.view(), Some(&before.view()), 10);
    assert_eq!(same["changes"], Json::Array(vec![]));
}

#[test]
fn the_largest_flows_come_first_and_the_others_are_only_counted() {
    let mut flows = FLOWS.lines().next().unwrap().to_owned() + "\n";
    for number in 1..=20 {
        writeln!(flows, "192.168.98.{number},10.1.0.9,udp,1,2,100,{number}").unwrap();
    }
    let report = counted(&flows, &Lab::new().view(), None, 3);
    let listed: Vec<_> = report["flows"].as_array().unwrap().iter().map(|it| it["packets"].as_u64().unwrap()).collect();
    assert_eq!((listed, &report["flow_count"]), (vec![20, 19, 18], &20.into()));
    assert_eq!(report["packets"], 210); // 20 * 21 / 2
}

#[test]
fn a_full_table_counts_all_the_same() {
    let view = Lab::new().view();
    let mut tally = Tally::new(Judge { before: &view, after: None });
    tally.hold_at_most(2);
    let input = Box::new(FLOWS.as_bytes());
    replay(input, &mut tally, &Progress::start(None, Arc::default())).unwrap();
    let report = Report::of(&tally, 10);
    assert_eq!((report.all.packets, report.rows, report.unlisted.packets), (21, 2, 6));
    let by_session: u64 = report.sessions.iter().map(|line| line.delivered.packets + line.dropped.packets).sum();
    assert_eq!(by_session, 21);
}

#[test]
fn what_precedes_an_error_is_counted() {
    let view = Lab::new().view();
    let mut tally = Tally::new(Judge { before: &view, after: None });
    let text = format!("{FLOWS}192.168.98.10,nowhere,icmp,,,100,1\n");
    let input = Box::new(std::io::Cursor::new(text.into_bytes()));
    let error = replay(input, &mut tally, &Progress::start(None, Arc::default())).err().unwrap();
    assert_eq!(error.to_string(), "flow 5: destination is \"nowhere\", and has to be an IP address");
    assert_eq!(Report::of(&tally, 10).all.packets, 21);
}

#[test]
fn compressed_files_are_named_as_such() {
    for (begin, says) in [(&[0x1f, 0x8b, 8][..], "gzip"), (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"), (b"BZh9", "bzip2")] {
        let view = Lab::empty().view();
        let mut tally = Tally::new(Judge { before: &view, after: None });
        let input = Box::new(std::io::Cursor::new(begin.to_vec()));
        let error = replay(input, &mut tally, &Progress::start(None, Arc::default())).err().unwrap();
        assert_eq!(error.to_string(), format!("is compressed with {says}: unpack it first"));
    }
}

#[test]
fn the_csv_has_a_line_for_each_listed_flow() {
    let view = Lab::new().view();
    let mut tally = Tally::new(Judge { before: &view, after: None });
    replay(Box::new(FLOWS.as_bytes()), &mut tally, &Progress::start(None, Arc::default())).unwrap();
    let text = report::text(&Report::of(&tally, 10), Format::Csv).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().any(|line| line.iter().collect::<Vec<_>>()[..9]
        == ["192.168.98.10", "11.0.0.1", "1", "0", "0", "2", "400", "DROPPED", "NO_ROUTE"]));
}

/// The capture has the traffic that opens them.
#[test]
fn sessions_that_wait_for_traffic_are_open() {
    let lab = Lab::new();
    lab.patch(&session("frankfurt"), json!({ "connection_initiation_mode": "ON_DEMAND" }));
    let report = counted(FLOWS, &lab.view(), None, 10);
    let opened =
        &report["sessions"].as_array().unwrap().iter().find(|it| it["session"]["path"] == session("frankfurt"));
    assert_eq!(opened.unwrap()["delivered"]["packets"], 5);
}
