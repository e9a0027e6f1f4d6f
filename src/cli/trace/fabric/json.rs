//! The path as JSON. docs/guides/command-line.md describes it; names and meanings stay, and new
//! fields may come. Latencies and timeouts are in microseconds.

use serde_json::{Map, Value as Json, json};

use super::text::{DELIVERED, DROPPED};
use super::{Back, Sent, Shown};
use crate::cli::names::Names;
use crate::cli::trace::render;
use crate::engine::fabric::Fate;
use crate::engine::fabric::sight::{Probe, Probed, SeenHop, SeenInterface, SeenNextHop};
use crate::engine::topology::{FiveTuple, Line};
use crate::model::PolicyPath;
use crate::model::result::statistics;

/// Both ways as one document.
pub fn text(names: Names<'_>, there: &Shown, back: Back<'_>) -> String {
    let back = match back {
        Back::Path(back) => Some(back),
        Back::Unasked | Back::Nothing => None,
    };
    let document = json!({ "forward": one(names, there), "return": back.map(|back| one(names, back)) });
    format!("{document:#}\n")
}

fn one(names: Names<'_>, shown: &Shown) -> Json {
    let sight = &shown.sight;
    let packet = match &shown.sent {
        Sent::Packet(packet) => render::json::packet(packet),
        Sent::Probes(..) => Json::Null,
    };
    let (disposition, reason) = match sight.fate {
        Fate::Delivered => (DELIVERED, None),
        Fate::Dropped(reason) => (DROPPED, Some(reason.word())),
    };
    json!({
        "packet": packet,
        "vnid": sight.entry.vnid,
        "on_the_fabric": tuple(&sight.entry.tuple),
        "flow_trace": sight.probed.as_ref().map(|probed| collection(names, probed)),
        "first_line": sight.first.map(line),
        "hops": sight.hops.iter().map(|it| hop(names, it)).collect::<Vec<_>>(),
        "disposition": disposition,
        "drop_reason": reason,
        "latency_us": sight.latency,
    })
}

fn tuple(tuple: &FiveTuple) -> Json {
    json!({
        "source": tuple.source,
        "destination": tuple.destination,
        "protocol": tuple.protocol,
        "source_port": tuple.source_port,
        "destination_port": tuple.destination_port,
    })
}

fn object(names: Names<'_>, path: &PolicyPath) -> Json {
    json!({ "path": path.as_str(), "display_name": names.of(path) })
}

fn collection(names: Names<'_>, probed: &Probed) -> Json {
    let mut collection = object(names, &probed.collection.path);
    collection["run_began_ms"] = json!(probed.at.map(|at| at.0));
    collection
}

fn line(line: Line) -> Json {
    json!({ "speed_mbit": line.speed, "latency_us": line.latency, "up": line.up })
}

fn hop(names: Names<'_>, hop: &SeenHop) -> Json {
    let device = &hop.device;
    let next_hop = |it: &SeenNextHop| json!({ "name": it.name, "members": it.members, "is_chosen": it.is_chosen });
    json!({
        "hop": hop.number,
        "device": object(names, &device.path),
        "serial_number": device.serial,
        "cpu_utilization": device.cpu,
        "memory_utilization": device.memory,
        "latency_us": hop.latency,
        "ingress": hop.ingress.as_ref().map(interface),
        "next_hops": hop.next_hops.iter().map(next_hop).collect::<Vec<_>>(),
        "egress": hop.egress.as_ref().map(|(egress, _)| interface(egress)),
        "line": hop.egress.as_ref().map(|(_, it)| line(*it)),
        "probe": hop.probe.map(probe),
        "bandwidth_id": hop.filter.map(|(id, _)| id),
        "bandwidth_counter": hop.filter.map(|(_, counted)| counted),
    })
}

/// An interface, with its counters by the names that the data source `vpn_flow_path` has.
fn interface(interface: &SeenInterface) -> Json {
    let mut fields = Map::from_iter([("name".to_owned(), json!(interface.name))]);
    let named = |api: &str| statistics().find(|(_, known)| *known == api).map(|(name, _)| name);
    fields.extend(interface.counters.iter().filter_map(|(api, value)| Some((named(api)?.to_owned(), json!(value)))));
    Json::Object(fields)
}

fn probe(probe: Probe) -> Json {
    match probe {
        Probe::Answered { latency, tries } => json!({ "answered": true, "latency_us": latency, "tries": tries }),
        Probe::Lost { tries, timeout } => json!({ "answered": false, "tries": tries, "timeout_us": timeout }),
    }
}
