//! Packet traces: on the engine, and on a live endpoint, which is an engine that is served.

use std::process::Command;

use serde_json::json;

use crate::over_http::Served;
use crate::terraform::{PROVIDER, Workspace};

const SOURCES: &str = r#"
data "vpn_packet_traces" "all" {}
data "vpn_packet_traces" "other" {
  definition_names = ["OTHER"]
}
data "vpn_packet_summary" "last" {
  trace_id      = "COPY-1-1-TCPIP11-0-0"
  packet_number = 2
}
"#;

/// An engine with a trace of two packets, an echo and its answer.
fn traced() -> Workspace {
    let lab = Workspace::new();
    drop(lab.lab());
    let mut file = [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 65_535, 101].map(u32::to_le_bytes).concat();
    for (from, to, kind) in [(1, 2, 8), (2, 1, 0)] {
        file.extend([1_700_000_000, 5, 28, 28].map(u32::to_le_bytes).concat());
        file.extend([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, from, 10, 0, 0, to, kind, 0, 0, 0, 0, 1, 0, 2]);
    }
    let capture = lab.folder().join("two.pcap");
    std::fs::write(&capture, file).unwrap();
    let done = Command::new(PROVIDER)
        .args(["packets", "import", "--definition", "COPY", "--stack", "TCPIP11", "--local", "10.0.0.1", "--data"])
        .args([lab.engine(), &capture])
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    lab
}

fn is_told(lab: &Workspace) {
    let traces = &lab.state("data.vpn_packet_traces.all")["traces"];
    assert_eq!(
        traces[0],
        json!({
            "id": "COPY-1-1-TCPIP11-0-0", "definition_name": "COPY", "generation": 1, "sequence": 1,
            "stack_name": "TCPIP11", "tcp_creator_sequence": 0, "snapshot_sequence": 0, "type": "PACKET",
            "state": "ENDED", "status": "All packets of two.pcap", "packet_count": 2, "total_packet_count": 2,
        })
    );
    assert_eq!(lab.state("data.vpn_packet_traces.other")["traces"], json!([]));
    let packet = lab.state("data.vpn_packet_summary.last");
    assert_eq!(packet["summary"], "EchoReply Id=1 Seq=2");
    assert_eq!((&packet["protocol"], &packet["length"]), (&json!("ICMP"), &json!(28)));
    assert_eq!(packet["connection"]["direction"], "RECV");
    assert_eq!(packet["connection"]["local_address"], "10.0.0.1");
    assert_eq!(packet["connection"]["local_port"], json!(null));
    assert_eq!(packet["timing"], json!({ "absolute": 1_700_000_000_000_005_i64, "delta": 0 }));
    assert_eq!(packet["data"]["hex"], "0000000000010002");
}

#[test]
fn traces_and_summaries_are_read_from_the_engine() {
    let lab = traced();
    let embedded = format!("embedded {{ path = {:?} }}", lab.engine().display().to_string());
    lab.configure_with(&embedded, SOURCES).apply();
    is_told(&lab);
    lab.plan_is_empty();
    let wrong = SOURCES.replace("packet_number = 2", "packet_number = 3");
    lab.configure_with(&embedded, &wrong)
        .plan_is_refused()
        .mentions(&["There is no packet 3 of trace COPY-1-1-TCPIP11-0-0"]);
}

#[test]
fn traces_and_summaries_are_read_from_a_live_endpoint() {
    let lab = traced();
    let served =
        Served::with(lab.engine(), &["--rate-limit", "0"], &[("VPN_SERVE_ADMIN_PASSWORD", "marker-of-a-secret")]);
    let block = |password: &str| {
        format!(
            "netmaster {{\n    url = {:?}\n    region = \"LOCAL\"\n    username = \"admin\"\n    password = {password:?}\n  }}",
            served.address
        )
    };
    lab.configure_with(&block("marker-of-a-secret"), SOURCES).apply();
    is_told(&lab);
    lab.plan_is_empty();
    let said = lab.configure_with(&block("wrong"), SOURCES).plan_is_refused();
    said.mentions(&["does not accept the credentials"]);
    // It holds no objects.
    lab.configure_with(&block("marker-of-a-secret"), "resource \"vpn_ike_profile\" \"a\" {}\n")
        .plan_is_refused()
        .mentions(&["No system is named for objects of NSX"]);
}
