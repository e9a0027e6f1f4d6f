//! Packet traces, and the summaries of their packets.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::{Ask, Told};
use crate::engine::traces::TraceQuestion;
use crate::model::Tree;
use crate::model::result::{PACKET_SUMMARY, PACKET_TRACES, Query};
use crate::provider::shared::Connection;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, Path};

/// A query about packet traces.
pub struct Packets {
    /// What is asked and answered.
    query: &'static Query,
    /// The question.
    question: fn(&Tree) -> TraceQuestion,
    /// The answer of the data source, made of the API's.
    answer: fn(Json) -> Json,
}

/// The queries.
pub static ALL: [Packets; 2] = [
    Packets {
        query: &PACKET_TRACES,
        question: |input| TraceQuestion::List {
            region: input.get("region").text().map(str::to_owned),
            definitions: texts(input, "definition_names"),
        },
        answer: |rows| {
            let rows = rows.as_array().into_iter().flatten().map(|row| in_snake_case(flat(row.clone()))).collect();
            Json::Object(Map::from_iter([("traces".to_owned(), Json::Array(rows))]))
        },
    },
    Packets {
        query: &PACKET_SUMMARY,
        question: |input| TraceQuestion::Packet {
            region: input.get("region").text().map(str::to_owned),
            trace: text(input, "trace_id"),
            number: input.get("packet_number").int().and_then(|number| u64::try_from(number).ok()).unwrap_or_default(),
        },
        answer: in_snake_case,
    },
];

fn text(input: &Tree, field: &str) -> String {
    input.get(field).text().unwrap_or_default().to_owned()
}

fn texts(input: &Tree, field: &str) -> Vec<String> {
    match input.get(field) {
        Tree::List(values) => values.iter().filter_map(|value| value.text().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// The fields of a row, with those that stand in `key` and `info` beside its id.
fn flat(row: Json) -> Json {
    let Json::Object(mut row) = row else { return row };
    for part in ["key", "info"] {
        if let Some(Json::Object(part)) = row.remove(part) {
            row.extend(part);
        }
    }
    Json::Object(row)
}

/// The same with the names of fields as Terraform has them: `localAddress` is `local_address`.
fn in_snake_case(document: Json) -> Json {
    let named = |(name, value): (String, Json)| {
        let mut snake = String::with_capacity(name.len() + 4);
        for letter in name.chars() {
            if letter.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(letter.to_ascii_lowercase());
        }
        (snake, in_snake_case(value))
    };
    match document {
        Json::Object(fields) => Json::Object(fields.into_iter().map(named).collect()),
        Json::Array(values) => Json::Array(values.into_iter().map(in_snake_case).collect()),
        other => other,
    }
}

#[async_trait]
impl Ask for Packets {
    fn query(&self) -> &'static Query {
        self.query
    }

    async fn answer(&self, _cx: &Context, connection: &Connection, input: &Tree) -> Result<Told, Diagnostics> {
        let question = (self.question)(input);
        let answer = connection.backend.packets(&question).await;
        let answer = answer.map_err(|error| Diagnostic::error("The answer cannot be had", error.to_string()))?;
        let Some(document) = answer else {
            let what = match &question {
                TraceQuestion::Packet { trace, number, .. } => format!("There is no packet {number} of trace {trace}"),
                TraceQuestion::List { region, .. } => {
                    format!("There is no region {}", region.as_deref().unwrap_or("of the provider block"))
                }
            };
            let detail = format!("It does not exist in {}.", connection.backend.describe());
            return Err(Diagnostic::error(what, detail).at(Path::root()).into());
        };
        Ok(Tree::from(&(self.answer)(document)).into())
    }
}
