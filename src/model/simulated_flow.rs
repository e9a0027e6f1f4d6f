//! Simulated flows: workloads that send packets, on the embedded engine.

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::problem::{Place, Problem};
use super::rule::{Facts, belongs_to_an_interface, refuse};
use super::session::is_v6;
use super::timestamp::Timestamp;
use super::tree::Tree;

words! {
    /// What a flow's packets carry.
    pub enum FlowProtocol {
        /// A connection: its segments keep to the MSS, and each is acknowledged.
        Tcp = "TCP",
        /// Datagrams, answered or not.
        Udp = "UDP",
        /// Echo requests (ICMP for IPv6 between IPv6 addresses), each answered by an echo of the same size.
        Icmp = "ICMP",
    }
}

/// The bytes of the smallest packet: an IPv4 header and that of UDP or ICMP.
const SMALLEST_PACKET: i64 = 28;

fn is_tcp(flow: &Tree) -> Tree {
    match flow.get("protocol") {
        Tree::Unknown => Tree::Unknown,
        Tree::Null => false.into(),
        protocol => (protocol.text() == Some(FlowProtocol::Tcp.word())).into(),
    }
}

fn addresses_can_talk(flow: &Facts<'_>) -> Vec<Problem> {
    let (source, destination) = (flow.text("source"), flow.text("destination"));
    let mut problems = Vec::new();
    for (field, address) in [("source", source), ("destination", destination)] {
        problems.extend(belongs_to_an_interface(Place::default().field(field), address));
    }
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

fn ports_fit_the_protocol(flow: &Facts<'_>) -> Vec<Problem> {
    let Some(protocol) = flow.text("protocol").and_then(FlowProtocol::parse) else { return Vec::new() };
    match protocol {
        FlowProtocol::Tcp | FlowProtocol::Udp if flow.unset("destination_port") => vec![refuse(
            "destination_port",
            format!("destination_port is missing although protocol is {}", protocol.word()),
            "Give the port the workload talks to.",
        )],
        FlowProtocol::Icmp => ["source_port", "destination_port"]
            .into_iter()
            .filter(|field| flow.set(field))
            .map(|field| refuse(field, format!("{field} cannot be used with protocol ICMP"), "ICMP has no ports."))
            .collect(),
        FlowProtocol::Tcp | FlowProtocol::Udp => Vec::new(),
    }
}

fn sizes_fit_the_protocol(flow: &Facts<'_>) -> Vec<Problem> {
    let v6 = is_v6(flow.text("source"));
    let Some(protocol) = flow.text("protocol").and_then(FlowProtocol::parse) else { return Vec::new() };
    let least = (if v6 { 40 } else { 20 }) + if protocol == FlowProtocol::Tcp { 20 } else { 8 };
    ["packet_size", "reply_packet_size"]
        .into_iter()
        .filter(|field| flow.int(field).is_some_and(|size| size < least))
        .map(|field| {
            let what = format!("{field} is smaller than the headers of {}, {least} bytes", protocol.word());
            refuse(field, what, "It is the size of the whole IP packet, headers included.")
        })
        .collect()
}

fn times_are_in_order(flow: &Facts<'_>) -> Vec<Problem> {
    let time = |field| flow.text(field).and_then(|text| text.parse::<Timestamp>().ok());
    match (time("start_time"), time("stop_time")) {
        (Some(start), Some(stop)) if stop <= start => vec![refuse(
            "stop_time",
            "stop_time is not after start_time",
            "The flow would send nothing. Give a later time, or leave it out to let the flow go on.",
        )],
        _ => Vec::new(),
    }
}

/// Simulated flows.
pub static SIMULATED_FLOW: Kind = Kind {
    name: "simulated_flow",
    title: "simulated flow",
    resource_type: "SimulatedFlow",
    places: &[&["infra", "simulated-flows", "*"]],
    record: &Record {
        doc: "A workload that sends packets at a steady rate, on the embedded engine only. Its packets go the way that \
              sessions and routes give them at each moment, count in the statistics of the tunnels, and open sessions \
              that wait for traffic.",
        fields: &[
            Field::required("source", Shape::Address, "The address of the workload: in a segment, or behind a simulated peer."),
            Field::required("destination", Shape::Address, "The address it sends to, of the same IP version."),
            Field::optional("protocol", Shape::Enum(&FlowProtocol::WORDS), "What the packets carry.").or(Default::Text("UDP")),
            Field::optional("source_port", Shape::Int(1, 65_535), "The port it sends from. Unset, 49152."),
            Field::optional("destination_port", Shape::Int(1, 65_535), "The port it sends to. Required with TCP and UDP."),
            Field::optional("packets_per_second", Shape::Int(1, 10_000_000), "How many packets it sends each second.").or(Default::Int(1)),
            Field::optional("packet_size", Shape::Int(SMALLEST_PACKET, 65_535), "The size of each packet in bytes, IP header included. With TCP it is the most, since segments keep to the MSS.").or(Default::Int(100)),
            Field::optional("reply_packet_size", Shape::Int(SMALLEST_PACKET, 65_535), "The size of the packet that answers each, IP header included. Unset, there is none with UDP, an acknowledgement with TCP, and one of `packet_size` with ICMP."),
            Field::optional("dont_fragment", Shape::Bool, "Whether the packets must not be fragmented (DF). IPv6 packets never are on their way.")
                .or(Default::Derived(is_tcp, "`true` with TCP, `false` otherwise")),
            Field::optional("time_to_live", Shape::Int(1, 255), "How many hops the packets may go.").or(Default::Int(64)),
            Field::optional("start_time", Shape::Time, "When it starts to send, such as `2026-01-31T12:00:00Z`. Unset, when it is created."),
            Field::optional("stop_time", Shape::Time, "When it stops. Unset, when it is destroyed."),
        ],
        rules: &[addresses_can_talk, ports_fit_the_protocol, sizes_fit_the_protocol, times_are_in_order],
    },
    default_parent: None,
};
