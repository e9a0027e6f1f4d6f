//! One line for each hop.

use std::fmt::Write;

use crate::cli::names::Names;
use crate::cli::output::{STRONG, styled};
use crate::cli::words::{self, Words};
use crate::engine::forwarding::{Event, Node, Trace};

/// The trace with one line for each hop, and one for what became of the packet.
pub fn text(names: Names<'_>, trace: &Trace) -> String {
    let mut text = format!("{}\n", styled(STRONG, words::packet(&trace.packet)));
    let hops: Vec<_> = trace.steps.chunk_by(|one, other| one.node == other.node).collect();
    let places: Vec<_> = hops.iter().filter_map(|steps| Some(place(names, &steps.first()?.node))).collect();
    let width = places.iter().map(|place| place.chars().count()).max().unwrap_or_default();
    for (number, (place, steps)) in (1..).zip(places.iter().zip(hops)) {
        let told: Vec<_> = steps.iter().map(|step| brief(names, &step.event)).collect();
        let _ = writeln!(text, "{number:>2}  {place:width$}  {}", told.join("; "));
    }
    let mut end = vec![words::outcome(trace)];
    end.extend(trace.session.as_ref().map(|session| format!("session {}", names.of(session))));
    end.extend(trace.effective_mtu.map(|mtu| format!("MTU {mtu} bytes")));
    end.extend(trace.effective_mss.map(|mss| format!("MSS {mss} bytes")));
    end.extend((trace.latency > 0).then(|| format!("{} ms", trace.latency)));
    let _ = writeln!(text, "{}", end.join(", "));
    text
}

/// An event in as few words as will do; of a drop, why as well.
fn brief(names: Names<'_>, event: &Event) -> String {
    let Words { verb, brief, details } = words::event(names, event);
    match (event, details.as_slice()) {
        (Event::Dropped { .. }, [_, ..]) => format!("{verb} {brief}: {}", details.join("; ")),
        _ => format!("{verb} {brief}"),
    }
}

fn place(names: Names<'_>, node: &Node) -> String {
    match (node.word(), node.path()) {
        (sort, Some(path)) => format!("{sort} {}", names.of(path)),
        (sort, None) => sort.to_owned(),
    }
}
