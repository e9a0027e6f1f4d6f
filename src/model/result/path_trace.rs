//! The way of a packet.

use super::{COUNT, Field, Record, Shape, TEXT, told};
use crate::model::disposition::{Disposition, DropReason};
use crate::model::enumeration::words;
use crate::model::field::Default;
use crate::model::problem::{Place, Problem};
use crate::model::rule::{Facts, belongs_to_an_interface, refuse};
use crate::model::session::is_v6;
use crate::model::simulated_flow::FlowProtocol;
use crate::model::tree::Tree;

words! {
    /// Which moment a packet is traced at.
    pub enum TraceState {
        /// Once everything has come to rest: what is being negotiated is up, or has failed, and a session that waits for
        /// traffic has been opened by this packet.
        Settled = "SETTLED",
        /// As it is now.
        Current = "CURRENT",
    }
}

words! {
    /// Which way a packet goes, as the gateway sees it.
    pub enum TraceDirection {
        /// From the gateway's side.
        Out = "OUT",
        /// From a peer's side.
        In = "IN",
    }
}

words! {
    /// Flags of a TCP segment (RFC 9293, section 3.1).
    pub enum TcpFlag {
        /// Opens a connection. The MSS is clamped in such segments.
        Syn = "SYN",
        /// Acknowledges.
        Ack = "ACK",
        /// Closes a connection.
        Fin = "FIN",
        /// Resets a connection.
        Rst = "RST",
        /// Pushes data to the application.
        Psh = "PSH",
        /// Points at urgent data.
        Urg = "URG",
    }
}

fn is_tcp(packet: &Tree) -> Tree {
    match packet.get("protocol") {
        Tree::Unknown => Tree::Unknown,
        protocol => (protocol.text() == Some(FlowProtocol::Tcp.word())).into(),
    }
}

fn addresses_can_talk(packet: &Facts<'_>) -> Vec<Problem> {
    let (source, destination) = (packet.text("source"), packet.text("destination"));
    let mut problems: Vec<_> = belongs_to_an_interface(Place::default().field("source"), source).into_iter().collect();
    if let (Some(source), Some(destination)) = (source, destination)
        && is_v6(Some(source)) != is_v6(Some(destination))
    {
        problems.push(refuse(
            "destination",
            format!("{destination} is not of the same IP version as {source}"),
            "A packet's source and destination are of one IP version.",
        ));
    }
    problems
}

fn ports_and_flags_fit(packet: &Facts<'_>) -> Vec<Problem> {
    let Some(protocol) = packet.text("protocol").and_then(FlowProtocol::parse) else { return Vec::new() };
    let mut problems = Vec::new();
    if protocol == FlowProtocol::Icmp {
        for field in ["source_port", "destination_port"].into_iter().filter(|field| packet.set(field)) {
            problems.push(refuse(
                field,
                format!("{field} cannot be used with protocol ICMP"),
                "ICMP has no ports: set protocol to TCP or UDP, or leave it out.",
            ));
        }
    } else if packet.unset("destination_port") {
        let what = format!("destination_port is missing although protocol is {}", protocol.word());
        problems.push(refuse("destination_port", what, "Give the port the packet goes to."));
    }
    if protocol != FlowProtocol::Tcp && packet.texts("tcp_flags").is_some_and(|flags| !flags.is_empty()) {
        problems.push(refuse(
            "tcp_flags",
            format!("tcp_flags cannot be used with protocol {}", protocol.word()),
            "Set protocol to TCP, or leave them out.",
        ));
    }
    problems
}

fn size_holds_the_headers(packet: &Facts<'_>) -> Vec<Problem> {
    let (Some(protocol), Some(size)) = (packet.text("protocol").and_then(FlowProtocol::parse), packet.int("size"))
    else {
        return Vec::new();
    };
    let v6 = is_v6(packet.text("source"));
    let flags = packet.items("tcp_flags");
    // A handshake announces its MSS in an option of four bytes (RFC 9293 section 3.2).
    let option = if flags.iter().any(|flag| flag.text() == Some(TcpFlag::Syn.word())) { 4 } else { 0 };
    let least = (if v6 { 40 } else { 20 }) + if protocol == FlowProtocol::Tcp { 20 + option } else { 8 };
    if size >= least {
        return Vec::new();
    }
    let options = if option > 0 { " with the option that holds the MSS" } else { "" };
    let what = format!("size is smaller than the headers of {}{options}, {least} bytes", protocol.word());
    vec![refuse("size", what, "It is the size of the whole IP packet, headers included.")]
}

pub(super) static TRACE_INPUT: Record = Record {
    doc: "",
    fields: &[
        Field::required(
            "source",
            Shape::Address,
            "The address the packet comes from: in a segment, or behind a simulated peer.",
        ),
        Field::required("destination", Shape::Address, "The address it goes to, of the same IP version."),
        Field::optional("protocol", Shape::Enum(&FlowProtocol::WORDS), "What the packet carries.")
            .or(Default::Text("ICMP")),
        Field::optional("source_port", Shape::Int(1, 65_535), "The port it comes from. Unset, 49152."),
        Field::optional("destination_port", Shape::Int(1, 65_535), "The port it goes to. Required with TCP and UDP."),
        Field::optional("size", Shape::Int(28, 65_535), "Its size in bytes, IP header included.").or(Default::Int(100)),
        Field::optional(
            "tcp_flags",
            Shape::Set(&Shape::Enum(&TcpFlag::WORDS), 0, 6),
            "The flags of a TCP segment. One with `SYN` announces an MSS of 1460 bytes (1440 with IPv6), which is clamped as the session says; with `SYN` and `ACK` it answers a connection that came the other way. The others change nothing on the way.",
        ),
        Field::optional(
            "dont_fragment",
            Shape::Bool,
            "Whether it must not be fragmented (DF). IPv6 packets never are on their way.",
        )
        .or(Default::Derived(is_tcp, "`true` with TCP, `false` otherwise")),
        Field::optional("time_to_live", Shape::Int(1, 255), "How many hops it may go.").or(Default::Int(64)),
        Field::optional(
            "direction",
            Shape::Enum(&TraceDirection::WORDS),
            "Which way it goes. Unset, it follows from where the source is; set, a source on the other side is refused.",
        ),
        Field::optional("state", Shape::Enum(&TraceState::WORDS), "Which moment is looked at.")
            .or(Default::Text("SETTLED")),
    ],
    rules: &[addresses_can_talk, ports_and_flags_fit, size_holds_the_headers],
};

/// One thing that happens to a packet on its way.
pub static HOP: Record = Record {
    doc: "One thing that happens to the packet.",
    fields: &[
        told("sequence", COUNT, "Its place on the way, from 1."),
        told("node", TEXT, "Where it happens: `segment`, `tier-1`, `tier-0`, `underlay` or `peer`."),
        told("node_path", TEXT, "The path of that segment, gateway or peer; empty for the underlay."),
        told(
            "action",
            TEXT,
            "What happens: `SENT`, `MATCHED`, `ROUTED`, `CLAMPED`, `FRAGMENTED`, `ENCAPSULATED`, `CARRIED`, `DECAPSULATED`, `COPIED` (by a tap), `DELIVERED`, `ACCEPTED` or `DROPPED`.",
        ),
        told("object_path", TEXT, "The path of the object that decided it; empty where none did."),
        told("detail", TEXT, "What there is to know of it, in words."),
    ],
    rules: &[],
};

/// The way of a packet.
pub static PATH_TRACE: Record = Record {
    doc: "What happens to a packet.",
    fields: &[
        told("disposition", Shape::Enum(&Disposition::WORDS), "What becomes of the packet."),
        told("drop_reason", Shape::Enum(&DropReason::WORDS), "Why it is dropped; empty if it is not."),
        told("explanation", TEXT, "What became of the packet, in a sentence."),
        told("delivered", Shape::Bool, "Whether it arrives."),
        told(
            "session_path",
            TEXT,
            "The path of the session whose tunnel it takes, or would have taken; empty if there is none.",
        ),
        told(
            "effective_mtu",
            COUNT,
            "The largest packet, in bytes, that gets through on this way without being fragmented. Null where the packet gets nowhere.",
        ),
        told(
            "effective_mss",
            COUNT,
            "The largest TCP segment, in bytes, that gets through on this way, after clamping. Null where the packet gets nowhere.",
        ),
        told("latency", COUNT, "Milliseconds it takes, one way."),
        told("hops", Shape::Records(&HOP, 0, usize::MAX), "What happens to the packet, in order."),
        told("return_disposition", TEXT, "What becomes of the answer; empty if there is none."),
        told("return_drop_reason", TEXT, "Why the answer is dropped; empty if it is not."),
        told("return_hops", Shape::Records(&HOP, 0, usize::MAX), "What happens to the answer, in order."),
    ],
    rules: &[],
};
