//! Probe runs by the clock.

use serde_json::{Value as Json, json};

use super::lab::{Lab, leaves_and_spines};
use crate::engine::fabric::agent::Fault;

const START: i64 = 1_000_000;

fn with(more: Json) -> Json {
    let mut parameters = json!({ "src": "10.0.0.1", "dst": "10.0.0.2", "sport": 5, "dport": 9000 });
    parameters.as_object_mut().unwrap().extend(super::lab::fields(&more));
    parameters
}

fn seconds(data: &Json) -> f64 {
    data["Time"].as_f64().unwrap()
}

/// Of three hops: 1 ms, then 10 ms there and back and 1 ms, then twice 20 and 1, and 40 to the
/// destination and back: 103 ms.
#[test]
fn there_is_data_when_the_first_run_has_ended() {
    let lab = leaves_and_spines(START);
    lab.start(&with(json!({})), START).unwrap();
    assert!(matches!(lab.data(&with(json!({})), START + 102), Err(Fault::NoData(_))));
    let data = lab.data(&with(json!({})), START + 103).unwrap();
    assert!((seconds(&data) - 1_000.0).abs() < 1e-9);
    let latencies: Vec<_> =
        data["Path"].as_array().unwrap().iter().map(|hop| hop["Latency"].as_f64().unwrap()).collect();
    assert_eq!(latencies, [0.001, 0.021, 0.041]);
    let stamps: Vec<_> = data["Path"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| hop["TIMESTAMP"]["TimeStamp_usec"].as_u64().unwrap())
        .collect();
    assert_eq!(stamps, [0, 1_000 + 10_000, 22_000 + 20_000], "one hop after the other");
}

#[test]
fn runs_follow_each_other_at_the_sampling_frequency() {
    let lab = leaves_and_spines(START);
    lab.start(&with(json!({ "sfreq": 10 })), START).unwrap();
    for (after, run) in [(500, 0.0), (9_999, 0.0), (10_050, 0.0), (10_103, 10.0), (25_000, 20.0)] {
        let data = lab.data(&with(json!({})), START + after).unwrap();
        assert!((seconds(&data) - 1_000.0 - run).abs() < 1e-9, "after {after}: {data}");
    }
}

#[test]
fn a_change_of_the_fabric_is_probed_at_once() {
    let lab = leaves_and_spines(START);
    lab.start(&with(json!({ "sfreq": 3_600 })), START).unwrap();
    lab.device("elsewhere", &["a"], json!({}), START + 5_000);
    assert!(matches!(lab.data(&with(json!({})), START + 5_050), Err(Fault::NoData(_))));
    assert!((seconds(&lab.data(&with(json!({})), START + 5_200).unwrap()) - 1_005.0).abs() < 1e-9);
}

/// What is sent, over the fabric or elsewhere, and when it begins and ends, is no change of it.
#[test]
fn what_was_found_stays_whatever_is_sent() {
    let lab = leaves_and_spines(START);
    lab.start(&with(json!({ "sfreq": 3_600 })), START).unwrap();
    let over_it = json!({ "source": "10.0.0.1", "destination": "10.0.0.2", "protocol": "UDP", "source_port": 9,
        "destination_port": 10, "packets_per_second": 10, "start_time": "1970-01-01T00:16:46Z",
        "stop_time": "1970-01-01T00:16:48Z" });
    lab.flow("over-it", over_it, START + 5_000);
    for after in [5_001, 6_001, 8_001] {
        let data = lab.data(&with(json!({})), START + after).unwrap();
        assert!((seconds(&data) - 1_000.0).abs() < 1e-9, "after {after}: {data}");
    }
}

#[test]
fn no_more_hops_than_wanted_are_probed() {
    let lab = leaves_and_spines(START);
    lab.start(&with(json!({ "nhops": 2 })), START).unwrap();
    assert_eq!(lab.path(&with(json!({})), START + 500).len(), 2);
}

#[test]
fn a_hop_that_does_not_answer_in_time_is_lost() {
    let lab = leaves_and_spines(START);
    // The third one takes 41 ms.
    lab.start(&with(json!({ "timeout": 30, "ntry": 2, "sfreq": 10 })), START).unwrap();
    // 1 + 21 + 2 × 30, and 40 to the destination.
    assert!(lab.data(&with(json!({})), START + 121).is_err());
    let data = lab.data(&with(json!({})), START + 122).unwrap();
    let hops: Vec<_> = data["Path"].as_array().unwrap().iter().map(|hop| hop["HOP"].as_u64().unwrap()).collect();
    assert_eq!(hops, [1, 2]);
}

#[test]
fn more_tries_find_more_of_a_device_that_loses_probes() {
    let found = |tries: u32| {
        let lab = Lab::new();
        lab.device("a", &["h", "b"], json!({ "hosts": [{ "address": "10.0.0.1", "interface": "h" }] }), START);
        lab.device(
            "b",
            &["h", "a"],
            json!({ "hosts": [{ "address": "10.0.0.2", "interface": "h" }], "answered_probes": 50 }),
            START,
        );
        lab.link("a:b", "b:a", json!({}), START);
        lab.start(&with(json!({ "ntry": tries, "timeout": 10 })), START).unwrap();
        let runs = (0..200).map(|run| lab.path(&with(json!({})), START + run * 1_000 + 900).len());
        runs.filter(|hops| *hops == 2).count()
    };
    let (once, thrice) = (found(1), found(3));
    // 100 of 200 with a standard deviation of 7, and 175 with one of 5.
    assert!((65..=135).contains(&once), "{once}");
    assert!((150..=200).contains(&thrice), "{thrice}");
}

#[test]
fn clocks_are_those_of_the_devices() {
    let lab = Lab::new();
    let clock = json!({
        "hosts": [{ "address": "10.0.0.1", "interface": "h" }, { "address": "10.0.0.2", "interface": "i" }],
        "timestamp_type": "PTP", "clock_offset": -1_500,
    });
    lab.device("a", &["h", "i"], clock, START);
    lab.start(&with(json!({})), START).unwrap();
    let data = lab.data(&with(json!({})), START + 100).unwrap();
    assert_eq!(data["Path"][0]["TIMESTAMP"], json!({ "TimeStamp": 998, "TimeStamp_usec": 500_005, "Type": "PTP" }));
}

/// TCP without a checksum is dropped by the destination (RFC 9293, section 3.1); UDP is not (RFC 768).
#[test]
fn the_destination_answers_no_tcp_without_a_checksum() {
    for (proto, chksum, ends) in [("tcp", true, 103), ("udp", false, 103), ("tcp", false, 63 + 50)] {
        let lab = leaves_and_spines(START);
        let parameters = with(json!({ "proto": proto, "chksum": chksum, "timeout": 50 }));
        lab.start(&parameters, START).unwrap();
        assert!(matches!(lab.data(&parameters, START + ends - 1), Err(Fault::NoData(_))), "{proto} {chksum}");
        assert_eq!(lab.data(&parameters, START + ends).unwrap()["Path"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn a_run_that_takes_longer_than_the_next_ones_wait_is_shown_once_it_has_ended() {
    let lab = leaves_and_spines(START);
    // Nobody is there: an hour is waited for an answer, and 3,600 runs are under way.
    let parameters = json!({ "src": "10.0.0.1", "dst": "10.0.0.9", "timeout": 3_600_000 });
    lab.start(&parameters, START).unwrap();
    assert!(matches!(lab.data(&parameters, START + 3_600_000), Err(Fault::NoData(_))));
    for (after, run) in [(3_600_001, 0.0), (7_200_000, 3_599.0), (7_200_001, 3_600.0)] {
        let data = lab.data(&parameters, START + after).unwrap();
        assert!((seconds(&data) - 1_000.0 - run).abs() < 1e-9, "after {after}: {data}");
    }
}
