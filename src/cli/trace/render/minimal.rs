//! Only what changes the packet, and what becomes of it: the form for tests. It names
//! objects by their paths, is plain ASCII, and has no colours.

use std::fmt::Write;
use std::net::IpAddr;

use crate::cli::words;
use crate::engine::forwarding::{CopyTo, Event, Packet, Step, Trace, protocol};
use crate::model::PolicyPath;

/// The trace in its shortest form.
pub fn text(trace: &Trace) -> String {
    let mut text = packet(&trace.packet) + "\n";
    for step in &trace.steps {
        if let Some(change) = change(&step.event) {
            let _ = writeln!(text, "{change}");
        }
    }
    text += trace.disposition.word();
    if let Some(reason) = trace.drop_reason {
        let _ = write!(text, " {}", reason.word());
    }
    if let Some(object) = decided_by(trace) {
        let _ = write!(text, " by {object}");
    }
    text + "\n"
}

/// What dropped the packet, or the session that took it where it arrives.
fn decided_by(trace: &Trace) -> Option<&PolicyPath> {
    match trace.steps.last() {
        Some(Step { object, event: Event::Dropped { .. }, .. }) => object.as_ref(),
        _ => trace.session.as_ref(),
    }
}

/// The packet: `proto 6 10.0.0.1 49152 > 10.1.0.1 443 size 100 ttl 64 df`.
pub fn packet(packet: &Packet) -> String {
    let end = |address: IpAddr, port: u16| match packet.protocol {
        protocol::TCP | protocol::UDP => format!("{address} {port}"),
        _ => address.to_string(),
    };
    let (source, destination) =
        (end(packet.source, packet.source_port), end(packet.destination, packet.destination_port));
    let df = if packet.dont_fragment { " df" } else { "" };
    let syn = packet.handshake_mss.map_or_else(String::new, |mss| format!(" syn {mss}"));
    let Packet { protocol, size, time_to_live, .. } = packet;
    format!("proto {protocol} {source} > {destination} size {size} ttl {time_to_live}{df}{syn}")
}

/// What an event changes of the packet, if anything.
fn change(event: &Event) -> Option<String> {
    match event {
        Event::Clamped { from, to } => Some(format!("mss {from} > {to}")),
        Event::Fragmented { sizes, is_inner } => {
            let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
            Some(format!("fragment {} {}", if *is_inner { "inner" } else { "outer" }, sizes.join(" ")))
        }
        Event::Encapsulated { by, inner_size, outer_size, .. } => {
            let udp = if by.nat_traversal { " udp" } else { "" };
            Some(format!("esp {}{udp} {inner_size} > {outer_size}", words::proposal(by.proposal).replace(' ', "")))
        }
        Event::Decapsulated { size, .. } => Some(format!("inner {size}")),
        Event::Carried { from, to, .. } => Some(format!("carry {from} > {to}")),
        Event::Copied { direction, sizes, to, .. } => {
            let lost = if to.arrives() { "" } else { " lost" };
            let to = match to {
                CopyTo::Service { port, .. } => port.to_string(),
                CopyTo::Remote { address, wrap, tunnel } => format!("{address} {} {tunnel}", wrap.word()),
            };
            let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
            Some(format!("copy {} {} > {to}{lost}", direction.word().to_lowercase(), sizes.join(" ")))
        }
        Event::Sent { .. }
        | Event::Matched { .. }
        | Event::Routed { .. }
        | Event::Delivered { .. }
        | Event::Accepted
        | Event::Dropped { .. } => None,
    }
}
