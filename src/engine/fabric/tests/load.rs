//! What flows send, and what is counted of it.

use serde_json::{Value as Json, json};

use super::lab::{Lab, leaves_and_spines};
use crate::engine::taps::frames;
use crate::engine::{Capture, CaptureOf, CaptureRequest, Moment, Question};
use crate::model::PolicyPath;

const START: i64 = 1_000_000;

fn to_two(port: u16, rate: u32) -> Json {
    json!({
        "source": "10.0.0.1", "destination": "10.0.0.2", "protocol": "UDP", "source_port": port,
        "destination_port": 9000, "packets_per_second": rate, "packet_size": 1_482,
    })
}

fn probe(port: u16) -> Json {
    json!({ "src": "10.0.0.1", "dst": "10.0.0.2", "sport": port, "dport": 9000 })
}

fn stats(data: &Json, hop: usize) -> (&Json, &Json) {
    let egress = &data["Path"][hop]["EgressIFLAttribute"];
    (&data["Path"][hop]["IngressIFLAttribute"]["IFLList"][0]["IFLStats"], &egress["IFLList"][0]["IFLStats"])
}

fn flow_statistics(lab: &Lab, now: i64) -> Json {
    let path = PolicyPath::parse("/infra/simulated-flows/app").unwrap();
    lab.engine.ask(&Question::FlowStatistics(path), &[], Moment(now)).unwrap().document.unwrap()
}

#[test]
fn each_interface_on_the_way_counts_whole_frames() {
    let lab = leaves_and_spines(START);
    lab.flow("app", to_two(1, 100), START);
    lab.start(&probe(1), START).unwrap();
    let data = lab.data(&probe(1), START + 2_500).unwrap();
    for hop in 0..3 {
        let (ingress, egress) = stats(&data, hop);
        // The run began two seconds after the flow did.
        let packets = ingress["RX_PKTS"].as_i64().unwrap();
        assert!((200..=210).contains(&packets), "{packets}");
        assert_eq!(ingress["RX_BYTES"], packets * 1_500);
        assert_eq!((&ingress["RX_PPS"], &ingress["RX_BW"]), (&json!(100), &json!(150_000)));
        assert_eq!(ingress.get("TX_PKTS"), None, "what is zero is left out");
        if hop > 0 {
            assert_eq!(egress["TX_PPS"], 100);
        }
    }
    let statistics = flow_statistics(&lab, START + 3_000);
    assert_eq!((&statistics["packets_sent"], &statistics["packets_delivered"]), (&json!(300), &json!(300)));
}

#[test]
fn what_a_line_does_not_carry_is_dropped_before_it() {
    let lab = Lab::new();
    let host = |address: &str| json!({ "hosts": [{ "address": address, "interface": "h" }] });
    lab.device("a", &["h", "b"], host("10.0.0.1"), START);
    lab.device("b", &["h", "a"], host("10.0.0.2"), START);
    // 1 Mbit/s are 83 frames of 1,500 bytes.
    lab.link("a:b", "b:a", json!({ "speed": 1 }), START);
    lab.flow("app", to_two(1, 1_000), START);
    lab.start(&probe(1), START).unwrap();
    let data = lab.data(&probe(1), START + 10_500).unwrap();
    let (_, egress) = stats(&data, 0);
    let (ingress, _) = stats(&data, 1);
    assert_eq!(egress["TX_PPS"], 83);
    assert_eq!(ingress["RX_PPS"], 83);
    let (sent, dropped) = (egress["TX_PKTS"].as_i64().unwrap(), egress["TX_DROPPKT"].as_i64().unwrap());
    assert!((sent - 833).abs() <= 1 && (9_166..=9_170).contains(&dropped), "{sent} {dropped}");
    let statistics = flow_statistics(&lab, START + 10_000);
    assert_eq!(statistics["drops"][0]["reason"], "QUEUE_FULL");
    assert_eq!(statistics["packets_sent"], 10_000);
}

#[test]
fn counters_go_on_over_changes_and_restarts() {
    let lab = leaves_and_spines(START);
    lab.flow("app", to_two(1, 100), START);
    lab.start(&probe(1), START).unwrap();
    // Another flow, and the same one faster.
    lab.flow("other", to_two(2, 10), START + 1_000);
    lab.flow("app", to_two(1, 200), START + 2_000);
    let now = START + 4_200;
    let data = lab.data(&probe(1), now).unwrap();
    assert_eq!(
        data,
        lab.again(now).collected(&crate::model::FLOW_TRACE, &super::lab::fields(&probe(1)), None, Moment(now)).unwrap()
    );
    let (ingress, _) = stats(&data, 0);
    let packets = ingress["RX_PKTS"].as_i64().unwrap();
    // 200 in two seconds; 4 × 200 by the new rate less the 400 of its first two; 30 of the other.
    assert!((625..=640).contains(&packets), "{packets}");
    assert_eq!(ingress["RX_PPS"], 210);
}

#[test]
fn a_line_that_fails_is_gone_around() {
    let lab = leaves_and_spines(START);
    lab.start(&probe(7), START).unwrap();
    let before = lab.path(&probe(7), START + 500);
    let spine = &before[1];
    let link = format!("simulated-links/l1_{spine}-{spine}_l1");
    lab.put(&link, json!({ "up": false }), START + 600);
    let after = lab.path(&probe(7), START + 900);
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    assert_ne!(after[1], before[1]);
    // With the other one gone as well nobody beyond the first device answers.
    let other = &after[1];
    lab.put(&format!("simulated-links/l1_{other}-{other}_l1"), json!({ "up": false }), START + 1_000);
    let parameters = json!({ "src": "10.0.0.1", "dst": "10.0.0.2", "sport": 7, "dport": 9000, "timeout": 50 });
    lab.start(&parameters, START + 1_100).unwrap();
    assert_eq!(lab.path(&probe(7), START + 1_900), ["l1"]);
}

#[test]
fn filters_count_the_flow_and_are_numbered() {
    let lab = leaves_and_spines(START);
    lab.flow("app", to_two(1, 1_000), START);
    let counted =
        |port: u16| json!({ "src": "10.0.0.1", "dst": "10.0.0.2", "sport": port, "dport": 9000, "bw_ingress": true });
    lab.start(&counted(1), START + 5_000).unwrap();
    let data = lab.data(&probe(1), START + 7_500).unwrap();
    let (id, count) = (&data["Path"][0]["Bandwidth_ID"], data["Path"][0]["Bandwidth_Counter"].as_u64().unwrap());
    assert!((2_000..=2_050).contains(&count), "since the collection began: {count}");
    // A change of the fabric elsewhere leaves the filter as it is.
    lab.device("elsewhere", &["a"], json!({}), START + 8_000);
    let later = lab.data(&probe(1), START + 9_500).unwrap();
    assert_eq!(later["Path"][0]["Bandwidth_ID"], *id);
    assert!(later["Path"][0]["Bandwidth_Counter"].as_u64().unwrap() >= 4_000);
    // One that begins anew has a new filter, with the next number.
    lab.start(&json!({ "src": "10.0.0.1", "dst": "10.0.0.2", "sport": 1, "dport": 9000, "sfreq": 2 }), START + 10_000)
        .unwrap();
    let anew = lab.data(&probe(1), START + 10_500).unwrap();
    assert_eq!(anew["Path"][0]["Bandwidth_ID"].as_u64(), id.as_u64().map(|id| id + 1));
    assert!(anew["Path"][0]["Bandwidth_Counter"].as_u64().unwrap() < 100);
    // Another collection's is the next but one.
    lab.start(&counted(2), START + 11_000).unwrap();
    let other = lab.data(&probe(2), START + 11_500).unwrap();
    assert_eq!(other["Path"][0]["Bandwidth_ID"].as_u64(), id.as_u64().map(|id| id + 2));
    assert_eq!(other["Path"][0]["Bandwidth_Counter"], 0, "nobody sends to that port");
}

#[test]
fn each_device_sends_copies_to_the_analyzer() {
    let lab = leaves_and_spines(START);
    lab.flow("app", to_two(1, 100), START);
    let mirrored = |analyzer: &str| {
        json!({
            "src": "10.0.0.1", "dst": "10.0.0.2", "sport": 1, "dport": 9000,
            "mirror_type": "ERSPAN", "mirror_dir": "ingress", "mirror_analyzer": analyzer,
        })
    };
    lab.start(&mirrored("10.0.0.2"), START).unwrap();
    let counted = |now: i64| {
        lab.engine.mirrored(&crate::model::FLOW_TRACE, &super::lab::fields(&probe(1)), None, Moment(now)).unwrap()
    };
    // Three devices, and each copy is the packet, Ethernet, ERSPAN, GRE and IP headers.
    let copies = counted(START + 2_000);
    assert_eq!((copies.packets, copies.bytes, copies.lost), (600, 600 * (1_482 + 14 + 8 + 8 + 20), 0));
    // They arrive where the analyzer is attached, and are counted there.
    let data = lab.data(&probe(1), START + 2_500).unwrap();
    let (_, egress) = stats(&data, 2);
    assert_eq!(egress["TX_PPS"], 400);
    // Nobody at the address: all are lost from then on.
    lab.start(&mirrored("10.9.9.9"), START + 3_000).unwrap();
    let copies = counted(START + 4_000);
    assert_eq!((copies.packets, copies.lost), (900, 300));
}

/// All copies that can be seen of those for the flow trace of a probe.
fn captured(lab: &Lab, parameters: &Json, now: i64) -> Capture {
    let request =
        |of: CaptureOf| CaptureRequest { of, from: None, skip: 0, to: None, most: 1_000_000, most_bytes: u64::MAX };
    lab.engine
        .mirror_captured(&crate::model::FLOW_TRACE, &super::lab::fields(parameters), None, request, Moment(now))
        .unwrap()
}

/// One line of 1 Mbit/s leads to the analyzer, so that most copies are lost.
#[test]
fn as_many_copies_are_captured_as_are_counted() {
    let lab = leaves_and_spines(START);
    lab.device("m", &["h", "l1"], json!({ "hosts": [{ "address": "10.0.0.9", "interface": "h" }] }), START);
    let l1 = json!({
        "interfaces": [{ "name": "h" }, { "name": "s1" }, { "name": "s2" }, { "name": "m" }],
    });
    lab.put("simulated-devices/l1", l1, START);
    lab.link("l1:m", "m:l1", json!({ "speed": 1, "latency": 700 }), START);
    lab.flow("app", to_two(1, 100), START);
    let mirrored = json!({
        "src": "10.0.0.1", "dst": "10.0.0.2", "sport": 1, "dport": 9000,
        "mirror_type": "ERSPAN", "mirror_dir": "ingress", "mirror_analyzer": "10.0.0.9",
    });
    lab.start(&mirrored, START + 500).unwrap();
    // A change on the way, and another rate.
    lab.flow("app", to_two(1, 70), START + 5_000);
    lab.device("elsewhere", &["a"], json!({}), START + 7_000);
    let now = START + 10_000;
    let counted =
        lab.engine.mirrored(&crate::model::FLOW_TRACE, &super::lab::fields(&probe(1)), None, Moment(now)).unwrap();
    assert!(counted.packets > 500 && counted.lost > 500, "{counted:?}");
    let capture = captured(&lab, &mirrored, now);
    assert_eq!(capture.copies.len() as u64, counted.packets);
    assert!(capture.copies.is_sorted_by_key(|copy| copy.at));
    // Bytes of IP packets are counted; the file has their Ethernet headers besides, and its own.
    let mut file = Vec::new();
    let frames = frames::write_capture(&capture.topology, &capture.copies, &mut file).unwrap();
    assert_eq!((frames, file.len() as u64), (counted.packets, 24 + counted.packets * (16 + 14) + counted.bytes));
    // The first copy of the first device is there when it has gone over the line.
    let first = capture.copies.iter().find(|copy| copy.copied.by.id() == "l1").unwrap();
    let sent = first.at - i64::try_from(first.number).unwrap() * 10_000_000 - START * 1_000_000;
    assert_eq!(sent, (700 + 5) * 1_000, "0 to the first device, 700 to the other one, 5 to the host");
}
