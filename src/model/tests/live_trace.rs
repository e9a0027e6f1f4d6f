//! Live traces: every rule, with what breaks it and what just does not.

use serde_json::{Value as Json, json};

use super::*;
use crate::model::LIVE_TRACE;
use crate::model::reference::references;

const PORT: &str = "/infra/tier-1s/cgw/segments/web/ports/a";
const OTHER: &str = "/infra/tier-1s/cgw/segments/web/ports/b";
const SESSION: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/dc";

fn once(number: i64) -> Json {
    json!({ "trace_type": "UNI_DIRECTIONAL", "sampling": { "match_number": number } })
}

fn both(number: i64, extra: &Json) -> Json {
    let mut action = json!({ "trace_type": "BI_DIRECTIONAL", "sampling": { "match_number": number } });
    action.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    action
}

fn trace(actions: &Json) -> Json {
    json!({ "src_port_path": PORT, "actions": actions })
}

fn check(cases: &[(Json, &[&str])]) {
    for (body, places) in cases {
        assert_eq!(refused(&LIVE_TRACE, body), *places, "{body}");
    }
}

#[test]
fn packets_enter_at_one_place() {
    let actions = json!({ "trace_config": once(1) });
    let tunnel = json!({ "session_path": SESSION });
    check(&[
        (trace(&actions), &[]),
        (json!({ "ipsec_vpn_config": tunnel, "actions": actions }), &[]),
        (json!({ "actions": actions }), &["src_port_path"]),
        (json!({ "src_port_path": PORT, "ipsec_vpn_config": tunnel, "actions": actions }), &["ipsec_vpn_config"]),
        (json!({ "src_port_path": SESSION, "actions": actions }), &["src_port_path"]),
        (json!({ "src_port_path": PORT }), &["actions"]),
        (trace(&json!({})), &["actions.trace_config"]),
    ]);
}

#[test]
fn each_action_samples_what_it_may() {
    let place = "actions.trace_config.sampling.match_number";
    check(&[
        (trace(&json!({ "trace_config": once(50) })), &[]),
        (trace(&json!({ "trace_config": once(51) })), &[place]),
        (trace(&json!({ "trace_config": once(0) })), &[place]),
        (trace(&json!({ "pktcap_config": once(500) })), &[]),
        (trace(&json!({ "pktcap_config": once(501) })), &["actions.pktcap_config.sampling.match_number"]),
        (trace(&json!({ "datapath_stats_config": once(65_535) })), &[]),
        (trace(&json!({ "trace_config": { "trace_type": "UNI_DIRECTIONAL" } })), &["actions.trace_config.sampling"]),
        (trace(&json!({ "counter_config": { "trace_type": "UNI_DIRECTIONAL" } })), &[]),
        (trace(&json!({ "counter_config": once(5) })), &["actions.counter_config.sampling"]),
    ]);
    for other in ["sampling_rate", "sampling_interval"] {
        let action = json!({ "trace_type": "UNI_DIRECTIONAL", "sampling": { other: 10 } });
        let place = format!("actions.trace_config.sampling.{other}");
        assert_eq!(refused(&LIVE_TRACE, &trace(&json!({ "trace_config": action }))), [place]);
        let two = json!({ "trace_type": "UNI_DIRECTIONAL", "sampling": { "match_number": 1, other: 10 } });
        let found = refused(&LIVE_TRACE, &trace(&json!({ "trace_config": two })));
        assert!(!found.is_empty(), "{other}");
    }
    let none = json!({ "trace_type": "UNI_DIRECTIONAL", "sampling": {} });
    assert_eq!(refused(&LIVE_TRACE, &trace(&json!({ "trace_config": none }))), [place]);
}

#[test]
fn statistics_go_with_no_other_action() {
    check(&[
        (
            trace(&json!({ "datapath_stats_config": once(5), "trace_config": once(5) })),
            &["actions.datapath_stats_config"],
        ),
        (trace(&json!({ "pktcap_config": once(5), "trace_config": once(5) })), &[]),
    ]);
}

#[test]
fn a_way_back_is_said_once_and_alike() {
    let port = json!({ "dest_port_path": OTHER });
    let tunnel = json!({ "dest_ipsec_vpn_config": { "session_path": SESSION } });
    let two = json!({ "dest_port_path": OTHER, "dest_ipsec_vpn_config": { "session_path": SESSION } });
    let filtered = json!({ "dest_port_path": OTHER, "reverse_filter": { "transport_info": { "protocol": "TCP" } } });
    check(&[
        (trace(&json!({ "trace_config": both(5, &port) })), &[]),
        (trace(&json!({ "trace_config": both(5, &tunnel) })), &[]),
        (trace(&json!({ "trace_config": both(5, &json!({})) })), &["actions.trace_config.dest_port_path"]),
        (trace(&json!({ "trace_config": both(5, &two) })), &["actions.trace_config.dest_ipsec_vpn_config"]),
        (trace(&json!({ "trace_config": both(5, &port), "pktcap_config": both(5, &port) })), &[]),
        (
            trace(&json!({ "trace_config": both(5, &port), "pktcap_config": both(5, &tunnel) })),
            &["actions.pktcap_config.dest_port_path", "actions.pktcap_config.dest_ipsec_vpn_config"],
        ),
        (
            trace(&json!({ "trace_config": both(5, &port), "pktcap_config": both(5, &filtered) })),
            &["actions.pktcap_config.reverse_filter"],
        ),
        // One that looks one way only has no part in it.
        (trace(&json!({ "trace_config": both(5, &port), "pktcap_config": once(5) })), &[]),
        (
            trace(&json!({ "trace_config": both(5, &json!({ "dest_port_path": PORT })) })),
            &["actions.trace_config.dest_port_path"],
        ),
    ]);
    let mut idle = once(5);
    idle["dest_port_path"] = json!(OTHER);
    assert_eq!(warned(&LIVE_TRACE, &trace(&json!({ "trace_config": idle }))), ["actions.trace_config.dest_port_path"]);
}

#[test]
fn a_filter_is_of_one_type() {
    let with = |filter: Json| {
        let mut body = trace(&json!({ "trace_config": once(1) }));
        body["filter"] = filter;
        body
    };
    check(&[
        (
            with(
                json!({ "network_info": { "src_ip": "10.0.0.1" }, "transport_info": { "protocol": "ESP", "spi": 1 } }),
            ),
            &[],
        ),
        (with(json!({ "basic_filter": "src 10.0.0.1" })), &[]),
        // What a text says is found out when it begins.
        (with(json!({ "extend_filter": "((" })), &[]),
        (with(json!({ "resource_type": "PlainFilterData" })), &["filter.basic_filter"]),
        (with(json!({ "basic_filter": "x", "network_info": {} })), &["filter.network_info"]),
        (with(json!({ "resource_type": "FieldsFilterData", "basic_filter": "x" })), &["filter.basic_filter"]),
        (with(json!({ "network_info": {}, "ip_info": {} })), &["filter.ip_info"]),
        (
            with(json!({ "network_info": { "src_ip": "10.0.0.1", "dst_ip": "2001:db8::/32" } })),
            &["filter.network_info.dst_ip"],
        ),
        (with(json!({ "network_info": { "src_ip": "10.0.0.300" } })), &["filter.network_info.src_ip"]),
        (with(json!({ "transport_info": { "dst_port": 80 } })), &["filter.transport_info.dst_port"]),
        (
            with(json!({ "transport_info": { "protocol": "ICMPv4", "src_port": 80 } })),
            &["filter.transport_info.src_port"],
        ),
        (with(json!({ "transport_info": { "protocol": "TCP", "spi": 80 } })), &["filter.transport_info.spi"]),
        (with(json!({ "transport_info": { "protocol": "ICMP" } })), &["filter.transport_info.protocol"]),
        (with(json!({ "transport_info": { "protocol": "UDP", "dst_port": 0, "src_port": 65_535 } })), &[]),
    ]);
    // Host bits are cleared, of subnets alone.
    let read = accepted(
        &LIVE_TRACE,
        &with(json!({ "network_info": { "src_ip": "192.168.1.3/24", "dst_ip": "192.168.2.3" } })),
    );
    assert_eq!(read["filter"]["network_info"], json!({ "src_ip": "192.168.1.0/24", "dst_ip": "192.168.2.3" }));
    assert_eq!(read["filter"]["resource_type"], "FieldsFilterData");
    assert_eq!((&read["timeout"], &read["is_transient"]), (&json!(10), &json!(false)));
}

#[test]
fn time_is_bounded() {
    for (seconds, fits) in [(4, false), (5, true), (600, true), (601, false)] {
        let mut body = trace(&json!({ "trace_config": once(1) }));
        body["timeout"] = json!(seconds);
        assert_eq!(refused(&LIVE_TRACE, &body).is_empty(), fits, "{seconds}");
    }
}

#[test]
fn what_is_looked_at_may_go() {
    let tunnel = json!({ "dest_ipsec_vpn_config": { "session_path": SESSION } });
    let body = trace(&json!({ "trace_config": both(5, &tunnel) }));
    let named = references(&LIVE_TRACE, &Tree::from(&body));
    assert_eq!(named.iter().map(|it| it.to.as_str()).collect::<Vec<_>>(), [PORT, SESSION]);
    assert!(named.iter().all(|reference| !reference.holds));
}
