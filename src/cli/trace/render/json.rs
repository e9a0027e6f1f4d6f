//! The whole trace as JSON. docs/guides/command-line.md describes it; names and
//! meanings stay, and new fields may come. Sizes are in bytes, latencies in
//! milliseconds.

use serde_json::{Value as Json, json};

use super::Return;
use crate::cli::names::Names;
use crate::cli::words;
use crate::engine::forwarding::{Because, CopyTo, DropReason, Event, Packet, Step, Trace};
use crate::model::PolicyPath;

/// Both ways as one document.
pub fn text(names: Names<'_>, trace: &Trace, answer: Return<'_>) -> String {
    let answer = match answer {
        Return::Trace(answer) => Some(one(names, answer)),
        Return::Unasked | Return::Nothing => None,
    };
    let document = json!({ "forward": one(names, trace), "return": answer });
    format!("{document:#}\n")
}

fn one(names: Names<'_>, trace: &Trace) -> Json {
    json!({
        "packet": packet(&trace.packet),
        "steps": trace.steps.iter().map(|it| step(names, it)).collect::<Vec<_>>(),
        "disposition": trace.disposition.word(),
        "drop_reason": trace.drop_reason.map(DropReason::word),
        "session": trace.session.as_ref().map(|path| object(names, path)),
        "effective_mtu": trace.effective_mtu,
        "effective_mss": trace.effective_mss,
        "latency_ms": trace.latency,
    })
}

/// The packet as JSON.
pub fn packet(packet: &Packet) -> Json {
    json!({
        "source": packet.source,
        "destination": packet.destination,
        "protocol": packet.protocol,
        "source_port": packet.source_port,
        "destination_port": packet.destination_port,
        "size": packet.size,
        "dont_fragment": packet.dont_fragment,
        "time_to_live": packet.time_to_live,
        "handshake_mss": packet.handshake_mss,
    })
}

fn object(names: Names<'_>, path: &PolicyPath) -> Json {
    json!({ "path": path.as_str(), "display_name": names.of(path) })
}

fn step(names: Names<'_>, step: &Step) -> Json {
    let (sort, path) = (step.node.word(), step.node.path());
    let mut document = json!({
        "node": { "kind": sort, "object": path.map(|path| object(names, path)) },
        "decided_by": step.object.as_ref().map(|path| object(names, path)),
    });
    if let (Some(document), (word, Json::Object(fields))) = (document.as_object_mut(), event(names, &step.event)) {
        document.insert("event".to_owned(), json!(word));
        document.extend(fields);
    }
    document
}

/// The event's word, and its fields.
fn event(names: Names<'_>, event: &Event) -> (&'static str, Json) {
    match event {
        Event::Sent { network } => ("SENT", json!({ "network": network.map(|it| it.to_string()) })),
        Event::Matched { rule, sequence_number, is_bypass, source, destination } => (
            "MATCHED",
            json!({
                "rule": rule,
                "sequence_number": sequence_number,
                "is_bypass": is_bypass,
                "source": source.to_string(),
                "destination": destination.to_string(),
            }),
        ),
        Event::Routed { network, by, next_hops, chosen } => (
            "ROUTED",
            json!({
                "network": network.to_string(),
                "route_source": by.to_string().to_uppercase(),
                "next_hops": next_hops,
                "chosen": chosen,
            }),
        ),
        Event::Clamped { from, to } => ("CLAMPED", json!({ "from": from, "to": to })),
        Event::Fragmented { sizes, is_inner } => ("FRAGMENTED", json!({ "sizes": sizes, "is_inner": is_inner })),
        Event::Encapsulated { by, inner_size, outer_size, df_policy, selectors: (local, remote), .. } => (
            "ENCAPSULATED",
            json!({
                "proposal": words::proposal(by.proposal),
                "nat_traversal": by.nat_traversal,
                "inner_size": inner_size,
                "outer_size": outer_size,
                "df_policy": df_policy.word(),
                "local_selector": local.to_string(),
                "remote_selector": remote.to_string(),
            }),
        ),
        Event::Carried { from, to, latency, path_mtu } => {
            ("CARRIED", json!({ "from": from, "to": to, "latency_ms": latency, "path_mtu": path_mtu }))
        }
        Event::Decapsulated { size, .. } => ("DECAPSULATED", json!({ "size": size })),
        Event::Copied { direction, sizes, to, .. } => ("COPIED", copy(names, direction.word(), sizes, to)),
        Event::Delivered { network, port } => (
            "DELIVERED",
            json!({ "network": network.to_string(), "port": port.as_ref().map(|port| object(names, port)) }),
        ),
        Event::Accepted => ("ACCEPTED", json!({})),
        Event::Dropped { reason, because } => (
            "DROPPED",
            json!({ "reason": reason.word(), "because": because.as_ref().map(|because| cause(names, because)) }),
        ),
    }
}

fn copy(names: Names<'_>, direction: &str, sizes: &[usize], to: &CopyTo) -> Json {
    let target = match to {
        CopyTo::Service { service, port, .. } => {
            json!({ "tap_service": object(names, service), "port": object(names, port) })
        }
        CopyTo::Remote { address, wrap, tunnel } => {
            json!({ "remote_ip": address, "mirror_type": wrap.word(), "tunnel_id": tunnel })
        }
    };
    json!({ "direction": direction, "sizes": sizes, "arrives": to.arrives(), "to": target })
}

fn cause(names: Names<'_>, because: &Because) -> Json {
    let kind = match because {
        Because::Session(_) => "SESSION",
        Because::NoNeighbor { .. } => "NO_NEIGHBOR",
        Because::NoBgp { .. } => "NO_BGP",
        Because::NotAdvertised { .. } => "NOT_ADVERTISED",
        Because::NeighborDown { .. } => "NEIGHBOR_DOWN",
        Because::Disconnected { .. } => "DISCONNECTED",
        Because::NotLearned { .. } => "NOT_LEARNED",
        Because::NotTaught { .. } => "NOT_TAUGHT",
        Because::Fits { .. } => "FITS",
        Because::Protects(_) => "PROTECTS",
    };
    json!({ "kind": kind, "text": words::why(names, because) })
}
