//! Every step, with the object that decided it.

use std::fmt::Write;

use super::words;
use crate::cli::names::Names;
use crate::cli::output::{FAINT, STRONG, styled};
use crate::engine::forwarding::{Node, Trace};

/// The column at which what happens is told, after the verb.
const TOLD: usize = 17;

/// The trace with all there is to know, hop by hop.
pub fn text(names: Names<'_>, trace: &Trace) -> String {
    let mut text = format!("{}\n", styled(STRONG, words::packet(&trace.packet)));
    let width = trace.steps.iter().map(|step| name(names, &step.node).chars().count()).max().unwrap_or_default();
    for (hop, steps) in trace.steps.chunk_by(|one, other| one.node == other.node).enumerate() {
        let Some(first) = steps.first() else { continue };
        let (sort, path) = words::node(&first.node);
        let path = path.map_or_else(String::new, ToString::to_string);
        let name = format!("{:width$}", name(names, &first.node));
        line(&mut text, &format!("\n{:>2}  {sort:<9} {}  {}", hop + 1, styled(STRONG, name), styled(FAINT, path)));
        for step in steps {
            let told = words::event(names, &step.event);
            line(&mut text, &format!("      {:<10} {}", told.verb, told.brief));
            for detail in told.details {
                line(&mut text, &format!("{:TOLD$}{detail}", ""));
            }
            let decider = step.object.as_ref().filter(|object| words::node(&step.node).1 != Some(*object));
            if let Some(object) = decider {
                let path = styled(FAINT, object);
                line(&mut text, &format!("{:TOLD$}by {}  {path}", "", names.full(object)));
            }
        }
    }
    line(&mut text, &format!("\n{}  {}", words::outcome(trace), words::disposition_in_words(trace.disposition)));
    for (what, value) in facts(names, trace) {
        line(&mut text, &format!("    {what:<17} {value}"));
    }
    text
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

fn name<'a>(names: Names<'a>, node: &'a Node) -> &'a str {
    words::node(node).1.map_or("", |path| names.of(path))
}

/// Adds a line without spaces at its end.
fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "{}", line.trim_end());
}
