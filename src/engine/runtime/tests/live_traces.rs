//! Live traces while time passes.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{BGP, FLOWS, Lab, PEERS, SEGMENTS, SERVICE, neighbor, parsed, session};
use crate::engine::forwarding::{Event, Node};
use crate::engine::live_trace::observation::Form;
use crate::engine::live_trace::{Direction, REMOVED_AFTER, documents, of_manager};
use crate::engine::{Question, Refusal, Reveal};
use crate::model::{LIVE_TRACE, PolicyPath};

const TRACES: &str = "/infra/livetraces";

fn port(id: &str) -> String {
    format!("{SEGMENTS}/app/ports/{id}")
}

fn once(number: u32) -> Json {
    json!({ "trace_type": "UNI_DIRECTIONAL", "sampling": { "match_number": number } })
}

fn trace(actions: &Json) -> Json {
    json!({ "src_port_path": port("a"), "actions": actions, "timeout": 10 })
}

impl Lab {
    /// A VPN that is up, a workload at the port a, and one at b.
    fn traced() -> Self {
        let mut lab = Self::new();
        lab.route_based("dc", 31);
        for (id, address) in [("a", "192.168.10.5"), ("b", "192.168.10.6")] {
            lab.put(&port(id), json!({ "address_bindings": [{ "ip_address": address }] }));
        }
        lab.at(60_000);
        assert_eq!(lab.fate("192.168.10.5", "10.20.0.1"), "DELIVERED_TO_PEER");
        lab
    }

    fn flow_to(&self, id: &str, destination: &str, packets_per_second: u32) {
        let body = json!({
            "source": "192.168.10.5", "destination": destination, "protocol": "UDP", "destination_port": 53,
            "packets_per_second": packets_per_second, "packet_size": 200, "reply_packet_size": 80,
        });
        self.put(&format!("{FLOWS}/{id}"), body);
    }

    fn begin(&self, id: &str, body: Json) -> PolicyPath {
        let path = format!("{TRACES}/{id}");
        self.put(&path, body);
        parsed(&path)
    }

    fn live(&self, path: &PolicyPath) -> Json {
        self.ask(&Question::LiveTraceStatus(path.clone()), |document| document)
    }

    fn state(&self, path: &PolicyPath) -> String {
        self.live(path)["operation_state"].as_str().unwrap().to_owned()
    }

    fn seen(&self, path: &PolicyPath) -> Json {
        self.ask(&Question::LiveTraceResult(path.clone()), |document| document)
    }
}

/// What an observation says in a few words: type, component, and what matters.
fn short(observation: &Json) -> String {
    let text = |field: &str| observation[field].as_str().unwrap_or_default().to_owned();
    let name = text("resource_type").replace("PolicyTraceflowObservation", "");
    let detail = [text("route_prefix"), text("reason"), text("ipsec_fail_reason"), text("remote_ip_address")];
    let detail: Vec<_> = detail.into_iter().filter(|it| !it.is_empty()).collect();
    let line = format!("{} {name} {} {}", observation["sequence_no"], text("component_name"), detail.join(" "));
    line.trim_end().to_owned()
}

fn story(traced: &Json) -> Vec<String> {
    traced["observations"].as_array().unwrap().iter().map(short).collect()
}

#[test]
fn every_component_tells_of_a_packet() {
    let mut lab = Lab::traced();
    lab.flow_to("f", "10.20.0.1", 10);
    let path = lab.begin("t", trace(&json!({ "trace_config": once(3) })));
    assert_eq!(lab.state(&path), "IN_PROGRESS");
    lab.at(62_000);
    assert_eq!(lab.state(&path), "FINISHED");
    let seen = lab.seen(&path);
    let traced = seen["trace_results"].as_array().unwrap();
    assert_eq!(traced.len(), 3);
    assert_eq!(
        story(&traced[0]),
        [
            "0 ReceivedLogical app",
            "0 ForwardedLogical app",
            "0 ReceivedLogical cgw",
            "0 ForwardedLogical cgw 0.0.0.0/0",
            "1 ReceivedLogical vmc",
            "1 ForwardedLogical vmc 10.20.0.0/16",
            "1 ReceivedLogical dc",
            "1 ForwardedLogical dc",
            "1 Forwarded uplink-1 198.51.100.31",
        ]
    );
    let first = &traced[0];
    assert_eq!(first["direction"], "FORWARD");
    assert_eq!(
        first["logical_counters"],
        json!({ "received_count": 4, "delivered_count": 0, "dropped_count": 0, "forwarded_count": 4 })
    );
    assert_eq!(
        first["counters"],
        json!({ "received_count": 0, "delivered_count": 0, "dropped_count": 0, "forwarded_count": 1 })
    );
    let entry = &first["observations"][0];
    assert_eq!(entry["segment_port_path"], port("a"));
    assert_eq!(entry["component_type"], "LS");
    assert_eq!(entry["transport_node_type"], "ESX");
    assert_eq!(entry["lport_id"], lab.live(&path)["source_lport"]);
    let vpn = &first["observations"][7]["ipsec_vpn"];
    assert_eq!(vpn["inner_dst_ip"], "10.20.0.1");
    assert_eq!(vpn["remote_ip"], "198.51.100.31");
    let id = lab.engine.get(&parsed(&session("dc")), Reveal::Public).unwrap().unique_id().to_owned();
    assert_eq!(vpn["session_id"], id);
    // The flow and the trace begin at the same moment: the first packet is seen then.
    assert_eq!(entry["timestamp"], lab.moment().0 - 2_000);
    assert_eq!(traced[2]["observations"][0]["timestamp"], lab.moment().0 - 1_800);
}

#[test]
fn the_status_has_every_field_of_its_schema() {
    let mut lab = Lab::traced();
    lab.flow_to("f", "10.20.0.1", 10);
    let both = json!({
        "trace_type": "BI_DIRECTIONAL", "sampling": { "match_number": 3 },
        "dest_ipsec_vpn_config": { "session_path": session("dc") },
    });
    let mut body = trace(&json!({ "trace_config": both }));
    body["filter"] = json!({ "network_info": { "dst_ip": "10.20.0.9/16" }, "transport_info": { "protocol": "UDP" } });
    body["tags"] = json!([{ "scope": "a", "tag": "b" }]);
    body["description"] = json!("why");
    let path = lab.begin("t", body);
    lab.at(62_000);
    let told = lab.live(&path);
    let port_id = lab.engine.get(&parsed(&port("a")), Reveal::Public).unwrap().unique_id().to_owned();
    for (field, value) in [
        ("resource_type", json!("LiveTraceStatus")),
        ("id", json!("t")),
        ("display_name", json!("t")),
        ("description", json!("why")),
        ("tags", json!([{ "scope": "a", "tag": "b" }])),
        ("source_lport", json!(port_id)),
        ("operation_state", json!("FINISHED")),
        ("request_status", json!("SUCCESS_DELIVERED")),
        ("timeout", json!(10)),
        ("_revision", json!(0)),
        ("_create_user", json!("admin")),
        ("_system_owned", json!(false)),
        ("_protection", json!("NOT_PROTECTED")),
    ] {
        assert_eq!(told[field], value, "{field}");
    }
    assert!(told["_create_time"].is_i64() && told["_last_modified_time"].is_i64());
    assert_eq!(told["filter"]["network_info"]["dst_ip"], "10.20.0.0/16");
    assert_eq!(told["filter"]["resource_type"], "FieldsFilterData");
    let session_id = lab.engine.get(&parsed(&session("dc")), Reveal::Public).unwrap().unique_id().to_owned();
    assert_eq!(
        told["actions"]["trace_config"],
        json!({
            "action_argument": { "trace_type": "BI_DIRECTIONAL", "dest_ipsec_vpn_config": { "session_id": session_id } },
            "sampling_argument": { "sampling_type": "FirstNSampling", "match_number": 3 },
        })
    );
    // The answers are told of where they come out of the tunnel.
    let seen = lab.seen(&path);
    let back = seen["trace_results"].as_array().unwrap().iter().find(|it| it["direction"] == "BACKWARD").unwrap();
    assert_eq!(
        story(back),
        [
            "0 ReceivedLogical dc",
            "0 ForwardedLogical dc",
            "0 ReceivedLogical vmc",
            "0 ForwardedLogical vmc 192.168.10.0/24",
            "1 ReceivedLogical cgw",
            "1 ForwardedLogical cgw 192.168.10.0/24",
            "1 ReceivedLogical app",
            "1 Delivered app",
        ]
    );
}

/// The fields of `LiveTraceStatus` as seed 000 lists them, with their types, and whether they are
/// required.
const FIELDS: [(&str, &str, bool); 24] = [
    ("_create_time", "integer", false),
    ("_create_user", "string", false),
    ("_last_modified_time", "integer", false),
    ("_last_modified_user", "string", false),
    ("_links", "array", false),
    ("_protection", "string", false),
    ("_revision", "integer", false),
    ("_schema", "string", false),
    ("_self", "object", false),
    ("_system_owned", "boolean", false),
    ("actions", "object", true),
    ("description", "string", false),
    ("display_name", "string", false),
    ("filter", "object", false),
    ("filter_invalid_info", "array", false),
    ("id", "string", false),
    ("invalidation_reason", "string", false),
    ("ipsec_vpn_config", "object", false),
    ("operation_state", "string", true),
    ("request_status", "string", true),
    ("resource_type", "string", false),
    ("source_lport", "string", true),
    ("tags", "array", false),
    ("timeout", "integer", true),
];

#[test]
fn each_field_of_the_seed_is_told_and_no_other() {
    let mut lab = Lab::traced();
    let once = json!({ "trace_config": once(1) });
    let whole = lab.begin("whole", {
        let mut body =
            json!({ "ipsec_vpn_config": { "session_path": session("dc") }, "actions": once, "timeout": 600 });
        body["description"] = json!("why");
        body["tags"] = json!([{ "scope": "a", "tag": "b" }]);
        body["filter"] = json!({ "transport_info": { "protocol": "UDP" } });
        body
    });
    let unreadable = lab.begin("unreadable", {
        let mut body = trace(&once);
        body["filter"] = json!({ "resource_type": "PlainFilterData", "basic_filter": "?" });
        body
    });
    let invalidated = lab.begin("invalidated", trace(&once));
    lab.at(61_000);
    lab.patch(&port("a"), json!({ "admin_state": "DOWN" }));
    let view = lab.view();
    let mut told = std::collections::BTreeSet::new();
    for path in [&whole, &unreadable, &invalidated] {
        for form in [Form::Policy, Form::Manager] {
            let status = documents::status(&view, path, form).unwrap();
            for (field, value) in status.as_object().unwrap() {
                let (_, kind, _) = FIELDS.iter().find(|(name, ..)| name == field).unwrap_or_else(|| panic!("{field}"));
                let is_it = match *kind {
                    "integer" => value.is_i64(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "array" => value.is_array(),
                    _ => value.is_object(),
                };
                assert!(is_it, "{field} is {value}");
                told.insert(field.clone());
            }
            for (field, ..) in FIELDS.iter().filter(|(.., is_required)| *is_required) {
                assert!(!status[*field].is_null(), "{field}");
            }
            assert_eq!(status["resource_type"], "LiveTraceStatus");
        }
    }
    assert!(told.iter().map(String::as_str).eq(FIELDS.iter().map(|(field, ..)| *field)), "{told:?}");
    let policy = documents::status(&view, &whole, Form::Policy).unwrap();
    assert_eq!(policy["_self"], json!({ "href": "/infra/livetraces/whole/status", "rel": "self" }));
    assert_eq!(policy["_links"], json!([{ "href": "/infra/livetraces/whole/result", "rel": "result" }]));
    let manager = documents::status(&view, &whole, Form::Manager).unwrap();
    assert_eq!(manager["_self"]["href"], format!("/livetraces/{}", manager["id"].as_str().unwrap()));
    assert_eq!(manager["timeout"], 600);
}

#[test]
fn a_drop_is_told_where_it_happens() {
    let mut lab = Lab::traced();
    lab.flow_to("f", "172.31.0.1", 1);
    let path = lab.begin("t", trace(&json!({ "trace_config": once(1) })));
    lab.at(61_000);
    let seen = lab.seen(&path);
    let told = story(&seen["trace_results"][0]);
    assert_eq!(told.last().unwrap(), "1 DroppedLogical vmc NO_ROUTE");
    assert_eq!(seen["trace_results"][0]["logical_counters"]["dropped_count"], 1);
    // A disabled session's interface is down.
    lab.patch(&session("dc"), json!({ "enabled": false }));
    lab.flow_to("g", "169.254.31.1", 1);
    let path = lab.begin("u", trace(&json!({ "trace_config": once(2) })));
    lab.at(63_000);
    let seen = lab.seen(&path);
    let told: Vec<_> = seen["trace_results"].as_array().unwrap().iter().filter_map(|it| story(it).pop()).collect();
    assert!(told.contains(&"1 DroppedLogical dc IPSEC_VTI IPSEC_TUN_IFACE_DOWN".to_owned()), "{told:?}");
}

#[test]
fn time_ends_a_trace_that_saw_too_little() {
    let mut lab = Lab::traced();
    let nothing = lab.begin("none", trace(&json!({ "trace_config": once(5) })));
    let counting = lab.begin("count", trace(&json!({ "counter_config": { "trace_type": "UNI_DIRECTIONAL" } })));
    lab.at(65_000);
    lab.flow_to("slow", "10.20.0.1", 1);
    let some = lab.begin("some", trace(&json!({ "trace_config": once(50) })));
    let part = lab.begin("part", trace(&json!({ "trace_config": once(2), "pktcap_config": once(50) })));
    // The fifth packet since 65 s goes at 69 s.
    lab.at(68_999);
    assert_eq!(lab.state(&nothing), "IN_PROGRESS");
    lab.at(75_000);
    let states = [&nothing, &counting, &some, &part].map(|path| lab.state(path));
    assert_eq!(states, ["FINISHED", "FINISHED", "PARTIAL_FINISHED", "PARTIAL_FINISHED"]);
    let silent = lab.begin("silent", {
        let mut body = trace(&json!({ "trace_config": once(5) }));
        body["filter"] = json!({ "transport_info": { "protocol": "TCP" } });
        body
    });
    lab.at(90_000);
    assert_eq!(lab.state(&silent), "TIMEOUT");
}

#[test]
fn counting_a_million_packets_a_second_is_arithmetic() {
    let mut lab = Lab::traced();
    let mut body = trace(&json!({ "counter_config": { "trace_type": "UNI_DIRECTIONAL" }, "trace_config": once(50) }));
    body["timeout"] = json!(600);
    let path = lab.begin("t", body);
    lab.flow_to("f", "10.20.0.1", 1_000_000);
    lab.at(660_000);
    let seen = lab.seen(&path);
    let forward = seen["counter_results"]["forward_results"].as_array().unwrap();
    let counts = |at: usize| {
        let checkpoint = &forward[at]["checkpoints"]["non_ens_checkpoints_result"][0];
        (checkpoint["checkpoint_type"].as_str().unwrap(), checkpoint["count"].as_u64().unwrap())
    };
    assert_eq!(counts(0), ("PORT_INPUT", 600_000_000));
    assert_eq!(counts(1), ("UPLINK_OUTPUT", 600_000_000));
    assert_eq!(forward[0]["logical_port_path"], port("a"));
    assert_eq!(forward[1]["port_name"], "uplink-1");
    assert_eq!(lab.state(&path), "FINISHED");
    assert_eq!(seen["trace_results"].as_array().unwrap().len(), 50);
    assert_eq!(lab.statistics("dc")["aggregate_traffic_counters"]["packets_out"], 600_000_000);
}

#[test]
fn what_is_looked_at_may_go_or_stop() {
    let mut lab = Lab::traced();
    lab.flow_to("f", "10.20.0.1", 1);
    let actions = json!({ "trace_config": once(50) });
    let begun = lab.begin("t", trace(&actions));
    lab.at(62_500);
    lab.patch(&port("a"), json!({ "admin_state": "DOWN" }));
    let told = lab.live(&begun);
    assert_eq!(
        (&told["operation_state"], &told["invalidation_reason"]),
        (&json!("INVALIDATED"), &json!("PORT_DISCONNECT"))
    );
    assert_eq!(told["request_status"], "SUCCESS_DELIVERED");
    assert_eq!(lab.seen(&begun)["trace_results"].as_array().unwrap().len(), 3);
    let id = told["source_lport"].clone();
    // One that begins at a port that is down does not begin.
    let down = lab.begin("down", trace(&actions));
    assert_eq!(lab.live(&down)["request_status"], "LCP_FAILURE");
    assert_eq!(lab.state(&down), "INVALIDATED");
    // The port is not held, and its UUID is still told.
    lab.delete(&port("a"));
    assert_eq!(lab.live(&begun)["source_lport"], id);
    let gone = lab.engine.put(&parsed(&format!("{TRACES}/gone")), trace(&actions), &lab.caller()).unwrap_err();
    assert!(matches!(gone, Refusal::Dangling { .. }), "{gone}");
    // So is a tunnel.
    let tunnel = json!({ "ipsec_vpn_config": { "session_path": session("dc") }, "actions": actions });
    let through = lab.begin("tunnel", tunnel.clone());
    assert_eq!(lab.state(&through), "IN_PROGRESS");
    lab.patch(&session("dc"), json!({ "enabled": false }));
    assert_eq!(lab.live(&through)["invalidation_reason"], "PORT_DISCONNECT");
    let disabled = lab.begin("disabled", tunnel);
    assert_eq!(lab.live(&disabled)["request_status"], "DATAPATH_FAILURE");
    lab.delete(&format!("{BGP}/neighbors/dc"));
    lab.delete(&session("dc"));
    // It begins anew when it is told to.
    lab.put(&port("a"), json!({ "address_bindings": [{ "ip_address": "192.168.10.5" }] }));
    lab.engine.restart_live_trace(&begun, lab.moment()).unwrap();
    assert_eq!(lab.state(&begun), "IN_PROGRESS");
    assert_eq!(lab.seen(&begun)["trace_results"], json!([]));
}

#[test]
fn a_filter_that_cannot_be_read_is_told_of() {
    let lab = Lab::traced();
    let mut body = trace(&json!({ "trace_config": once(5) }));
    body["filter"] = json!({ "resource_type": "PlainFilterData", "basic_filter": "port http" });
    let told = lab.live(&lab.begin("t", body));
    assert_eq!((&told["operation_state"], &told["request_status"]), (&json!("CANCELED"), &json!("INVALID_FILTER")));
    let info = &told["filter_invalid_info"][0];
    assert_eq!(info["filter"]["basic_filter"], "port http");
    assert!(info["reason"].as_str().unwrap().contains("\"http\" stands where"), "{info}");
}

#[test]
fn a_capture_holds_the_packets_that_were_sampled() {
    let mut lab = Lab::traced();
    lab.flow_to("f", "10.20.0.1", 100);
    let both = json!({
        "trace_type": "BI_DIRECTIONAL", "sampling": { "match_number": 20 },
        "dest_ipsec_vpn_config": { "session_path": session("dc") },
    });
    let path = lab.begin("t", trace(&json!({ "pktcap_config": both })));
    lab.at(65_000);
    let seen = lab.seen(&path);
    let nodes = seen["pktcap_results"].as_array().unwrap();
    assert_eq!(
        nodes.iter().map(|node| node["transport_node_type"].as_str().unwrap()).collect::<Vec<_>>(),
        ["ESX", "EDGE"]
    );
    let url = nodes[0]["pktcap_resource_list"][0]["pktcap_file_download_url"].as_str().unwrap();
    assert_eq!(url, "/policy/api/v1/infra/livetraces/t/pktcap?direction=FORWARD");
    for (direction, size, hops) in [(Direction::Forward, 200, 64), (Direction::Backward, 80, 63)] {
        let file = lab.engine.live_trace_capture(&path, direction, lab.moment()).unwrap().unwrap();
        let frames = frames(&file);
        assert_eq!(frames.len(), 20, "{direction:?}");
        for frame in frames {
            let packet = SlicedPacket::from_ethernet(frame).unwrap();
            let Some(NetSlice::Ipv4(ip)) = packet.net else { panic!() };
            assert_eq!((usize::from(ip.header().total_len()), ip.header().ttl()), (size, hops));
            assert!(matches!(packet.transport, Some(TransportSlice::Udp(_))));
        }
    }
    let empty = lab.begin("empty", trace(&json!({ "pktcap_config": once(5) })));
    lab.delete(&format!("{FLOWS}/f"));
    assert_eq!(lab.engine.live_trace_capture(&empty, Direction::Backward, lab.moment()).unwrap(), None);
}

/// The frames of a capture file.
pub(super) fn frames(file: &[u8]) -> Vec<&[u8]> {
    let mut rest = &file[24..];
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        frames.push(&rest[16..16 + length]);
        rest = &rest[16 + length..];
    }
    frames
}

#[test]
fn statistics_tell_what_modules_did() {
    let mut lab = Lab::traced();
    lab.flow_to("f", "10.20.0.1", 100_000);
    let path = lab.begin("t", trace(&json!({ "datapath_stats_config": once(65_535) })));
    lab.at(70_000);
    assert_eq!(lab.state(&path), "FINISHED");
    let seen = lab.seen(&path);
    let results = &seen["datapath_stats_results"][0];
    assert_eq!(results["direction"], "FORWARD");
    let host = &results["transport_node_datapath_stats"][0];
    let modules: Vec<_> = host["datapath_counter_results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["module_name"].as_str().unwrap())
        .collect();
    assert_eq!(modules, ["VDL2", "VDR"]);
    assert_eq!(
        host["datapath_counter_results"][0]["module_counters"],
        json!([{ "counter_name": "received", "counter_value": 65_535 }, { "counter_name": "forwarded", "counter_value": 65_535 }])
    );
}

#[test]
fn a_transient_trace_goes_an_hour_after_its_end() {
    let mut lab = Lab::traced();
    let mut body = trace(&json!({ "counter_config": { "trace_type": "UNI_DIRECTIONAL" } }));
    let kept = lab.begin("kept", body.clone());
    body["is_transient"] = json!(true);
    let path = lab.begin("t", body);
    lab.at(70_000 + REMOVED_AFTER - 1);
    lab.engine.remove_expired(lab.moment()).unwrap();
    assert_eq!(lab.state(&path), "FINISHED");
    lab.engine.restart_live_trace(&path, lab.moment()).unwrap();
    lab.at(70_000 + REMOVED_AFTER + 5_000);
    lab.engine.remove_expired(lab.moment()).unwrap();
    assert_eq!(lab.state(&path), "IN_PROGRESS");
    lab.at(90_000 + 2 * REMOVED_AFTER);
    lab.engine.remove_expired(lab.moment()).unwrap();
    let left = lab.engine.list(&LIVE_TRACE, "/infra", Reveal::Public).unwrap();
    assert_eq!(left.iter().map(|it| it.path().clone()).collect::<Vec<_>>(), [kept]);
    assert_eq!(lab.engine.ask(&Question::LiveTraceStatus(path), &[], lab.moment()).unwrap().document, None);
}

#[test]
fn what_is_traced_changes_and_it_begins_anew() {
    let mut lab = Lab::traced();
    lab.flow_to("f", "10.20.0.1", 10);
    let path = lab.begin("t", trace(&json!({ "trace_config": once(1) })));
    lab.at(61_000);
    lab.patch(path.as_str(), json!({ "description": "only a name" }));
    assert_eq!(lab.state(&path), "FINISHED");
    lab.patch(path.as_str(), json!({ "filter": { "transport_info": { "protocol": "TCP" } } }));
    assert_eq!(lab.state(&path), "IN_PROGRESS");
}

#[test]
fn a_request_of_the_manager_api_is_a_live_trace() {
    let lab = Lab::traced();
    let topology = lab.view().topology;
    let id = |path: &str| lab.engine.get(&parsed(path), Reveal::Public).unwrap().unique_id().to_owned();
    let request = json!({
        "source_lport": id(&port("a")),
        "filter": { "resource_type": "PlainFilterData", "basic_filter": "proto udp" },
        "actions": {
            "count_config": { "action_argument": { "count_type": "UNI_DIRECTIONAL" } },
            "trace_config": {
                "action_argument": { "trace_type": "BI_DIRECTIONAL", "dest_lport": id(&port("b")) },
                "sampling_argument": { "sampling_type": "FirstNSampling", "match_number": 7 },
            },
        },
        "timeout": 20,
    });
    let body = of_manager(request.clone(), &topology).unwrap();
    assert_eq!(body["src_port_path"], port("a"));
    assert_eq!(body["actions"]["trace_config"]["dest_port_path"], port("b"));
    assert_eq!(body["is_transient"], true);
    let path = lab.begin("t", body);
    // What is told is what was asked for.
    let told = documents::status(&lab.view(), &path, Form::Manager).unwrap();
    for field in ["source_lport", "filter", "actions", "timeout"] {
        assert_eq!(told[field], request[field], "{field}");
    }
    assert_eq!(told["id"], id(path.as_str()));
    for (field, value) in [("source_lport", json!("nobody")), ("nonsense", json!(1)), ("actions", json!({ "x": {} }))] {
        let mut wrong = request.clone();
        wrong[field] = value;
        of_manager(wrong, &topology).unwrap_err();
    }
}

/// A world in which flows enter everywhere, and where they go.
fn destinations() -> impl Strategy<Value = Vec<(&'static str, u32)>> {
    let destination =
        prop::sample::select(vec!["10.20.0.1", "192.168.10.6", "172.31.0.1", "192.168.10.1", "169.254.31.1"]);
    prop::collection::vec((destination, 1..500_u32), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whoever looks, and how often, sees the same.
    #[test]
    fn looking_changes_nothing(flows in destinations(), looks in prop::collection::vec(1..3_000_i64, 0..8), number in 1..50_u32) {
        let mut lab = Lab::traced();
        for (position, (destination, rate)) in flows.iter().enumerate() {
            lab.flow_to(&format!("f{position}"), destination, *rate);
        }
        let both = json!({
            "trace_type": "BI_DIRECTIONAL", "sampling": { "match_number": number }, "dest_port_path": port("b"),
        });
        let count = json!({ "trace_type": "BI_DIRECTIONAL", "dest_port_path": port("b") });
        let path = lab.begin("t", trace(&json!({ "trace_config": both, "counter_config": count })));
        for pause in looks {
            let next = lab.now + pause;
            lab.at(next);
            lab.seen(&path);
            // A write lets everything happen up to then.
            lab.put(&format!("{PEERS}/other-{next}"), json!({ "address": format!("198.18.{}.{}", next / 250 % 250, next % 250), "psk": "k" }));
        }
        let end = lab.now.max(60_000) + 30_000;
        lab.at(end);
        let once = lab.engine.clone().looking_on();
        for question in [Question::LiveTraceStatus(path.clone()), Question::LiveTraceResult(path.clone())] {
            let told = |engine: &crate::engine::Engine| engine.ask(&question, &[], lab.moment()).unwrap().document.unwrap();
            prop_assert_eq!(told(&lab.engine), told(&once));
        }
    }

    /// A live trace, the path trace, the counters and the capture tell one story of a flow.
    #[test]
    fn all_who_tell_of_a_flow_tell_the_same(flows in destinations()) {
        let mut lab = Lab::traced();
        lab.put(&format!("{SERVICE}/sessions/quiet"), {
            let mut body = super::route_based(32);
            body["enabled"] = json!(false);
            body
        });
        lab.put(&format!("{BGP}/neighbors/quiet"), neighbor(32));
        let (destination, rate) = flows[0];
        lab.flow_to("f", destination, rate);
        let count = json!({ "trace_type": "UNI_DIRECTIONAL" });
        let actions = json!({ "trace_config": once(5), "pktcap_config": once(5), "counter_config": count });
        let path = lab.begin("t", trace(&actions));
        lab.at(70_000);
        let seen = lab.seen(&path);
        let traced = seen["trace_results"].as_array().unwrap();
        let way = lab.trace_of_flow(destination);
        // The last observation says what the path trace does, as far as it is in sight.
        let last = traced[0]["observations"].as_array().unwrap().last().unwrap().clone();
        let sort = last["resource_type"].as_str().unwrap().replace("PolicyTraceflowObservation", "");
        let expected = match (way.drop_reason, way.disposition.word()) {
            (Some(_), _) => "DroppedLogical",
            (None, "DELIVERED_TO_PEER") => "Forwarded",
            (None, _) if way.session.is_some() => "Forwarded",
            (None, _) => "Delivered",
        };
        prop_assert_eq!(sort, expected, "{} {:?}", destination, way);
        // The gateways tell of the routes by which they forwarded.
        let routed = way.steps.iter().filter(|step| matches!(step.node, Node::Tier0(_) | Node::Tier1(_)));
        let routes: Vec<_> = routed
            .filter_map(|step| if let Event::Routed { network, .. } = &step.event { Some(network.to_string()) } else { None })
            .collect();
        let observations = traced[0]["observations"].as_array().unwrap();
        let told: Vec<_> = observations.iter().filter_map(|it| it["route_prefix"].as_str()).collect();
        prop_assert_eq!(told, routes);
        if let Some(reason) = way.drop_reason {
            prop_assert_eq!((reason.word(), &last["reason"]), ("NO_ROUTE", &json!("NO_ROUTE")));
        }
        // So many packets as the flow has sent have entered.
        let entered = &seen["counter_results"]["forward_results"][0]["checkpoints"]["non_ens_checkpoints_result"][0];
        let packets = u64::from(rate) * 10;
        prop_assert_eq!(entered["count"].as_u64().unwrap(), packets);
        let flow = lab.view().traffic.of_flow(&parsed(&format!("{FLOWS}/f")));
        let answers = flow.sent - packets;
        prop_assert_eq!(answers, if way.drop_reason.is_none() { packets } else { 0 });
        // What was captured is what was traced.
        let file = lab.engine.live_trace_capture(&path, Direction::Forward, lab.moment()).unwrap().unwrap();
        let captured = frames(&file);
        prop_assert_eq!(captured.len(), traced.len());
        for frame in captured {
            let packet = SlicedPacket::from_ethernet(frame).unwrap();
            let Some(NetSlice::Ipv4(ip)) = packet.net else { panic!() };
            prop_assert_eq!(ip.header().destination_addr().to_string(), destination);
            prop_assert_eq!(usize::from(ip.header().total_len()), way.packet.size);
        }
    }
}

impl Lab {
    /// The way of the packets of [`Lab::flow_to`].
    fn trace_of_flow(&self, destination: &str) -> crate::engine::forwarding::Trace {
        let mut packet = super::ping("192.168.10.5", destination);
        packet.protocol = crate::engine::forwarding::protocol::UDP;
        (packet.source_port, packet.destination_port, packet.size) = (49_152, 53, 200);
        let request = super::TraceRequest { packet, answers: false, when: super::When::Current, answer_size: 80 };
        self.engine.trace(&request, &[], self.moment()).unwrap().there
    }
}
