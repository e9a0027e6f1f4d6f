//! The report as tables.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use super::{Amount, FlowLine, Report};
use crate::cli::amounts::{number, size};
use crate::cli::output::{BAD, FAINT, GOOD, PENDING, STRONG, styled};
use crate::cli::replay::tally::{Flow, Verdict};
use crate::cli::table::{Cell, left, right, table};
use crate::cli::words;
use crate::engine::forwarding::protocol;

/// The tables.
pub fn text(report: &Report) -> String {
    let Amount { packets, bytes } = report.all;
    let noun = if packets == 1 { "packet" } else { "packets" };
    let mut text = format!("{} {noun}, {}\n", styled(STRONG, number(packets)), size(bytes));
    let verdicts = report.verdicts.iter().map(|(it, amount)| {
        let mut cells = vec![verdict(*it)];
        cells.extend(amounts(*amount));
        cells.push(right(share(amount.packets, packets)));
        cells
    });
    table(&mut text, "what becomes of them", ["packets", "bytes", ""], verdicts.collect());
    let sessions = report.sessions.iter().map(|line| {
        let name = line.session.as_ref().map_or_else(|| "no session".to_owned(), |it| it.name.clone());
        let path = line.session.as_ref().map_or_else(String::new, |it| it.path.to_string());
        let dropped = right(number(line.dropped.packets));
        let dropped = if line.dropped.packets > 0 { dropped.in_style(BAD) } else { dropped };
        vec![
            left(name),
            right(number(line.delivered.packets)),
            right(size(line.delivered.bytes)),
            dropped,
            left(path).in_style(FAINT),
        ]
    });
    table(&mut text, "session", ["delivered", "bytes", "dropped", ""], sessions.collect());
    match &report.changes {
        None => {
            let heading = format!("largest flows, {} of {}", report.flows.len(), number(report.rows as u64));
            table(&mut text, &heading, ["packets", "bytes", "", ""], flows(&report.flows));
        }
        Some(changes) if changes.is_empty() => {
            let _ = writeln!(text, "\n{}", styled(GOOD, "Nothing fares differently in the other engine."));
        }
        Some(changes) => {
            for change in changes {
                let Amount { packets, bytes } = change.amount;
                let (before, after) = (verdict(change.before).styled(), verdict(change.after).styled());
                let _ = writeln!(text, "\n{before} → {after}: {} packets, {}", number(packets), size(bytes));
                let heading = format!("largest flows, {} of {}", change.flows.len(), number(change.rows as u64));
                table(&mut text, &heading, ["packets", "bytes", "", ""], flows(&change.flows));
            }
        }
    }
    let unlisted = report.unlisted;
    if unlisted.packets > 0 {
        let (packets, bytes) = (number(unlisted.packets), size(unlisted.bytes));
        let _ = writeln!(text, "\n{packets} packets ({bytes}) are of further flows, which are counted and not listed");
    }
    let skipped = report.skipped.iter().map(|(skip, amount)| {
        let mut cells = vec![left(skip.word()).in_style(PENDING)];
        cells.extend(amounts(*amount));
        cells.push(left(skip.meaning()).in_style(FAINT));
        cells
    });
    table(&mut text, "passed over", ["frames", "bytes", ""], skipped.collect());
    text
}

fn flows(flows: &[FlowLine]) -> Vec<Vec<Cell>> {
    let line = |line: &FlowLine| {
        let mut cells = vec![left(flow(&line.flow))];
        cells.extend(amounts(line.amount));
        cells.push(verdict(line.outcome.before));
        cells.push(left(line.session.as_ref().map_or("", |session| &session.name)));
        cells
    };
    flows.iter().map(line).collect()
}

fn amounts(amount: Amount) -> [Cell; 2] {
    [right(number(amount.packets)), right(size(amount.bytes))]
}

fn verdict((disposition, reason): Verdict) -> Cell {
    match reason {
        Some(reason) => left(format!("{} {}", disposition.word(), reason.word())).in_style(BAD),
        None => left(disposition.word()).in_style(GOOD),
    }
}

fn flow(flow: &Flow) -> String {
    let has_ports = matches!(flow.protocol, protocol::TCP | protocol::UDP);
    let end = |address: IpAddr, port| {
        if has_ports { SocketAddr::new(address, port).to_string() } else { address.to_string() }
    };
    let (source, destination) = (end(flow.source, flow.source_port), end(flow.destination, flow.destination_port));
    format!("{} {source} → {destination}", words::protocol_name(flow.protocol))
}

/// `12.3 %`. Something is never shown as nothing, nor less than all as all.
fn share(part: u64, whole: u64) -> String {
    let (part, whole) = (u128::from(part), u128::from(whole.max(1)));
    match (part * 1_000 + whole / 2) / whole {
        0 if part > 0 => "<0.1 %".to_owned(),
        1_000 if part < whole => ">99.9 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_read() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), text);
        }
        for (value, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_999, "1.9 kB"),
            (999_999, "999.9 kB"),
            (1_500_000_000, "1.5 GB"),
        ] {
            assert_eq!(size(value), text);
        }
        for (part, whole, text) in [
            (1, 3, "33.3 %"),
            (2, 3, "66.7 %"),
            (0, 0, "0.0 %"),
            (5, 5, "100.0 %"),
            (1, 100_000, "<0.1 %"),
            (99_999, 100_000, ">99.9 %"),
        ] {
            assert_eq!(share(part, whole), text);
        }
    }
}
