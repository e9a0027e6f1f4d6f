//! The list of traces: which, in which order, which part.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::response::Response;
use serde_json::{Value as Json, json};
use url::form_urlencoded;

use super::{NetMasterError, Shared, answer, read};
use crate::api::query::told;
use crate::engine::traces::{Head, documents};

/// Parameters of a URL, decoded.
pub type Parameters = Vec<(String, String)>;

/// What traces can be sorted by.
type Column = (&'static str, fn(&Head, &Head) -> Ordering);

const COLUMNS: [Column; 8] = [
    ("id", |a, b| a.id.to_string().cmp(&b.id.to_string())),
    ("definitionName", |a, b| a.id.definition_name.cmp(&b.id.definition_name)),
    ("generation", |a, b| a.id.generation.cmp(&b.id.generation)),
    ("sequence", |a, b| a.id.sequence.cmp(&b.id.sequence)),
    ("stackName", |a, b| a.id.stack_name.cmp(&b.id.stack_name)),
    ("state", |a, b| a.state.word().cmp(b.state.word())),
    ("packetCount", |a, b| a.kept.cmp(&b.kept)),
    ("totalPacketCount", |a, b| a.total.cmp(&b.total)),
];

/// The parameters of a URL.
pub fn parameters(query: Option<&str>) -> Result<Parameters, NetMasterError> {
    let found: Parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    for (at, (name, _)) in found.iter().enumerate() {
        if found.iter().take(at).any(|(before, _)| before == name) {
            return Err(NetMasterError::bad_request(format!("The parameter {} is there twice.", told(name))));
        }
    }
    Ok(found)
}

/// Refuses any parameter.
pub fn no_parameters(query: &Parameters) -> Result<(), NetMasterError> {
    match query.first() {
        None => Ok(()),
        Some((name, _)) => Err(NetMasterError::bad_request(format!("There is no parameter {} here.", told(name)))),
    }
}

/// Which traces are wanted.
struct Wanted {
    index: usize,
    /// So many at most; 0: all.
    limit: usize,
    by: Column,
    is_descending: bool,
    /// The names of definitions; none: all.
    definitions: Vec<String>,
}

impl Wanted {
    fn of(query: &Parameters) -> Result<Self, NetMasterError> {
        let mut wanted = Self { index: 0, limit: 0, by: COLUMNS[0], is_descending: false, definitions: Vec::new() };
        for (name, value) in query {
            let wrong =
                |what: &str| NetMasterError::bad_request(format!("{name} is {}, which is no {what}.", told(value)));
            let number = || value.parse().map_err(|_| wrong("number from 0"));
            match name.as_str() {
                "index" => wanted.index = number()?,
                "limit" => wanted.limit = number()?,
                "sort" => {
                    let (column, order) = value.split_once(':').ok_or_else(|| wrong("column with :asc or :desc"))?;
                    let column = COLUMNS.into_iter().find(|(name, _)| *name == column);
                    wanted.by = column.ok_or_else(|| wrong("column to sort by"))?;
                    wanted.is_descending = match order {
                        "asc" => false,
                        "desc" => true,
                        _ => return Err(wrong("column with :asc or :desc")),
                    };
                }
                "definitionName" => {
                    let names = value.strip_prefix("eq:").filter(|names| !names.is_empty());
                    let names = names.ok_or_else(|| wrong("condition: it is eq: and names with | between them"))?;
                    wanted.definitions = names.split('|').map(str::to_owned).collect();
                }
                _ => return Err(NetMasterError::bad_request(format!("There is no parameter {} here.", told(name)))),
            }
        }
        Ok(wanted)
    }

    /// The rows, and how many there are in all.
    fn rows(&self, mut traces: Vec<Head>, row: fn(&Head) -> Json) -> Json {
        let is_wanted =
            |trace: &Head| self.definitions.is_empty() || self.definitions.contains(&trace.id.definition_name);
        traces.retain(is_wanted);
        traces.sort_by(|a, b| {
            let order = self.by.1(a, b);
            let order = if self.is_descending { order.reverse() } else { order };
            // Traces that are alike in it stay in one order.
            order.then_with(|| a.id.cmp(&b.id))
        });
        let most = if self.limit == 0 { usize::MAX } else { self.limit };
        let rows: Vec<Json> = traces.iter().skip(self.index).take(most).map(row).collect();
        json!({ "index": self.index, "keys": ["id"], "rows": rows, "totalRows": traces.len() })
    }
}

/// Answers `…/smart/trace`.
pub async fn traces(shared: &Arc<Shared>, region: String, query: &Parameters) -> Result<Response, NetMasterError> {
    listed(shared, region, query, |_| true, documents::row).await
}

/// Answers `…/smart/saved`.
pub async fn saved(shared: &Arc<Shared>, region: String, query: &Parameters) -> Result<Response, NetMasterError> {
    listed(shared, region, query, Head::is_saved, documents::saved_row).await
}

async fn listed(
    shared: &Arc<Shared>,
    region: String,
    query: &Parameters,
    is_listed: fn(&Head) -> bool,
    row: fn(&Head) -> Json,
) -> Result<Response, NetMasterError> {
    let wanted = Wanted::of(query)?;
    let mut traces = read(shared, move |engine, now| engine.packet_traces(&region, now)).await?;
    traces.retain(is_listed);
    Ok(answer(&wanted.rows(traces, row)))
}
