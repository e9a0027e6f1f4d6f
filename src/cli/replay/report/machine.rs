//! The report as JSON and as CSV. docs/guides/command-line.md describes both; names and
//! meanings stay, and new fields may come.

use serde_json::{Value as Json, json};

use super::{Amount, Change, FlowLine, Named, Report};
use crate::cli::replay::tally::Verdict;
use crate::engine::forwarding::DropReason;

/// Everything that was counted.
pub fn json(report: &Report) -> String {
    let document = json!({
        "packets": report.all.packets,
        "bytes": report.all.bytes,
        "skipped": report.skipped.iter().map(|(skip, it)| with(*it, &json!({ "reason": skip.word() }))).collect::<Vec<_>>(),
        "verdicts": report.verdicts.iter().map(|(it, sum)| with(*sum, &verdict(*it))).collect::<Vec<_>>(),
        "sessions": report.sessions.iter().map(|line| json!({
            "session": line.session.as_ref().map(named),
            "delivered": amount(line.delivered),
            "dropped": amount(line.dropped),
        })).collect::<Vec<_>>(),
        "flow_count": report.rows,
        "flows": report.flows.iter().map(flow).collect::<Vec<_>>(),
        "unlisted": amount(report.unlisted),
        "changes": report.changes.as_ref().map(|changes| changes.iter().map(change).collect::<Vec<_>>()),
    });
    format!("{document:#}\n")
}

fn amount(amount: Amount) -> Json {
    json!({ "packets": amount.packets, "bytes": amount.bytes })
}

/// The fields of `document`, and the amount's.
fn with(of: Amount, document: &Json) -> Json {
    let mut document = document.clone();
    if let (Some(document), Json::Object(amount)) = (document.as_object_mut(), amount(of)) {
        document.extend(amount);
    }
    document
}

fn verdict((disposition, reason): Verdict) -> Json {
    json!({ "disposition": disposition.word(), "drop_reason": reason.map(DropReason::word) })
}

fn named(named: &Named) -> Json {
    json!({ "path": named.path.as_str(), "display_name": named.name })
}

fn flow(line: &FlowLine) -> Json {
    let document = json!({
        "source": line.flow.source,
        "destination": line.flow.destination,
        "protocol": line.flow.protocol,
        "source_port": line.flow.source_port,
        "destination_port": line.flow.destination_port,
        "session": line.session.as_ref().map(named),
        "before": verdict(line.outcome.before),
        "after": line.outcome.after.map(verdict),
    });
    with(line.amount, &document)
}

fn change(change: &Change) -> Json {
    let document = json!({
        "before": verdict(change.before),
        "after": verdict(change.after),
        "flow_count": change.rows,
        "flows": change.flows.iter().map(flow).collect::<Vec<_>>(),
    });
    with(change.amount, &document)
}

/// The columns of the CSV.
const COLUMNS: [&str; 12] = [
    "source",
    "destination",
    "protocol",
    "source_port",
    "destination_port",
    "packets",
    "bytes",
    "disposition",
    "drop_reason",
    "after_disposition",
    "after_drop_reason",
    "session",
];

/// The flows that are listed: the largest, or those that differ.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    let changed = report.changes.iter().flatten().flat_map(|change| &change.flows);
    let largest = report.flows.iter().filter(|_| report.changes.is_none());
    for FlowLine { flow, outcome, amount, session } in largest.chain(changed) {
        let reason = |verdict: Verdict| verdict.1.map_or("", |reason| reason.word());
        writer.write_record([
            flow.source.to_string().as_str(),
            &flow.destination.to_string(),
            &flow.protocol.to_string(),
            &flow.source_port.to_string(),
            &flow.destination_port.to_string(),
            &amount.packets.to_string(),
            &amount.bytes.to_string(),
            outcome.before.0.word(),
            reason(outcome.before),
            outcome.after.map_or("", |after| after.0.word()),
            outcome.after.map_or("", reason),
            session.as_ref().map_or("", |session| session.path.as_str()),
        ])?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
