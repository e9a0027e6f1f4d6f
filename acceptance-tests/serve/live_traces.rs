//! Live traces, by both APIs of NSX.

use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::lab::{AUDITOR, Lab, PASSWORD};

const TRACES: &str = "/policy/api/v1/infra/livetraces";
const SESSIONS: &str = "/api/v1/livetraces";
const PORT: &str = "/infra/tier-1s/cgw/segments/s/ports/a";

fn world() -> Lab {
    let lab = Lab::new();
    lab.put("/infra/tier-1s/cgw/segments/s", &json!({ "subnets": [{ "gateway_address": "192.168.9.1/24" }] })).ok();
    lab.put(PORT, &json!({ "address_bindings": [{ "ip_address": "192.168.9.10" }] })).ok();
    let flow = json!({
        "source": "192.168.9.10", "destination": "10.99.0.1", "destination_port": 53, "packets_per_second": 100,
    });
    lab.put("/infra/simulated-flows/f", &flow).ok();
    lab
}

fn trace() -> Value {
    let once = json!({ "trace_type": "UNI_DIRECTIONAL", "sampling": { "match_number": 2 } });
    json!({ "src_port_path": PORT, "actions": { "trace_config": once, "pktcap_config": once }, "timeout": 5 })
}

/// The status once the trace has ended.
fn ended(lab: &Lab, address: &str) -> Value {
    loop {
        let status = lab.get(address).ok();
        if status["operation_state"] != "IN_PROGRESS" {
            return status;
        }
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_live_trace_of_the_policy_api() {
    let lab = world();
    let made = lab.put(&format!("{TRACES}/t"), &trace()).ok();
    assert_eq!(made["resource_type"], "LiveTraceConfig");
    let status = ended(&lab, &format!("{TRACES}/t/status"));
    assert_eq!((&status["operation_state"], &status["id"]), (&json!("FINISHED"), &json!("t")));
    let point = "?enforcement_point_path=/infra/sites/default/enforcement-points/vmc-enforcementpoint";
    let result = lab.get(&format!("{TRACES}/t/result{point}")).ok();
    let traced = result["trace_results"].as_array().unwrap();
    assert_eq!(traced.len(), 2);
    let last = traced[0]["observations"].as_array().unwrap().last().unwrap();
    assert_eq!(last["resource_type"], "PolicyTraceflowObservationDroppedLogical");
    assert_eq!((&last["reason"], &last["component_name"]), (&json!("NO_ROUTE"), &json!("vmc")));
    let url = result["pktcap_results"][0]["pktcap_resource_list"][0]["pktcap_file_download_url"].as_str().unwrap();
    let file = lab.get(url);
    assert_eq!(file.header("content-type"), Some("application/vnd.tcpdump.pcap"));
    assert_eq!(file.body[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
    lab.get(&format!("{TRACES}/t/pktcap?direction=BACKWARD")).refused(404, 600);
    lab.get(&format!("{TRACES}/t/pktcap?direction=UP")).refused(400, 255);
    // What it has captured makes a packet trace.
    let said = lab.packets(&["snapshot", "--live-trace", "t", "--definition", "LIVE", "--local", "192.168.9.10"]);
    assert!(said.starts_with("2 packets as LIVE-1-1-TCPIP-0-1"), "{said}");
    let packet = lab.get("/api/v1/tcpip/LOCAL/smart/trace/LIVE-1-1-TCPIP-0-1/packets/2").ok()["data"].clone();
    assert_eq!((&packet["connection"]["remoteAddress"], &packet["protocol"]), (&json!("10.99.0.1"), &json!("UDP")));
    assert_eq!(packet["connection"]["direction"], "SEND");
    let nobody = ["snapshot", "--live-trace", "nobody", "--definition", "LIVE"];
    assert!(lab.refused_packets(&nobody).contains("there is no live trace nobody"));
    let backward = ["snapshot", "--live-trace", "t", "--direction", "backward", "--definition", "LIVE"];
    assert!(lab.refused_packets(&backward).contains("there is no packet to keep"));
    let all = lab.get(&format!("{TRACES}/statuses")).ok();
    assert_eq!((&all["results"][0], &all["result_count"]), (&status, &json!(1)));
    // It begins anew, and is what it was.
    let place = point.trim_start_matches('?');
    let again = lab.post(&format!("{TRACES}/t?action=restart&{place}")).ok();
    assert_eq!(again, lab.get(&format!("{TRACES}/t")).ok());
    lab.post(&format!("{TRACES}/t")).refused(400, 255);
    lab.post(&format!("{TRACES}/t?action=stop")).refused(400, 255);
    lab.post(&format!("{TRACES}/nobody?action=restart")).refused(404, 600);
    for what in ["status", "result", "pktcap"] {
        lab.get(&format!("{TRACES}/nobody/{what}")).refused(404, 600);
    }
    // The port is not kept from going.
    ended(&lab, &format!("{TRACES}/t/status"));
    lab.post(&format!("{TRACES}/t?action=restart")).ok();
    lab.delete(PORT);
    let gone = lab.get(&format!("{TRACES}/t/status")).ok();
    if gone["operation_state"] != "FINISHED" {
        assert_eq!(gone["invalidation_reason"], "PORT_DISCONNECT");
    }
    lab.delete(&format!("{TRACES}/t")).ok();
    lab.get(&format!("{TRACES}/t")).refused(404, 600);
}

#[test]
fn what_cannot_be_is_refused_with_the_field() {
    let lab = world();
    let mut much = trace();
    much["actions"]["trace_config"]["sampling"]["match_number"] = json!(51);
    let said = lab.put(&format!("{TRACES}/t"), &much).refused(400, 255);
    assert!(said.contains("at most 50 packets"), "{said}");
    let mut nowhere = trace();
    nowhere["src_port_path"] = json!("/infra/tier-1s/cgw/segments/s/ports/none");
    lab.put(&format!("{TRACES}/t"), &nowhere).refused(404, 600);
}

#[test]
fn a_live_trace_of_the_manager_api() {
    let lab = world();
    let port = lab.get(PORT).ok()["unique_id"].clone();
    let request = json!({
        "source_lport": port,
        "filter": { "resource_type": "FieldsFilterData", "transport_info": { "protocol": "UDP" } },
        "actions": {
            "trace_config": {
                "action_argument": { "trace_type": "UNI_DIRECTIONAL" },
                "sampling_argument": { "sampling_type": "FirstNSampling", "match_number": 3 },
            },
            "count_config": { "action_argument": { "count_type": "UNI_DIRECTIONAL" } },
        },
        "timeout": 5,
    });
    let json_type = ("Content-Type", "application/json");
    let admin = crate::lab::basic("admin", PASSWORD);
    let post =
        |body: &Value| lab.send("POST", SESSIONS, &[("Authorization", &admin), json_type], body.to_string().as_bytes());
    let made = post(&request);
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!((&made["operation_state"], &made["actions"]), (&json!("IN_PROGRESS"), &request["actions"]));
    assert_eq!(ended(&lab, &format!("{SESSIONS}/{id}"))["source_lport"], port);
    let results = lab.get(&format!("{SESSIONS}/{id}/results")).ok();
    let first = &results["trace_results"][0]["observations"][0];
    assert_eq!(first["resource_type"], "TraceflowObservationReceivedLogical");
    assert_eq!(first.get("segment_port_path"), None);
    assert_eq!(results["counter_results"]["forward_results"][0]["port_id"], port);
    let only = lab.get(&format!("{SESSIONS}/{id}/results?action_type=COUNT")).ok();
    assert!(only.get("trace_results").is_none() && only["counter_results"].is_object(), "{only}");
    lab.get(&format!("{SESSIONS}/{id}/results?action_type=NONE")).refused(400, 255);
    // The policy API shows the same one.
    let shown = lab.get(TRACES).ok();
    assert_eq!((&shown["results"][0]["unique_id"], &shown["results"][0]["is_transient"]), (&json!(id), &json!(true)));
    assert_eq!(lab.get(SESSIONS).ok()["results"][0]["id"], id);
    post(&json!({ "source_lport": "nobody", "actions": {} })).refused(404, 600);
    post(&json!({ "source_lport": port, "actions": {}, "x": 1 })).refused(400, 255);
    lab.delete(&format!("{SESSIONS}/{id}")).ok();
    lab.get(&format!("{SESSIONS}/{id}")).refused(404, 600);
    lab.get(&format!("{SESSIONS}/{id}/results")).refused(404, 600);
    lab.by(("admin", PASSWORD), "PATCH", SESSIONS, "{}").refused(405, 405);
}

#[test]
fn an_auditor_looks_on() {
    let lab = world();
    lab.put(&format!("{TRACES}/t"), &trace()).ok();
    let auditor = ("auditor", AUDITOR);
    for path in [format!("{TRACES}/t"), format!("{TRACES}/t/status"), format!("{TRACES}/t/result"), SESSIONS.to_owned()]
    {
        lab.by(auditor, "GET", &path, "").ok();
    }
    for (method, path) in [
        ("POST", format!("{TRACES}/t?action=restart")),
        ("PUT", format!("{TRACES}/u")),
        ("DELETE", format!("{TRACES}/t")),
        ("POST", SESSIONS.to_owned()),
        ("DELETE", format!("{SESSIONS}/x")),
    ] {
        lab.by(auditor, method, &path, "{}").refused(403, 289);
    }
}
