//! `packets traces`, `packets stop` and `packets delete`: the traces that are kept.

use clap::{Args, ValueEnum};
use serde_json::Value as Json;

use crate::cli::engine_file::DataFile;
use crate::cli::output::{self, Answer, Failure, STRONG, styled};
use crate::cli::table::{left, right, table};
use crate::engine::traces::{Head, REGION, TraceId, documents};
use crate::engine::{Engine, Moment};
use crate::model::timestamp::Timestamp;

/// Which traces are listed, and how.
#[derive(Args)]
pub struct All {
    #[command(flatten)]
    place: Place,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Which trace.
#[derive(Args)]
pub struct One {
    /// The id of the trace, such as WWFCPCOPY-341-5-TCPIP11-0-0
    id: TraceId,
    #[command(flatten)]
    place: Place,
}

/// Where traces are.
#[derive(Args)]
struct Place {
    /// The region of NetMaster
    #[arg(long, value_name = "NAME", default_value = REGION)]
    region: String,
    #[command(flatten)]
    data: DataFile,
}

/// The forms of the list.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A line for each trace, for people
    Table,
    /// The rows of NetMaster's API
    Json,
}

/// Lists the traces of a region.
pub fn list(options: &All) -> Result<Answer, Failure> {
    let (engine, now) = options.place.open()?;
    let mut traces = engine.packet_traces(&options.place.region, now)?;
    traces.sort_by(|one, other| one.id.cmp(&other.id));
    let text = match options.format {
        Format::Json => format!("{:#}\n", traces.iter().map(documents::row).collect::<Json>()),
        Format::Table if traces.is_empty() => format!("There are no traces in the region {}.\n", options.place.region),
        Format::Table => listed(&traces),
    };
    output::print(&text)?;
    Ok(Answer::Yes)
}

fn listed(traces: &[Head]) -> String {
    let row = |trace: &Head| {
        vec![
            left(trace.id.to_string()).in_style(STRONG),
            left(trace.state.word()),
            right(trace.kept.to_string()),
            left(Timestamp(trace.made).to_string()),
            left(trace.source.clone()),
        ]
    };
    let mut text = String::new();
    table(&mut text, "Trace", ["State", "Packets", "Made", "Of"], traces.iter().map(row).collect());
    text
}

/// Ends a trace that goes on, and says what it has.
pub fn stop(options: &One) -> Result<Answer, Failure> {
    let (engine, now) = options.place.open()?;
    let ended = engine.stop_packet_trace(&options.place.region, &options.id, now)?;
    let trace = ended.ok_or_else(|| options.missing())?;
    output::print(&format!("{} has ended, with {} packets\n", styled(STRONG, &trace.id), trace.kept))?;
    Ok(Answer::Yes)
}

/// Removes a trace.
pub fn delete(options: &One) -> Result<Answer, Failure> {
    let (engine, _) = options.place.open()?;
    if !engine.delete_packet_trace(&options.place.region, &options.id)? {
        return Err(options.missing());
    }
    output::print(&format!("{} is removed\n", styled(STRONG, &options.id)))?;
    Ok(Answer::Yes)
}

impl One {
    fn missing(&self) -> Failure {
        let Self { id, place } = self;
        let what = format!("there is no trace {id} in the region {}", place.region);
        Failure::new(what).hint("`packets traces` lists those there are")
    }
}

impl Place {
    fn open(&self) -> Result<(Engine, Moment), Failure> {
        let now = Moment::from_clock();
        Ok((self.data.open(now)?, now))
    }
}
