//! Every step, with the object that decided it.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::cli::names::Names;
use crate::cli::output::{FAINT, STRONG, styled};
use crate::cli::words;
use crate::engine::forwarding::{Step, Trace};
use crate::model::PolicyPath;

/// The column at which what happens is told, after the verb.
const TOLD: usize = 17;

/// The trace with all there is to know, hop by hop.
pub fn text(names: Names<'_>, trace: &Trace) -> String {
    let mut text = format!("{}\n", styled(STRONG, words::packet(&trace.packet)));
    let named_nodes = trace.steps.iter().filter_map(|step| step.node.path());
    let width = named_nodes.map(|path| names.of(path).chars().count()).max().unwrap_or_default();
    let mut named = Named::default();
    for (number, steps) in (1..).zip(trace.steps.chunk_by(|one, other| one.node == other.node)) {
        let Some(first) = steps.first() else { continue };
        match (first.node.word(), first.node.path()) {
            (sort, None) => _ = writeln!(text, "\n{number:>2}  {sort}"),
            (sort, Some(path)) => {
                let name = names.of(path);
                let gap = width - name.chars().count();
                let (name, path) = (styled(STRONG, name), styled(FAINT, path));
                let _ = writeln!(text, "\n{number:>2}  {sort:<9} {name}{:gap$}  {path}", "");
            }
        }
        named.here = first.node.path();
        named.ever.extend(named.here);
        for step in steps {
            tell(&mut text, names, step, &mut named);
        }
    }
    let meaning = words::outcome_in_words(trace.disposition, trace.drop_reason);
    let _ = writeln!(text, "\n{}  {meaning}", words::outcome(trace));
    for (what, value) in facts(names, trace) {
        let _ = writeln!(text, "    {what:<17} {value}");
    }
    text
}

/// Whom the reader has met.
#[derive(Default)]
struct Named<'a> {
    /// Who needs not be named again: the node itself, and who was named last at it.
    here: Option<&'a PolicyPath>,
    /// Whose path is known.
    ever: BTreeSet<&'a PolicyPath>,
}

/// Adds the lines of a step.
fn tell<'a>(text: &mut String, names: Names<'_>, step: &'a Step, named: &mut Named<'a>) {
    let told = words::event(names, &step.event);
    let _ = writeln!(text, "      {:<10} {}", told.verb, told.brief);
    for detail in told.details {
        let _ = writeln!(text, "{:TOLD$}{detail}", "");
    }
    if let Some(object) = step.object.as_ref().filter(|object| named.here != Some(*object)) {
        let _ = write!(text, "{:TOLD$}by {}", "", names.full(object));
        let is_new = named.ever.insert(object);
        let _ = if is_new { writeln!(text, "  {}", styled(FAINT, object)) } else { writeln!(text) };
        named.here = Some(object);
    }
}

/// What is known of the whole way.
fn facts(names: Names<'_>, trace: &Trace) -> Vec<(&'static str, String)> {
    let session = trace.session.as_ref().map(|path| format!("{}  {}", names.of(path), styled(FAINT, path)));
    let mtu = trace.effective_mtu.map(|mtu| format!("{mtu} bytes, the largest packet that gets through in one piece"));
    let mss = trace.effective_mss.map(|mss| format!("{mss} bytes, the largest TCP segment that does"));
    let latency = (trace.latency > 0).then(|| format!("{} ms one way", trace.latency));
    let facts = [("session", session), ("effective MTU", mtu), ("effective MSS", mss), ("latency", latency)];
    facts.into_iter().filter_map(|(what, value)| Some((what, value?))).collect()
}
