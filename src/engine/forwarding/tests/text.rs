//! Packets and traces in a few words.
//!
//! A packet is `TCP 192.168.1.10:40000 -> 172.16.1.20:443, 1500 bytes`, followed by any
//! of `, DF`, `, TTL 3` and `, MSS 1460`. A trace has a line for each step: where, by
//! which object, what; and a last one with what becomes of the packet.

use std::fmt::Write;
use std::net::SocketAddr;

use super::super::{Because, Event, Node, Packet, RouteSource, Step, Trace, protocol};
use crate::model::PolicyPath;

pub fn packet(text: &str) -> Packet {
    let mut parts = text.split(", ");
    let words: Vec<_> = parts.next().unwrap().split(' ').collect();
    let protocol = match words[0] {
        "TCP" => protocol::TCP,
        "UDP" => protocol::UDP,
        "ICMP" => protocol::ICMP,
        other => panic!("{other} is no protocol"),
    };
    let end = |text: &str| -> SocketAddr {
        text.parse().or_else(|_| format!("{text}:0").parse()).or_else(|_| format!("[{text}]:0").parse()).unwrap()
    };
    let (source, destination) = (end(words[1]), end(words[3]));
    let mut packet = Packet {
        source: source.ip(),
        destination: destination.ip(),
        protocol,
        source_port: source.port(),
        destination_port: destination.port(),
        size: 100,
        dont_fragment: false,
        time_to_live: 64,
        handshake_mss: None,
    };
    for part in parts {
        let number = || part.split(' ').find_map(|word| word.parse::<u16>().ok()).unwrap();
        match part {
            "DF" => packet.dont_fragment = true,
            _ if part.ends_with(" bytes") => packet.size = number().into(),
            _ if part.starts_with("TTL ") => packet.time_to_live = u8::try_from(number()).unwrap(),
            _ if part.starts_with("MSS ") => packet.handshake_mss = Some(number()),
            other => panic!("{other} says nothing of a packet"),
        }
    }
    packet
}

pub fn trace(trace: &Trace) -> String {
    let mut text = String::new();
    for Step { node, object, event } in &trace.steps {
        let node = match node {
            Node::Segment(path) => format!("segment {}", path.id()),
            Node::Tier1(path) => format!("tier-1 {}", path.id()),
            Node::Tier0(path) => format!("tier-0 {}", path.id()),
            Node::Underlay => "underlay".to_owned(),
            Node::Peer(path) => format!("peer {}", path.id()),
        };
        let object = object.as_ref().map_or_else(|| "-".to_owned(), short);
        writeln!(text, "  {node:<16} {object:<22} {}", words(event)).unwrap();
    }
    write!(text, "  = {}", trace.disposition.word()).unwrap();
    if let Some(reason) = trace.drop_reason {
        write!(text, " {}", reason.word()).unwrap();
    }
    if let Some(session) = &trace.session {
        write!(text, ", session {}", session.id()).unwrap();
    }
    if let (Some(mtu), Some(mss)) = (trace.effective_mtu, trace.effective_mss) {
        write!(text, ", MTU {mtu}, MSS {mss}").unwrap();
    }
    writeln!(text, ", {} ms", trace.latency).unwrap();
    text
}

/// The kind and the identifier: `session dc1`.
fn short(path: &PolicyPath) -> String {
    let parts: Vec<_> = path.parts().collect();
    let [.., collection, id] = parts[..] else { return path.to_string() };
    let kind = collection.trim_end_matches('s').rsplit('-').next().unwrap_or_default();
    let kind = if collection.starts_with("tier-") { collection.trim_end_matches('s') } else { kind };
    format!("{kind} {id}")
}

fn words(event: &Event) -> String {
    match event {
        Event::Sent { network: Some(network) } => format!("sent from {network}"),
        Event::Sent { network: None } => "sent".to_owned(),
        Event::Matched { rule, sequence_number, is_bypass, source, destination } => {
            let what = if *is_bypass { "bypass rule" } else { "rule" };
            format!("{what} {sequence_number} {rule}: {source} to {destination}")
        }
        Event::Routed { network, by, next_hops, chosen } => {
            let by = match by {
                RouteSource::Connected => "connected",
                RouteSource::Static => "static",
                RouteSource::Bgp => "BGP",
                RouteSource::Aggregate => "aggregate",
            };
            let hops: Vec<_> = next_hops.iter().map(ToString::to_string).collect();
            let chosen = chosen.map_or_else(String::new, |chosen| format!(" by {chosen} of {}", hops.join(" ")));
            format!("{by} route {network}{chosen}")
        }
        Event::Clamped { from, to } => format!("MSS {from} becomes {to}"),
        Event::Fragmented { sizes, is_inner } => {
            let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
            format!("{} packet cut into {}", if *is_inner { "inner" } else { "outer" }, sizes.join(" + "))
        }
        Event::Encapsulated { by, inner_size, outer_size, df_policy, selectors: (local, remote), .. } => {
            let digest = by.proposal.digest().map_or_else(String::new, |digest| format!(" {}", digest.word()));
            let nat = if by.nat_traversal { " in UDP" } else { "" };
            format!(
                "{}{digest}{nat} over {:?}: {inner_size} become {outer_size} bytes, DF {}, {local} - {remote}",
                by.proposal.cipher().word(),
                by.outer,
                df_policy.word()
            )
        }
        Event::Carried { from, to, latency, path_mtu } => {
            format!("from {from} to {to} in {latency} ms, at most {path_mtu} bytes")
        }
        Event::Decapsulated { size, .. } => format!("{size} bytes again"),
        Event::Copied { direction, sizes, time_to_live, to } => {
            let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
            format!("copied {}, {} bytes, TTL {time_to_live}, to {to}", direction.word(), sizes.join(" + "))
        }
        Event::Delivered { network, port } => {
            let port = port.as_ref().map_or_else(String::new, |port| format!(", port {}", port.id()));
            format!("delivered to {network}{port}")
        }
        Event::Accepted => "accepted".to_owned(),
        Event::Dropped { reason, because } => {
            format!("dropped, {}{}", reason.word(), because.as_ref().map_or_else(String::new, why))
        }
    }
}

fn why(because: &Because) -> String {
    let ids = |paths: &[PolicyPath]| paths.iter().map(PolicyPath::id).collect::<Vec<_>>().join(" ");
    match because {
        Because::Session(reason) => format!(": {reason}"),
        Because::NoNeighbor { sessions } => format!(": no neighbor for {}", ids(sessions)),
        Because::NoBgp { sessions } => format!(": no BGP for {}", ids(sessions)),
        Because::NotAdvertised { tier1, segment } => {
            format!(": {} does not advertise {}", tier1.id(), segment.id())
        }
        Because::NeighborDown { neighbors } => {
            let each: Vec<_> = neighbors.iter().map(|(path, wrong)| format!("{} is {wrong}", path.id())).collect();
            format!(": neighbor {}", each.join(", "))
        }
        Because::NotLearned { neighbor, network, by } => {
            format!(": {} has {network}, not learned since {by}", neighbor.id())
        }
        Because::NotTaught { neighbor, network, by } => {
            format!(": {} does not learn {network} since {by}", neighbor.id())
        }
        Because::Disconnected { segment } => format!(": {} is connected to nothing", segment.id()),
        Because::Fits { mtu } => format!(": {mtu} bytes would fit"),
        Because::Protects(what) => format!(": protected is {what}"),
    }
}
