//! The answers that seed 004 prints, from declared worlds. The files hold them as JSON,
//! without the spaces that the print has in some names.
//!
//! A world has the printed devices, interfaces, LAG and next hops, and what the interfaces
//! have counted and carry besides the flow. What an answer shows is then what is printed,
//! number for number, but for what follows from the world: latencies to the microsecond, times
//! to the millisecond, and the filters' numbers. What filters have counted is printed as of a moment
//! some milliseconds after the packet came.

use serde_json::{Value as Json, json};

use super::lab::{Lab, fields};
use crate::engine::Moment;
use crate::model::{FLOW_TRACE, TUNNEL_TRACE};

/// The fields of `IFLStats` that a device begins with, as the model names them.
const COUNTERS: [&str; 12] = [
    "tx_ucpkts",
    "rx_ucpkts",
    "tx_bcpkts",
    "rx_bcpkts",
    "tx_mcpkts",
    "rx_mcpkts",
    "tx_crcerror",
    "rx_crcerror",
    "tx_droppkt",
    "rx_droppkt",
    "tx_bytes",
    "rx_bytes",
];
const RATES: [&str; 4] = ["tx_pps", "rx_pps", "tx_bw", "rx_bw"];

/// Devices on the path of the mirrored flow, and the interface by which they send copies.
const MIRRORED: [(&str, &str); 3] =
    [("device02-example-01", "fxp0"), ("device03-example-01", "fxp0"), ("device02-example-03", "fxp0")];

/// So many milliseconds before the run the world begins.
const BEFORE: i64 = 10_000;

struct Sample {
    printed: Json,
    parameters: Json,
    flow: Option<Json>,
    /// So much the counts of filters are off, in packets.
    off: f64,
}

fn interfaces(hop: &Json) -> Vec<&Json> {
    let ecmp = &hop["EgressIFLAttribute"]["L3Ecmp"];
    let lists = [&hop["IngressIFLAttribute"], &hop["EgressIFLAttribute"], ecmp, &ecmp["L2EcmpList"][0]];
    lists.into_iter().filter_map(|it| it["IFLList"].as_array()).flatten().collect()
}

fn find<'a>(document: &'a Json, device: &str, name: &str) -> Option<&'a Json> {
    let hop = document["Path"].as_array()?.iter().find(|hop| hop["DevName"] == device)?;
    interfaces(hop).into_iter().find(|it| it["IFLName"] == name).map(|it| &it["IFLStats"])
}

#[expect(clippy::cast_possible_truncation, reason = "the printed times are some seconds since 1970")]
fn milliseconds(seconds: &Json) -> i64 {
    (seconds.as_f64().unwrap() * 1_000.0) as i64
}

impl Sample {
    /// The world with these numbers, given those of an answer that had others: none at first.
    fn world(&self, groups: &[&str], seen: [Option<&Json>; 2]) -> Lab {
        let lab = Lab::new();
        let now = milliseconds(&self.printed["Time"]) - BEFORE;
        let declared = |device: &str, name: &str| {
            let Some(printed) = find(&self.printed, device, name) else { return json!({ "name": name }) };
            let less = |document: Option<&Json>, field: &str| -> i64 {
                let upper = field.to_uppercase();
                let others =
                    document.and_then(|it| find(it, device, name)).map_or(0, |it| it[&upper].as_i64().unwrap_or(0));
                printed[&upper].as_i64().unwrap_or(0) - others
            };
            let [rates, counters] = seen;
            let background = RATES.map(|field| (field.to_owned(), json!(rates.map_or(0, |it| less(Some(it), field)))));
            let before =
                COUNTERS.map(|field| (field.to_owned(), json!(counters.map_or(0, |it| less(Some(it), field)))));
            json!({
                "name": name,
                "background": background.into_iter().collect::<serde_json::Map<_, _>>(),
                "counters": before.into_iter().collect::<serde_json::Map<_, _>>(),
            })
        };
        let spine = &self.printed["Path"][1];
        for (name, serial, names) in [
            (
                "device02-example-01",
                "TA3714040533",
                &["ge-0/0/0.0", "xe-0/0/18.0", "xe-0/0/8.0", "xe-0/0/14.0", "xe-0/0/16.0"][..],
            ),
            ("device02-example-02", "TB3714120508", &["xe-0/0/2:0.0", "xe-0/0/4:0.0"]),
            ("device03-example-01", "VB3714010003", &["xe-0/0/44.0", "xe-0/0/94.0"]),
            ("third", "third", &["14", "16", "90"]),
            ("device02-example-03", "VB3113350021", &["ge-0/0/12.0", "xe-0/0/46.0", "xe-0/0/84.0", "90"]),
        ] {
            let hops = self.printed["Path"].as_array().unwrap();
            let hop = hops.iter().find(|hop| hop["DevName"] == name).unwrap_or(spine);
            let number = hop["HOP"].as_i64().unwrap();
            let names = names.iter().chain(MIRRORED.iter().find(|(device, _)| *device == name).map(|(_, name)| name));
            let interfaces: Vec<_> = names.map(|interface| declared(name, interface)).collect();
            let mut body = json!({
                "display_name": name,
                "serial_number": serial,
                "interfaces": interfaces,
                "cpu_utilization": percent(&hop["DevCPUUtil"]),
                "memory_utilization": percent(&hop["DevMEMUtil"]),
                "timestamp_type": "LCPU",
                // The lines there and back take 10 µs for each hop.
                "response_time": microseconds(&hop["Latency"]) - 10 * number,
            });
            if name == "device02-example-01" {
                body["lags"] = json!([{ "name": "ae0.0", "members": ["xe-0/0/14.0", "xe-0/0/16.0"] }]);
                body["ecmp_groups"] = json!([{ "destinations": ["10.1.7.0/24"], "interfaces": groups }]);
                body["hosts"] = json!([{ "address": "10.1.1.1", "interface": "ge-0/0/0.0" }]);
            } else if name == "device02-example-03" {
                body["hosts"] = json!([{ "address": "10.1.7.1", "interface": "ge-0/0/12.0" }]);
            }
            if let Some(answered) =
                seen[0].and_then(|it| it["Path"].as_array()?.iter().find(|hop| hop["DevName"] == name))
            {
                let stamp = |hop: &Json| {
                    hop["TIMESTAMP"]["TimeStamp"].as_i64().unwrap() * 1_000
                        + hop["TIMESTAMP"]["TimeStamp_usec"].as_i64().unwrap() / 1_000
                };
                body["clock_offset"] = json!(stamp(hop) - stamp(answered));
            }
            lab.put(&format!("simulated-devices/{name}"), body, now);
        }
        if let Some(analyzer) = self.parameters.get("mirror_analyzer") {
            // The copies go over a switch of their own.
            let interfaces = MIRRORED.map(|(name, _)| json!({ "name": name }));
            let names: Vec<_> = [json!({ "name": "analyzer" })].into_iter().chain(interfaces).collect();
            let body = json!({
                "serial_number": "mirrors", "interfaces": names,
                "hosts": [{ "address": analyzer, "interface": "analyzer" }],
            });
            lab.put("simulated-devices/mirrors", body, now);
            for (device, _) in MIRRORED {
                lab.link(&format!("{device}:fxp0"), &format!("mirrors:{device}"), json!({}), now);
            }
        }
        for (one, other) in [
            ("device02-example-01:xe-0/0/18.0", "device02-example-02:xe-0/0/2:0.0"),
            ("device02-example-02:xe-0/0/4:0.0", "device02-example-03:xe-0/0/46.0"),
            ("device02-example-01:xe-0/0/8.0", "device03-example-01:xe-0/0/44.0"),
            ("device03-example-01:xe-0/0/94.0", "device02-example-03:xe-0/0/84.0"),
            ("device02-example-01:xe-0/0/14.0", "third:14"),
            ("device02-example-01:xe-0/0/16.0", "third:16"),
            ("third:90", "device02-example-03:90"),
        ] {
            lab.link(one, other, json!({}), now);
        }
        if let Some(flow) = &self.flow {
            lab.flow("app", flow.clone(), now);
        }
        lab.start(&self.parameters, now).unwrap();
        lab
    }

    /// Reproduces the answer. Where the flow goes is decided by the order of the next hops: there is
    /// one that sends it where the printed one went.
    fn is_reproduced(&self) -> Lab {
        let now = milliseconds(&self.printed["Time"]) + 900;
        let wanted = &self.printed["Path"][1]["DevName"];
        let hops = ["xe-0/0/18.0", "xe-0/0/8.0", "ae0.0"];
        let orders = [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1]].map(|order| order.map(|position| hops[position]));
        let goes_there = |order: &&[&str; 3]| self.world(*order, [None; 2]).path(&self.parameters, now)[1] == *wanted;
        let order = orders.iter().find(goes_there).unwrap();
        let plain = self.world(order, [None; 2]).data(&self.parameters, now).unwrap();
        let busy = self.world(order, [Some(&plain), None]).data(&self.parameters, now).unwrap();
        let lab = self.world(order, [Some(&plain), Some(&busy)]);
        let mut answer = lab.data(&self.parameters, now).unwrap();
        let mut printed = self.printed.clone();
        near(&mut answer, &mut printed, "Time", 1e-3);
        for number in 0..printed["Path"].as_array().unwrap().len() {
            let (answer, printed) = (&mut answer["Path"][number], &mut printed["Path"][number]);
            near(answer, printed, "Latency", 1.01e-6);
            near(&mut answer["TIMESTAMP"], &mut printed["TIMESTAMP"], "TimeStamp_usec", 1_000.0);
            if printed.get("Bandwidth_ID").is_some() {
                // Numbered by each device in turn, wherever it begins.
                assert!(answer["Bandwidth_ID"].as_u64().is_some_and(|id| u32::try_from(id).is_ok()));
                printed["Bandwidth_ID"] = answer["Bandwidth_ID"].clone();
                near(answer, printed, "Bandwidth_Counter", self.off);
            }
        }
        assert_eq!(answer, printed);
        lab
    }
}

/// The field is a number in both, and nearly the same.
fn near(answer: &mut Json, printed: &mut Json, field: &str, by: f64) {
    let (one, other) = (answer[field].as_f64().unwrap(), printed[field].as_f64().unwrap());
    assert!((one - other).abs() <= by, "{field}: {one} is not {other}");
    assert_eq!(answer[field].is_f64(), printed[field].is_f64(), "{field}");
    answer[field] = printed[field].clone();
}

#[expect(clippy::cast_possible_truncation, reason = "a percentage")]
fn percent(number: &Json) -> i64 {
    number.as_f64().unwrap() as i64
}

#[expect(clippy::cast_possible_truncation, reason = "some milliseconds")]
fn microseconds(seconds: &Json) -> i64 {
    (seconds.as_f64().unwrap() * 1e6) as i64
}

fn sample(text: &str, parameters: Json) -> Sample {
    Sample { printed: serde_json::from_str(text).unwrap(), parameters, flow: None, off: 0.0 }
}

/// What the application sends. It ends at the last device: there the print has one acknowledgement
/// for fifteen segments, and a simulated host would send one for each. They are background here.
fn of_application(protocol: &str, sport: u16, rate: u32, size: u32) -> Json {
    let hops = if protocol == "TCP" { 3 } else { 64 };
    json!({
        "source": "10.1.1.1", "destination": "10.1.7.1", "protocol": protocol, "source_port": sport,
        "destination_port": 9000, "packets_per_second": rate, "packet_size": size, "time_to_live": hops,
    })
}

fn flow(proto: &str, sport: u16, more: Json) -> Json {
    let mut parameters = json!({ "src": "10.1.1.1", "dst": "10.1.7.1", "proto": proto, "sport": sport, "dport": 9000 });
    parameters.as_object_mut().unwrap().extend(fields(&more));
    parameters
}

#[test]
fn the_path_of_a_flow() {
    sample(include_str!("samples/flow-tcp.json"), flow("tcp", 4567, json!({}))).is_reproduced();
}

#[test]
fn the_bandwidth_of_a_tcp_flow() {
    let parameters = flow("tcp", 58991, json!({ "bw_ingress": true }));
    let sample = sample(include_str!("samples/bandwidth-tcp.json"), parameters);
    Sample { flow: Some(of_application("TCP", 58991, 79_815, 1_500)), off: 320.0, ..sample }.is_reproduced();
}

#[test]
fn the_bandwidth_of_a_udp_flow() {
    let parameters = flow("udp", 54676, json!({ "bw_ingress": true }));
    let sample = sample(include_str!("samples/bandwidth-udp.json"), parameters);
    Sample { flow: Some(of_application("UDP", 54676, 51, 228)), off: 25.0, ..sample }.is_reproduced();
}

#[test]
fn the_path_of_a_mirrored_flow() {
    let mirrored = json!({
        "bw_ingress": true, "mirror_type": "ERSPAN", "mirror_dir": "ingress", "mirror_analyzer": "10.2.1.1",
    });
    let sample = sample(include_str!("samples/mirror-tcp.json"), flow("tcp", 59047, mirrored));
    let sample = Sample { flow: Some(of_application("TCP", 59047, 80_098, 1_500)), off: 620.0, ..sample };
    let lab = sample.is_reproduced();
    let now = Moment(milliseconds(&sample.printed["Time"]) + 900);
    let copies = lab.engine.mirrored(&FLOW_TRACE, &fields(&sample.parameters), None, now).unwrap();
    // Those of three devices, of what was sent in 10.9 s: one at the beginning, then 80,098 in a second.
    assert_eq!((copies.packets, copies.lost), (3 * 873_069, 0));
}

#[test]
fn the_path_of_a_tunnel() {
    let parameters = json!({
        "src": "10.1.1.1", "dst": "10.1.7.1", "sport": 4567, "vnid": 5, "appsrc": "10.1.2.3", "appdst": "10.1.2.5",
        "appsmac": "9c:8e:99:12:88:2e", "appdmac": "44:1e:a1:02:25:c0", "dport": 9000,
    });
    sample(include_str!("samples/tunnel.json"), parameters).is_reproduced();
}

/// Two hosts, and a guest on each in VXLAN 200.
fn hosts(now: i64) -> Lab {
    let lab = Lab::new();
    for (name, host, address, mac) in [
        ("a", ["10.1.1.1", "10.10.11.11"], "10.0.0.2", "52:54:00:b8:9b:2e"),
        ("b", ["10.1.7.1", "192.168.5.11"], "10.0.0.3", "52:54:00:6e:cc:dc"),
    ] {
        let guests = json!([{ "address": address, "vnid": 200, "mac_address": mac }]);
        let hosts = json!({ "hosts": [
            { "address": host[0], "interface": "h" }, { "address": host[1], "interface": "v", "guests": guests },
        ] });
        lab.device(name, &["h", "v", "to"], hosts, now);
    }
    lab.link("a:to", "b:to", json!({}), now);
    lab
}

/// A flow whose first packet is sent at the printed time.
fn began(lab: &Lab, ends: [&str; 2], protocol: &str, ports: [u16; 2], seconds: &Json) {
    let body = json!({
        "source": ends[0], "destination": ends[1], "protocol": protocol,
        "source_port": ports[0], "destination_port": ports[1],
    });
    lab.flow(&format!("from-{}", ports[0]), body, milliseconds(seconds));
}

/// What is listed at `now`, with times as printed where they are the same to the millisecond.
fn listed(lab: &Lab, now: i64, printed: &Json) -> Json {
    let mut listed = lab.engine.application_flows(true, Moment(now)).unwrap();
    for (number, ports) in printed["FLOWS"][0]["PORTS"].as_array().unwrap().iter().enumerate() {
        let own = &mut listed["FLOWS"][0]["PORTS"][number][0];
        assert!((own.as_f64().unwrap() - ports[0].as_f64().unwrap()).abs() < 1e-3, "{own} is not {}", ports[0]);
        *own = ports[0].clone();
    }
    listed
}

#[test]
fn the_list_of_flows() {
    let printed: Json = serde_json::from_str(
        r#"{ "FLOWS": [{ "SIP": "10.1.1.1", "DIP": "10.1.7.1", "PROTO": "TCP", "PORTS": [
            [1442515268.272547, 22, 46047], [1442515282.1547129, 9000, 59011], [1442515282.25717, 9000, 59010],
            [1442515282.3083589, 9000, 59012]
        ] }] }"#,
    )
    .unwrap();
    let now = 1_442_515_283_000;
    let lab = hosts(now - 60_000);
    for ports in printed["FLOWS"][0]["PORTS"].as_array().unwrap() {
        let port = |at: usize| u16::try_from(ports[at].as_u64().unwrap()).unwrap();
        began(&lab, ["10.1.1.1", "10.1.7.1"], "TCP", [port(2), port(1)], &ports[0]);
    }
    assert_eq!(listed(&lab, now, &printed), printed);
}

#[test]
fn the_list_of_flows_in_tunnels() {
    let mut printed: Json = serde_json::from_str(
        r#"{ "FLOWS": [{ "SIP": "10.10.11.11", "DIP": "192.168.5.11", "PROTO": "UDP", "PORTS": [[
            1442623012.2390749, 4789, 53812, 200, "52:54:0:b8:9b:2e", "52:54:0:6e:cc:dc", "10.0.0.2", "10.0.0.3",
            "UDP", 41504, 9000
        ]] }] }"#,
    )
    .unwrap();
    let now = 1_442_623_013_000;
    let lab = hosts(now - 60_000);
    let ports = printed["FLOWS"][0]["PORTS"][0].clone();
    began(&lab, ["10.0.0.2", "10.0.0.3"], "UDP", [41504, 9000], &ports[0]);
    let listed = listed(&lab, now, &printed);
    // The port outside is one that the VTEP makes of the packet within.
    let port = &listed["FLOWS"][0]["PORTS"][0][2];
    assert!((49_152..=65_535).contains(&port.as_u64().unwrap()));
    printed["FLOWS"][0]["PORTS"][0][2] = port.clone();
    assert_eq!(listed, printed);
}

#[test]
fn the_active_flows() {
    let now = 1_442_515_283_000;
    let lab = hosts(now);
    for port in [59012, 59010, 59011] {
        lab.start(&flow("tcp", port, json!({})), now).unwrap();
    }
    let printed = json!([
        ["10.1.7.1", "10.1.1.1", "tcp", 59010, 9000],
        ["10.1.7.1", "10.1.1.1", "tcp", 59011, 9000],
        ["10.1.7.1", "10.1.1.1", "tcp", 59012, 9000],
    ]);
    assert_eq!(json!(lab.engine.collections(&FLOW_TRACE, None, Moment(now)).unwrap()), printed);
}

#[test]
fn the_active_tunnels() {
    let now = 1_442_623_013_000;
    let lab = hosts(now);
    let tunnel = json!({
        "src": "10.10.11.11", "dst": "192.168.5.11", "sport": 53812, "vnid": 200, "appsrc": "10.0.0.2",
        "appdst": "10.0.0.3", "appsmac": "52:54:00:b8:9b:2e", "appdmac": "52:54:00:6e:cc:dc",
    });
    lab.start(&tunnel, now).unwrap();
    let printed = json!([["10.10.11.11", "192.168.5.11", "10.0.0.3", "10.0.0.2", 200, 53812]]);
    assert_eq!(json!(lab.engine.collections(&TUNNEL_TRACE, None, Moment(now)).unwrap()), printed);
}
