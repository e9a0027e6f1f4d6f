//! Packets, events and outcomes in words.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use crate::cli::names::Names;
use crate::cli::output::{BAD, GOOD, styled};
use crate::engine::bgp::KeptOut;
use crate::engine::esp::{IpVersion, Proposal};
use crate::engine::forwarding::{
    Because, CopyTo, Disposition, DropReason, Event, MOST_NAMED, Packet, Trace, protocol, sum,
};
use crate::model::{DfPolicy, MirrorType, PolicyPath, TapDirection};

/// An event in words.
pub struct Words {
    /// What happens, in one word.
    pub verb: &'static str,
    /// What is worth a place in one line.
    pub brief: String,
    /// What else there is to know.
    pub details: Vec<String>,
}

/// `TCP 10.0.0.1:49152 → 10.1.0.1:443, 100 bytes, TTL 64`.
pub fn packet(packet: &Packet) -> String {
    let end = |address: IpAddr, port: u16| match packet.protocol {
        protocol::TCP | protocol::UDP => SocketAddr::new(address, port).to_string(),
        _ => address.to_string(),
    };
    let mut text = format!(
        "{} {} → {}, {} bytes",
        protocol_name(packet.protocol),
        end(packet.source, packet.source_port),
        end(packet.destination, packet.destination_port),
        packet.size
    );
    if packet.dont_fragment {
        text += ", don't fragment";
    }
    text += match packet.version() {
        IpVersion::V4 => ", TTL ",
        IpVersion::V6 => ", hop limit ",
    };
    text += &packet.time_to_live.to_string();
    if let Some(mss) = packet.handshake_mss {
        let _ = write!(text, ", SYN with MSS {mss}");
    }
    text
}

/// The name of an IP protocol (IANA "Assigned Internet Protocol Numbers").
pub fn protocol_name(number: u8) -> String {
    match number {
        protocol::ICMP => "ICMP".to_owned(),
        protocol::TCP => "TCP".to_owned(),
        protocol::UDP => "UDP".to_owned(),
        protocol::ICMPV6 => "ICMPv6".to_owned(),
        47 => "GRE".to_owned(),
        50 => "ESP".to_owned(),
        51 => "AH".to_owned(),
        89 => "OSPF".to_owned(),
        132 => "SCTP".to_owned(),
        other => format!("IP protocol {other}"),
    }
}

/// The number of the protocol that a text names, between addresses such as `address`:
/// `tcp`, `udp`, `icmp` (ICMPv6 between IPv6 addresses) or a number.
pub fn protocol_number(text: &str, address: IpAddr) -> Option<u8> {
    match (text.to_ascii_lowercase().as_str(), IpVersion::of(address)) {
        ("tcp", _) => Some(protocol::TCP),
        ("udp", _) => Some(protocol::UDP),
        ("icmp", IpVersion::V4) => Some(protocol::ICMP),
        ("icmp", IpVersion::V6) => Some(protocol::ICMPV6),
        (number, _) => number.parse().ok(),
    }
}

/// `event` in words.
pub fn event(names: Names<'_>, event: &Event) -> Words {
    let say = |verb, brief: String, details: Vec<String>| Words { verb, brief, details };
    match event {
        Event::Sent { network: Some(network) } => say("sent", format!("from {network}"), vec![]),
        Event::Sent { network: None } => say("sent", "from no network that is known".to_owned(), vec![]),
        Event::Matched { rule, sequence_number, is_bypass, source, destination } => {
            let brief = format!("rule {sequence_number} {rule}: {source} → {destination}");
            let bypass = "kept out of policy-based sessions".to_owned();
            if *is_bypass { say("bypassed", brief, vec![bypass]) } else { say("matched", brief, vec![]) }
        }
        Event::Routed { network, by, next_hops, chosen } => {
            let via = chosen.map_or_else(String::new, |hop| format!(" via {hop}"));
            let equal = (next_hops.len() > 1)
                .then(|| format!("chosen of {} equally good: {}", next_hops.len(), list(next_hops)));
            say("routed", format!("{network} ({by}){via}"), equal.into_iter().collect())
        }
        Event::Clamped { from, to } => say("clamped", format!("MSS {from} → {to} bytes"), vec![]),
        Event::Fragmented { sizes, is_inner } => {
            let brief = format!("into {}: {} bytes", sizes.len(), sum(sizes));
            let which = if *is_inner { "the packet, before it enters the tunnel" } else { "the outer packet" };
            say("fragmented", brief, vec![which.to_owned()])
        }
        Event::Encapsulated { by, inner_size, outer_size, df_policy, selectors: (local, remote), .. } => {
            let udp = if by.nat_traversal { " in UDP (NAT traversal)" } else { "" };
            let version = if by.outer == IpVersion::V4 { "IPv4" } else { "IPv6" };
            let added = outer_size.saturating_sub(*inner_size);
            let df = match df_policy {
                DfPolicy::Copy => "copied",
                DfPolicy::Clear => "cleared",
            };
            let details = vec![
                format!("{added} bytes added: ESP{udp} over {version}"),
                format!("selectors {local} ↔ {remote}"),
                format!("don't-fragment bit {df}"),
            ];
            say("encrypted", format!("{}, {inner_size} → {outer_size} bytes", proposal(by.proposal)), details)
        }
        Event::Carried { from, to, latency, path_mtu } => {
            say("carried", format!("{from} → {to}, {latency} ms, path MTU {path_mtu} bytes"), vec![])
        }
        Event::Decapsulated { size, .. } => say("decrypted", format!("{size} bytes"), vec![]),
        Event::Copied { direction, sizes, to, .. } => {
            let (brief, details) = copy(names, to);
            let way = match direction {
                TapDirection::In => "to the port",
                TapDirection::Out => "from the port",
                TapDirection::Both => "either way",
            };
            say("copied", brief, [format!("{} bytes, {way}", sum(sizes))].into_iter().chain(details).collect())
        }
        Event::Delivered { network, port } => {
            let at = port.as_ref().map(|port| format!("at port {}  {port}", names.of(port)));
            say("delivered", format!("to {network}"), at.into_iter().collect())
        }
        Event::Accepted => say("accepted", "for this node itself".to_owned(), vec![]),
        Event::Dropped { reason, because } => {
            say("dropped", reason.word().to_owned(), because.iter().flat_map(|because| why(names, because)).collect())
        }
    }
}

/// Where a copy goes, in short and in more lines.
fn copy(names: Names<'_>, to: &CopyTo) -> (String, Vec<String>) {
    match to {
        CopyTo::Service { service, port, is_up } => {
            let lost = if *is_up { "" } else { ", which is down: the copy is lost" };
            let brief = format!("to port {}{lost}", names.of(port));
            (brief, vec![format!("at {port}"), names.full(service)])
        }
        CopyTo::Remote { address, wrap, tunnel } => {
            let brief = match wrap {
                MirrorType::ErspanV1 => format!("to {address} by ERSPAN, session {tunnel}"),
                MirrorType::Gre => format!("to {address} by GRE, key {tunnel}"),
            };
            (brief, Vec::new())
        }
    }
}

/// What there is to know of a drop, in lines.
pub fn why(names: Names<'_>, because: &Because) -> Vec<String> {
    match because {
        Because::Session(reason) => vec![reason.to_string()],
        Because::NoNeighbor { sessions } => {
            let line = |path| format!("{} is up, and no BGP neighbor teaches routes into it", names.full(path));
            sessions.iter().map(line).collect()
        }
        Because::NoBgp { sessions } => {
            let line = |path| {
                format!("{} is up, and a tier-1 gateway runs no BGP that teaches routes into it", names.full(path))
            };
            sessions.iter().map(line).collect()
        }
        Because::NotAdvertised { tier1, segment } => {
            vec![format!("{} does not advertise {}", names.full(tier1), names.full(segment))]
        }
        Because::NeighborDown { neighbors } => {
            let line = |(path, what): &(PolicyPath, String)| format!("{}: {what}", names.full(path));
            let more = neighbors.len().saturating_sub(MOST_NAMED);
            let rest = (more > 0).then(|| format!("and {more} more BGP neighbors that are not established"));
            neighbors.iter().take(MOST_NAMED).map(line).chain(rest).collect()
        }
        Because::Disconnected { segment } => {
            vec![format!("{} has it, and is connected to no gateway", names.full(segment))]
        }
        Because::NotLearned { neighbor, network, by } => {
            vec![format!("{} has {network}, and it is not learned: {}", names.full(neighbor), kept_out(names, by))]
        }
        Because::NotTaught { neighbor, network, by } => {
            let by = kept_out(names, by);
            vec![format!("{network} is there for {}, which does not learn it: {by}", names.full(neighbor))]
        }
        Because::Fits { mtu } => vec![format!("a packet of at most {mtu} bytes gets through")],
        Because::Protects(what) => vec![format!("the receiving end protects {what}")],
    }
}

/// Why a route is not used.
fn kept_out(names: Names<'_>, by: &KeptOut) -> String {
    match by {
        KeptOut::List(list) => format!("{} keeps it out", names.full(list)),
        other => other.to_string(),
    }
}

/// The words of the API for a proposal: `AES_GCM_256`, `AES_128 + SHA2_256`.
pub fn proposal(proposal: Proposal) -> String {
    let cipher = proposal.cipher().word();
    proposal.digest().map_or_else(|| cipher.to_owned(), |digest| format!("{cipher} + {}", digest.word()))
}

/// What became of the packet, in colour: `DROPPED: NO_ROUTE`.
pub fn outcome(trace: &Trace) -> String {
    match trace.drop_reason {
        Some(reason) => styled(BAD, format!("{}: {}", trace.disposition.word(), reason.word())),
        None if trace.disposition == Disposition::Dropped => styled(BAD, trace.disposition.word()),
        None => styled(GOOD, trace.disposition.word()),
    }
}

/// What the outcome means: of a drop, its reason.
pub fn outcome_in_words(disposition: Disposition, reason: Option<DropReason>) -> String {
    let said = match reason {
        Some(reason) => DropReason::WORDS.meaning(reason.word()),
        None => Disposition::WORDS.meaning(disposition.word()),
    };
    said.trim_end_matches('.').to_owned()
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
