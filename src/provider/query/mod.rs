//! Data sources that ask how things run, rather than what is declared.
//!
//! | module | what it holds |
//! |---|---|
//! | `running` | status, statistics and routes, as the API answers |
//! | `packets` | packet traces, and the summaries of their packets |
//! | `agent` | the answers of compute agents |
//! | `path_trace` | the way of a packet |
//! | `foresight` | what the rest of a plan declares, for answers that come before it is applied |
//!
//! Their attributes are those of a [`Query`](crate::model::result::Query): its input,
//! and its output.

mod agent;
mod foresight;
mod packets;
mod path_trace;
mod running;

use std::sync::Arc;

use async_trait::async_trait;

use super::convert::{shown, to_tree, to_value, type_of};
use super::schema::describe;
use super::shared::{Connection, Shared};
use crate::model::field::{Presence, Shape};
use crate::model::problem::{Gravity, Problem, Step};
use crate::model::reading::read_input;
use crate::model::result::Query;
use crate::model::{PolicyPath, Tree};
use crate::tf_provider::{Attribute, Block, Context, DataSource, Diagnostic, Diagnostics, Found, Path, Schema, Value};
use path_trace::PathTrace;

/// What a data source asks, and where its answer comes from.
#[async_trait]
trait Ask: Send + Sync + 'static {
    /// What is asked and answered.
    fn query(&self) -> &'static Query;

    /// The answer to `input`, all of which is known.
    async fn answer(&self, cx: &Context, connection: &Connection, input: &Tree) -> Result<Told, Diagnostics>;
}

/// An answer.
struct Told {
    answer: Tree,
    /// What is to be said of it.
    warnings: Diagnostics,
}

impl From<Tree> for Told {
    fn from(answer: Tree) -> Self {
        Self { answer, warnings: Diagnostics::none() }
    }
}

/// The data source of what is asked.
struct Source<A: 'static> {
    ask: &'static A,
    type_name: String,
    shared: Arc<Shared>,
}

#[async_trait]
impl<A: Ask> DataSource for Source<A> {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn schema(&self) -> Schema {
        schema(self.ask.query())
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        check(self.ask.query(), config)
    }

    async fn read(&self, cx: &Context, config: &Value) -> Result<Found, Diagnostics> {
        let input = input(self.ask.query(), config)?;
        let Told { answer, warnings } = self.ask.answer(cx, &self.shared.connection()?, &input).await?;
        Ok(Found { value: answered(self.ask.query(), config, &answer), warnings })
    }
}

/// The data sources that ask.
pub fn sources(shared: &Arc<Shared>) -> Vec<Arc<dyn DataSource>> {
    fn source<A: Ask>(ask: &'static A, shared: &Arc<Shared>) -> Arc<dyn DataSource> {
        Arc::new(Source { ask, type_name: type_name(ask.query()), shared: shared.clone() })
    }
    let running = running::ALL.iter().map(|ask| source(ask, shared));
    let packets = packets::ALL.iter().map(|ask| source(ask, shared));
    running.chain(packets).chain([source(&PathTrace, shared)]).collect()
}

/// Every query that has a data source.
pub fn queries() -> Vec<&'static Query> {
    let running = running::ALL.iter().map(Ask::query);
    let packets = packets::ALL.iter().map(Ask::query);
    running.chain(packets).chain([PathTrace.query()]).collect()
}

/// The name of the data source of a query.
pub fn type_name(query: &Query) -> String {
    format!("vpn_{}", query.name)
}

fn schema(query: &'static Query) -> Schema {
    let mut block = Block::new(query.output.doc);
    for field in shown(query.input) {
        let (name, ty, doc) = (field.hcl_name(), type_of(&field.shape), describe(field, true));
        let attribute = match field.presence {
            Presence::Required => Attribute::required(name, ty, doc),
            _ => Attribute::optional(name, ty, doc),
        };
        block = block.with(attribute);
    }
    for field in shown(query.output) {
        let doc = describe(field, false);
        block = block.with(Attribute::computed(super::schema::result_name(field), type_of(&field.shape), doc));
    }
    Schema { version: 0, block }
}

/// What is wrong with what is said to ask.
fn check(query: &'static Query, config: &Value) -> Diagnostics {
    read_input(query.input, &to_tree(query.input, config)).problems.iter().map(|problem| told(query, problem)).collect()
}

/// What is asked, in the one spelling and with the defaults; all of it is known.
fn input(query: &'static Query, config: &Value) -> Result<Tree, Diagnostics> {
    let reading = read_input(query.input, &to_tree(query.input, config));
    if reading.is_accepted() {
        return Ok(reading.tree);
    }
    Err(reading.problems.iter().map(|problem| told(query, problem)).collect())
}

fn told(query: &'static Query, problem: &Problem) -> Diagnostic {
    let made = match problem.gravity {
        Gravity::Refused | Gravity::Idle => Diagnostic::error,
        Gravity::Surprising => Diagnostic::warning,
    };
    let field = problem.at.0.iter().find_map(|step| match step {
        Step::Field(name) => query.input.field(name),
        _ => None,
    });
    let path = field.map_or_else(Path::root, |field| Path::attribute(field.hcl_name()));
    made(problem.what.clone(), problem.hint.clone()).at(path)
}

/// What Terraform is told: what was asked, as it was, and the answer.
fn answered(query: &'static Query, config: &Value, answer: &Tree) -> Value {
    let asked = shown(query.input).map(|field| (field.hcl_name(), config.get(field.hcl_name()).clone()));
    let told = shown(query.output)
        .map(|field| (super::schema::result_name(field), to_value(&field.shape, answer.get(field.name))));
    Value::object(asked.chain(told))
}

/// The path of what a field of the input names: by its path, or by its id in Neutron.
fn path_in(query: &Query, input: &Tree, field: &str) -> Option<PolicyPath> {
    let text = input.get(field).text()?;
    match query.input.field(field)?.shape {
        Shape::NeutronId(collection) => Some(PolicyPath::of_neutron(collection, text)),
        _ => PolicyPath::parse(text).ok(),
    }
}
