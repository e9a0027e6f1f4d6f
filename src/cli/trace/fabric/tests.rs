//! Paths over a fabric in their forms.

use serde_json::{Value as Json, json};

use super::super::render::Form;
use super::{Back, Sent, Shown, answer, failure, render, tuple};
use crate::cli::testing::{Lab, golden, path};
use crate::engine::EngineView;
use crate::engine::forwarding::{Packet, protocol};

const FORMS: [(Form, &str); 4] = [
    (Form::Detailed, "drawn.txt"),
    (Form::Summary, "summary.txt"),
    (Form::Minimal, "minimal.txt"),
    (Form::Json, "path.json"),
];

/// Two leaves, each with a host and a guest on it, and two spines: one by single lines, which
/// answers no probes, and one by a LAG.
fn fabric() -> Lab {
    let lab = Lab::empty();
    let names = |names: &[&str]| names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>();
    let leaf = |id: &str, name: &str, host: &str, guest: &str| {
        let guest = json!({ "address": guest, "vnid": 5, "mac_address": "52:54:00:00:00:01" });
        let also = json!({ "address": guest["address"], "vnid": 6, "mac_address": "52:54:00:00:00:01" });
        let guests = if id == "a" { json!([guest, also]) } else { json!([guest]) };
        let body = json!({
            "display_name": name, "serial_number": format!("LEAF-{id}"),
            "interfaces": names(&["ge-0/0/0.0", "xe-0/0/1.0", "xe-0/0/2.0", "xe-0/0/3.0"]),
            "lags": [{ "name": "ae0.0", "members": ["xe-0/0/2.0", "xe-0/0/3.0"] }],
            "hosts": [{ "address": host, "interface": "ge-0/0/0.0", "guests": guests, "speed": 1_000 }],
            "cpu_utilization": 20, "memory_utilization": 15,
        });
        lab.put(&format!("/infra/simulated-devices/{id}"), body);
    };
    leaf("a", "leaf-a.example", "10.1.1.1", "10.0.0.2");
    leaf("b", "leaf-b.example", "10.1.7.1", "10.0.0.3");
    for (id, answered) in [("s1", 0), ("s2", 100)] {
        let body = json!({
            "display_name": format!("spine-{id}"), "serial_number": id, "answered_probes": answered,
            "interfaces": names(&["a", "a2", "b", "b2"]),
        });
        lab.put(&format!("/infra/simulated-devices/{id}"), body);
    }
    for (leaf, interface, spine, other) in [
        ("a", "xe-0/0/1.0", "s1", "a"),
        ("a", "xe-0/0/2.0", "s2", "a"),
        ("a", "xe-0/0/3.0", "s2", "a2"),
        ("b", "xe-0/0/1.0", "s1", "b"),
        ("b", "xe-0/0/2.0", "s2", "b"),
        ("b", "xe-0/0/3.0", "s2", "b2"),
    ] {
        let end = |device: &str, interface: &str| json!({ "device_path": format!("/infra/simulated-devices/{device}"), "interface": interface });
        let body = json!({ "ends": [end(leaf, interface), end(spine, other)], "latency": 1_500 });
        lab.put(&format!("/infra/simulated-links/{leaf}-{spine}-{other}"), body);
    }
    lab
}

fn packet(source: &str, destination: &str, source_port: u16) -> Packet {
    Packet {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        protocol: protocol::TCP,
        source_port,
        destination_port: 9_000,
        size: 1_000,
        dont_fragment: true,
        time_to_live: 64,
        handshake_mss: None,
    }
}

fn shown(view: &EngineView, packet: Packet) -> Shown {
    let vnid = packet.source.to_string().starts_with("10.0.").then_some(5);
    let sight = view.across_fabric(&tuple(&packet), usize::from(packet.time_to_live), vnid).unwrap();
    Shown { sent: Sent::Packet(packet), sight }
}

/// The first port whose flow goes over this spine.
fn port_over(view: &EngineView, spine: &str) -> u16 {
    let goes_there =
        |port: &u16| shown(view, packet("10.1.1.1", "10.1.7.1", *port)).sight.hops[1].device.serial == spine;
    (4_567..5_000).find(goes_there).unwrap()
}

fn is_as_before(name: &str, view: &EngineView, paths: &[(&Shown, Back<'_>)]) {
    for (form, file) in FORMS {
        let texts: Vec<_> = paths.iter().map(|(there, back)| render(view, form, there, *back)).collect();
        golden(&format!("trace/fabric/goldens/{name}-{file}"), &texts.join("\n"));
    }
}

/// A flow over each spine, and a trace of it: where it goes, what is counted, and which hop does
/// not answer.
#[test]
fn a_path_is_drawn_with_what_probes_have_found() {
    let lab = fabric();
    let ports = ["s1", "s2"].map(|spine| port_over(&lab.view(), spine));
    for port in ports {
        let trace = json!({
            "src": "10.1.1.1", "dst": "10.1.7.1", "proto": "tcp", "sport": port, "dport": 9_000, "bw_ingress": true,
            "ntry": 2, "timeout": 50,
        });
        lab.put(&format!("/infra/flow-traces/10.1.1.1,10.1.7.1,tcp,{port},9000"), trace);
        let flow = json!({
            "source": "10.1.1.1", "destination": "10.1.7.1", "protocol": "TCP", "source_port": port,
            "destination_port": 9_000, "packet_size": 1_000, "packets_per_second": 100,
        });
        lab.put(&format!("/infra/simulated-flows/over-{port}"), flow);
    }
    let view = lab.view();
    let paths = ports.map(|port| shown(&view, packet("10.1.1.1", "10.1.7.1", port)));
    is_as_before("probed", &view, &paths.each_ref().map(|path| (path, Back::Unasked)));
    let found =
        view.collected_across_fabric(&path(&format!("/infra/flow-traces/10.1.1.1,10.1.7.1,tcp,{},9000", ports[0])));
    let sight = found.unwrap().unwrap();
    let probes = Shown { sent: Sent::Probes(sight.entry.tuple, None), sight };
    is_as_before("flow-trace", &view, &[(&probes, Back::Unasked)]);
}

#[test]
fn a_packet_of_a_guest_is_in_a_vxlan_and_so_is_its_answer() {
    let lab = fabric();
    let view = lab.view();
    let sent = packet("10.0.0.2", "10.0.0.3", 41_504);
    let outer = shown(&view, sent.clone()).sight.entry.tuple.source_port;
    let trace = json!({
        "src": "10.1.1.1", "dst": "10.1.7.1", "sport": outer, "vnid": 5, "appsrc": "10.0.0.2", "appdst": "10.0.0.3",
        "appsmac": "52:54:00:00:00:01", "appdmac": "52:54:00:00:00:02", "nhops": 1,
    });
    let at = format!("/infra/tunnel-traces/10.1.1.1,10.1.7.1,{outer},5,10.0.0.2,10.0.0.3");
    lab.put(&at, trace);
    let view = lab.view();
    let (there, back) = (shown(&view, sent.clone()), shown(&view, answer(&sent)));
    is_as_before("vxlan", &view, &[(&there, Back::Path(&back))]);
    let sight = view.collected_across_fabric(&path(&at)).unwrap().unwrap();
    let tunnel = view.topology.collections[&path(&at)].tunnel.clone();
    let probes = Shown { sent: Sent::Probes(sight.entry.tuple, tunnel), sight };
    is_as_before("tunnel-trace", &view, &[(&probes, Back::Unasked)]);
}

#[test]
fn a_drop_is_told_where_it_happens() {
    let lab = fabric();
    let view = lab.view();
    let nowhere = shown(&view, packet("10.1.1.1", "10.9.9.9", 1));
    let expired = shown(&view, Packet { time_to_live: 2, ..packet("10.1.1.1", "10.1.7.1", 1) });
    is_as_before("dropped", &view, &[(&nowhere, Back::Nothing), (&expired, Back::Unasked)]);
}

#[test]
fn what_cannot_be_shown_is_refused_with_the_candidates() {
    let view = fabric().view();
    let refused = |view: &EngineView, source: &str, destination: &str, vnid| {
        let unseen = view.across_fabric(&tuple(&packet(source, destination, 1)), 64, vnid).unwrap_err();
        format!("{:?}", failure(&unseen, view))
    };
    for (source, destination, vnid, says) in [
        ("10.9.9.9", "10.1.7.1", None, ["10.9.9.9 is no host of the fabric", "10.0.0.3 in VXLAN 5 on 10.1.7.1"]),
        ("10.9.9.9", "10.1.7.1", None, ["no guest of one", "10.1.1.1 at leaf-a.example ge-0/0/0.0"]),
        ("10.0.0.2", "10.1.1.9", None, ["are in more than one VXLAN", "--vnid: 5, 6"]),
        ("10.0.0.2", "10.0.0.3", Some(7), ["10.0.0.2 is not in VXLAN 7", "it is in VXLAN 5"]),
        ("10.1.1.1", "10.0.0.3", Some(5), ["10.1.1.1 is a host", "leave --vnid out"]),
    ] {
        let said = refused(&view, source, destination, vnid);
        assert!(says.iter().all(|it| said.contains(it)), "{said}");
    }
    assert!(refused(&Lab::empty().view(), "10.1.1.1", "10.1.7.1", None).contains("there is no fabric"));
}

/// Tests compare the short form, and programs read the other one.
#[test]
fn the_short_form_is_plain_ascii() {
    let view = fabric().view();
    let shown = shown(&view, packet("10.1.1.1", "10.1.7.1", 1));
    assert!(
        render(&view, Form::Minimal, &shown, Back::Unasked).bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~'))
    );
    let document: Json = serde_json::from_str(&render(&view, Form::Json, &shown, Back::Unasked)).unwrap();
    assert_eq!(document["forward"]["disposition"], "DELIVERED");
}
