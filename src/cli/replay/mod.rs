//! `replay`: what becomes of the traffic of a capture, and what a change would have done
//! to it.
//!
//! | module | what it holds |
//! |---|---|
//! | `packet` | the engine's packet of a frame |
//! | `flows` | lists of flows, as CSV |
//! | `tally` | counting: by disposition, by session, by flow |
//! | `report` | what was counted, for people and for programs |
//!
//! Memory is bounded, whatever the file holds: the window over the file does not grow
//! beyond the largest packet, and the table of flows has a fixed number of rows.

mod flows;
mod packet;
mod report;
mod tally;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::input::{self, named};
use super::output::{self, Answer, Failure};
use super::progress::{self, Progress};
use super::source::Source;
use crate::engine::When;
use crate::engine::pcap::Capture;
use flows::FlowList;
use report::Report;
use tally::{Judge, Tally};

/// What the `replay` command is given.
#[derive(Args)]
pub struct Options {
    /// A capture (pcap or pcapng), or flows as CSV; `-` is the standard input
    capture: PathBuf,
    #[command(flatten)]
    engine: Source,
    /// Another engine file: list the flows that fare differently there
    #[arg(long, value_name = "FILE", help_heading = "Engine")]
    against: Option<PathBuf>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,
    /// How many flows are listed
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    limit: usize,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    Table,
    /// Everything that was counted
    Json,
    /// The flows that are listed
    Csv,
}

/// After so many packets it is shown how far it is.
const STRIDE: u64 = 4_096;

/// Replays the capture, and counts. What was counted before an error or an interrupt is
/// printed all the same.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let view = options.engine.view(When::Settled)?;
    let other = options.against.as_deref();
    let other = other.map(|file| options.engine.view_of(file, "--against", When::Settled)).transpose()?;
    let mut tally = Tally::new(Judge { before: &view, after: other.as_ref() });
    let interrupt = progress::interrupt();
    let (input, size) = input::open(&options.capture, &interrupt)?;
    let progress = Progress::start(size, interrupt);
    let replayed = replay(input, &mut tally, &progress).map_err(|error| named(&options.capture, &error));
    progress.finish();
    if let (true, false, Err(failure)) = (tally.is_empty(), progress.is_interrupted(), &replayed) {
        return Err(failure.clone());
    }
    let report = Report::of(&tally, options.limit);
    output::print(&report::text(&report, options.format)?)?;
    if progress.is_interrupted() {
        return Ok(Answer::Interrupted);
    }
    replayed.map(|()| if report.differs() { Answer::No } else { Answer::Yes })
}

/// Sends everything in `input` through the engine.
fn replay(input: Box<dyn Read>, tally: &mut Tally<'_>, progress: &Progress) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(error.to_string());
    let window = input::window(input)?;
    match Capture::open(window).map_err(|error| failed(&error))? {
        Ok(capture) => replay_capture(capture, tally, progress),
        Err(window) => match FlowList::open(window) {
            Ok(list) => replay_flows(list, tally, progress),
            Err(error) => Err(failed(&error)),
        },
    }
}

fn replay_capture<R: Read>(mut capture: Capture<R>, tally: &mut Tally<'_>, progress: &Progress) -> Result<(), Failure> {
    for number in 0_u64.. {
        if progress.is_interrupted() {
            break;
        }
        if number.is_multiple_of(STRIDE) {
            progress.at(capture.position());
        }
        let Some(frame) = capture.next_frame().map_err(|error| Failure::new(error.to_string()))? else { break };
        match packet::packet(&frame) {
            Ok(packet) => tally.count(&packet, 1),
            Err(skip) => tally.skip(skip, frame.size),
        }
    }
    Ok(())
}

fn replay_flows<R: Read>(mut list: FlowList<R>, tally: &mut Tally<'_>, progress: &Progress) -> Result<(), Failure> {
    for number in 0_u64.. {
        if progress.is_interrupted() {
            break;
        }
        if number.is_multiple_of(STRIDE) {
            progress.at(list.position());
        }
        let Some((packet, count)) = list.next_flow().map_err(|error| Failure::new(error.to_string()))? else { break };
        tally.count(&packet, count);
    }
    Ok(())
}
