//! The path as text: a drawing, a line for each hop, and the shortest form, for tests.

use std::fmt::Write;

use super::{Sent, Shown, flow};
use crate::cli::amounts::{number, size};
use crate::cli::output::{BAD, FAINT, GOOD, PENDING, STRONG, styled};
use crate::cli::trace::render::minimal;
use crate::cli::words;
use crate::engine::fabric::Fate;
use crate::engine::fabric::sight::{Probe, SeenHop, SeenInterface, SeenNextHop, Sight};
use crate::engine::topology::Line;
use crate::model::DropReason;
use crate::model::timestamp::Timestamp;

/// What becomes of a packet that arrives.
pub const DELIVERED: &str = "DELIVERED";
/// What becomes of one that does not.
pub const DROPPED: &str = "DROPPED";

/// The path as a drawing, from host to host.
pub fn drawn(shown: &Shown) -> String {
    let sight = &shown.sight;
    let mut text = heading(shown);
    let _ = writeln!(text, "\n    ○  host {}", sight.entry.tuple.source);
    if let Some(line) = sight.first {
        draw_line(&mut text, line);
    }
    for hop in &sight.hops {
        draw_hop(&mut text, hop, sight);
    }
    match sight.fate {
        Fate::Delivered => _ = writeln!(text, "    ○  host {}", sight.entry.tuple.destination),
        Fate::Dropped(reason) => _ = writeln!(text, "    {}  {}", styled(BAD, "✗"), reason.word()),
    }
    let _ = writeln!(text, "\n{}  {}", outcome(sight), meaning(sight));
    let _ = writeln!(text, "    latency    {} one way", span(sight.latency));
    if let Some(probed) = &sight.probed {
        let run = probed
            .at
            .map_or_else(|| "no probe run has ended yet".to_owned(), |at| format!("probe run of {}", Timestamp(at.0)));
        let _ = writeln!(text, "    flow trace {run}  {}", styled(FAINT, &probed.collection.path));
    }
    text
}

/// The path with one line for each hop.
pub fn summary(shown: &Shown) -> String {
    let sight = &shown.sight;
    let mut text = heading(shown);
    let width = sight.hops.iter().map(|hop| hop.device.name.chars().count()).max().unwrap_or_default();
    for hop in &sight.hops {
        let mut told = vec![way(hop, "→")];
        let chosen = hop.next_hops.iter().find(|next_hop| next_hop.is_chosen);
        if hop.next_hops.len() > 1 {
            told.push(format!("1 of {} next hops", hop.next_hops.len()));
        }
        if let Some(SeenNextHop { name, members: Some(members), .. }) = chosen {
            told.push(format!("1 of {} members of {name}", members.len()));
        }
        told.push(span(hop.latency));
        told.extend(hop.probe.map(|probe| format!("probe {}", told_of(probe))));
        told.extend(hop.filter.map(|(_, counted)| format!("{} counted", number(counted))));
        let _ = writeln!(text, "{:>2}  {:width$}  {}", hop.number, hop.device.name, told.join(", "));
    }
    let _ = writeln!(text, "{}, {}", outcome(sight), span(sight.latency));
    text
}

/// Which way the packet goes, and what becomes of it, in plain ASCII and with paths instead of
/// names.
pub fn minimal(shown: &Shown) -> String {
    let tuple = &shown.sight.entry.tuple;
    let ends = format!("{} {} > {} {}", tuple.source, tuple.source_port, tuple.destination, tuple.destination_port);
    let mut text = match &shown.sent {
        Sent::Packet(packet) => minimal::packet(packet),
        Sent::Probes(..) => format!("probes proto {} {ends}", tuple.protocol),
    };
    if let Some(vnid) = shown.sight.entry.vnid {
        let _ = write!(text, "\nvxlan {vnid} {ends}");
    }
    text.push('\n');
    for hop in &shown.sight.hops {
        let _ = writeln!(text, "hop {} {} {}", hop.number, hop.device.path, way(hop, ">"));
    }
    text + &match shown.sight.fate {
        Fate::Delivered => format!("{DELIVERED}\n"),
        Fate::Dropped(reason) => format!("{DROPPED} {}\n", reason.word()),
    }
}

/// What is sent, and in which tunnel.
fn heading(shown: &Shown) -> String {
    let entry = &shown.sight.entry;
    let sent = match &shown.sent {
        Sent::Packet(packet) => words::packet(packet),
        Sent::Probes(tuple, None) => format!("probes of {}", flow(tuple)),
        Sent::Probes(_, Some(tunnel)) => format!("probes of {} → {}", tunnel.source, tunnel.destination),
    };
    let mut text = format!("{}\n", styled(STRONG, sent));
    if let Some(vnid) = entry.vnid {
        let _ = writeln!(text, "    in VXLAN {vnid}, {}", flow(&entry.tuple));
    }
    text
}

fn draw_line(text: &mut String, line: Line) {
    let down = if line.up { String::new() } else { format!(", {}", styled(BAD, "down")) };
    let _ = writeln!(text, "    │  {}, {}{down}", speed(line.speed), span(line.latency));
}

fn draw_hop(text: &mut String, hop: &SeenHop, sight: &Sight) {
    let mark = match hop.probe {
        Some(Probe::Lost { .. }) => styled(PENDING, "◌"),
        _ => "●".to_owned(),
    };
    let device = &hop.device;
    let name = styled(STRONG, &device.name);
    let _ = writeln!(text, "{:>2}  {mark}  {name}  {}  {}", hop.number, device.serial, styled(FAINT, &device.path));
    let mut tell = |what: &str, told: String| _ = writeln!(text, "    │    {what:<9} {told}");
    tell("after", span(hop.latency));
    if let Some(ingress) = &hop.ingress {
        tell("in", counted(ingress, "RX"));
    }
    if hop.next_hops.len() > 1 {
        tell("layer 3", chosen_of(&hop.next_hops));
    }
    for SeenNextHop { name, members, is_chosen } in &hop.next_hops {
        if let (Some(members), true) = (members, is_chosen) {
            let out = hop.egress.as_ref().map(|(egress, _)| egress.name.as_str()).unwrap_or_default();
            tell("layer 2", format!("{out}, chosen of {} members of {name}: {}", members.len(), members.join(", ")));
        }
    }
    if let Some((egress, _)) = &hop.egress {
        tell("out", counted(egress, "TX"));
    }
    match hop.probe {
        Some(probe) => tell("probe", told_of(probe)),
        None if sight.probed.as_ref().is_some_and(|probed| probed.at.is_some()) => {
            tell("probe", "none sent".to_owned());
        }
        None => {}
    }
    if let Some((id, packets)) = hop.filter {
        tell("counted", format!("{} packets of the flow, by filter {id}", number(packets)));
    }
    if let Some((_, line)) = &hop.egress {
        draw_line(text, *line);
    }
}

/// The next hop that is taken, and those that are as good.
fn chosen_of(next_hops: &[SeenNextHop]) -> String {
    let all: Vec<_> = next_hops.iter().map(|next_hop| next_hop.name.as_str()).collect();
    let chosen = next_hops.iter().find(|next_hop| next_hop.is_chosen).map(|next_hop| next_hop.name.as_str());
    let chosen = chosen.map(|name| format!("{name}, chosen of ")).unwrap_or_default();
    format!("{chosen}{} equally good: {}", all.len(), all.join(", "))
}

/// An interface, and what it has counted one way: `RX` or `TX`.
fn counted(interface: &SeenInterface, way: &str) -> String {
    let value = |name: &str| {
        let name = format!("{way}_{name}");
        interface.counters.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value)
    };
    let (packets, bytes) = (value("PKTS"), value("BYTES"));
    let mut told = vec![format!("{}  {} packets, {}", interface.name, number(packets), size(bytes))];
    let (rate, bandwidth) = (value("PPS"), value("BW"));
    if rate + bandwidth > 0 {
        told.push(format!("{} packets/s, {}/s", number(rate), size(bandwidth)));
    }
    for (name, what) in [("DROPPKT", "dropped"), ("CRCERROR", "CRC errors")] {
        let count = value(name);
        if count > 0 {
            told.push(styled(BAD, format!("{} {what}", number(count))));
        }
    }
    told.join("; ")
}

/// The interfaces it arrives at and leaves by.
fn way(hop: &SeenHop, arrow: &str) -> String {
    let name =
        |interface: Option<&SeenInterface>| interface.map_or("-", |interface| interface.name.as_str()).to_owned();
    format!("{} {arrow} {}", name(hop.ingress.as_ref()), name(hop.egress.as_ref().map(|(egress, _)| egress)))
}

fn told_of(probe: Probe) -> String {
    let tries = |tries: u32| if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
    match probe {
        Probe::Answered { latency, tries: 1 } => format!("answered in {}", span(latency)),
        Probe::Answered { latency, tries: sent } => format!("answered in {}, after {}", span(latency), tries(sent)),
        Probe::Lost { tries: sent, timeout } => {
            styled(PENDING, format!("lost, after {} of {} each", tries(sent), span(timeout)))
        }
    }
}

/// What becomes of the packet, in colour.
fn outcome(sight: &Sight) -> String {
    match sight.fate {
        Fate::Delivered => styled(GOOD, DELIVERED),
        Fate::Dropped(reason) => styled(BAD, format!("{DROPPED}: {}", reason.word())),
    }
}

fn meaning(sight: &Sight) -> String {
    match sight.fate {
        Fate::Delivered => "It reached its host".to_owned(),
        Fate::Dropped(reason) => {
            let meaning = DropReason::WORDS.meaning(reason.word()).trim_end_matches('.').to_owned();
            let to = sight.entry.tuple.destination;
            if sight.leads_to_a_host { meaning } else { format!("{meaning}: {to} is no host of the fabric") }
        }
    }
}

/// `5 µs`, `7.755 ms`, `30 s`.
fn span(microseconds: u64) -> String {
    let (unit, scale) = match microseconds {
        0..1_000 => return format!("{microseconds} µs"),
        1_000..1_000_000 => ("ms", 1_000),
        _ => ("s", 1_000_000),
    };
    let digits = if scale == 1_000 { 3 } else { 6 };
    let rest = format!("{:0digits$}", microseconds % scale);
    let (whole, rest) = (number(microseconds / scale), rest.trim_end_matches('0'));
    if rest.is_empty() { format!("{whole} {unit}") } else { format!("{whole}.{rest} {unit}") }
}

/// `10 Gbit/s`, `100 Mbit/s`.
fn speed(megabits: u64) -> String {
    if megabits >= 1_000 && megabits.is_multiple_of(1_000) {
        format!("{} Gbit/s", number(megabits / 1_000))
    } else {
        format!("{} Mbit/s", number(megabits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_speeds_can_be_read() {
        for (value, text) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_000, "1 ms"),
            (7_755, "7.755 ms"),
            (30_000_000, "30 s"),
            (1_500_000, "1.5 s"),
            (1_000_020, "1.00002 s"),
        ] {
            assert_eq!(span(value), text);
        }
        for (value, text) in [(1, "1 Mbit/s"), (2_500, "2,500 Mbit/s"), (100_000, "100 Gbit/s")] {
            assert_eq!(speed(value), text);
        }
    }
}
