//! The flows of applications that a compute agent has found on the hosts of the fabric
//! (seed 004, table 4).

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::document::seconds;
use super::load::has_ports;
use super::net::Net;
use crate::engine::Moment;
use crate::engine::topology::Topology;

/// A flow that has sent nothing for so many milliseconds is no longer active.
const ACTIVE: i64 = 60_000;

/// The flows by source, destination and protocol, each with its first packet's time.
type Listed = BTreeMap<(String, String, &'static str), Vec<(Moment, Json)>>;

/// The flows that hosts and their guests have sent by `now`; with `is_active`, those that have
/// sent something in the last 60 seconds.
pub fn flows(net: &Net, topology: &Topology, is_active: bool, now: Moment) -> Json {
    let mut found = Listed::new();
    for flow in topology.flows.values().filter(|flow| has_ports(flow)) {
        let sent = flow.sent_before(Moment(now.0.saturating_add(1)));
        if sent == 0 || is_active && sent == flow.sent_before(Moment(now.0 - ACTIVE)) {
            continue;
        }
        let inner = flow.tuple();
        let Some(entry) = net.entry(&inner) else { continue };
        let word = |protocol: u8| if protocol == 6 { "TCP" } else { "UDP" };
        let mut ports =
            vec![json!(seconds(flow.start.0, 0)), json!(entry.tuple.destination_port), json!(entry.tuple.source_port)];
        if let Some(vnid) = entry.vnid {
            let mac = |address| net.guest(vnid, address).map_or_else(String::new, |guest| without_zeros(&guest.mac));
            ports.extend([
                json!(vnid),
                json!(mac(inner.source)),
                json!(mac(inner.destination)),
                json!(inner.source.to_string()),
                json!(inner.destination.to_string()),
                json!(word(inner.protocol)),
                json!(inner.source_port),
                json!(inner.destination_port),
            ]);
        }
        let key = (entry.tuple.source.to_string(), entry.tuple.destination.to_string(), word(entry.tuple.protocol));
        found.entry(key).or_default().push((flow.start, Json::Array(ports)));
    }
    let shown = found.into_iter().map(|((source, destination, protocol), mut ports)| {
        ports.sort_by_key(|(at, _)| *at);
        let ports: Vec<Json> = ports.into_iter().map(|(_, ports)| ports).collect();
        json!({ "SIP": source, "DIP": destination, "PROTO": protocol, "PORTS": ports })
    });
    json!({ "FLOWS": shown.collect::<Vec<_>>() })
}

/// A MAC address as the samples have it: each byte without leading zeros, `52:54:0:b8:9b:2e`.
fn without_zeros(mac: &str) -> String {
    let byte = |byte: &str| u8::from_str_radix(byte, 16).map_or_else(|_| byte.to_owned(), |byte| format!("{byte:x}"));
    mac.split(':').map(byte).collect::<Vec<_>>().join(":")
}
