//! `packets`: the packets of a capture, each with a summary.
//!
//! | module | what it holds |
//! |---|---|
//! | `import` | keeping packets as a trace in the engine |
//! | `kept` | the traces that are kept: which there are, ending them, removing them |
//! | `listing` | the forms they are listed in |
//! | `range` | which of them |
//! | `table` | packets as lines of a table |
//!
//! Packets are listed while they are read, so memory does not grow with the capture.

mod import;
mod kept;
mod listing;
mod range;
mod table;
#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, IsTerminal, LineWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use ipnet::IpNet;

use super::input::{self, named};
use super::output::{Answer, Failure};
use super::progress;
use crate::engine::packets::{Locals, Summarizer};
use crate::engine::pcap::Capture;
use listing::Listing;
use range::Range;

/// What the `packets` command is given.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

/// What else can be done with packets.
#[derive(Subcommand)]
enum Command {
    /// Keep the packets of a capture as a trace in the engine, which `serve` shows as NetMaster
    /// SmartTrace does
    Import(Box<import::Options>),
    /// Keep what a tap has copied, a simulated flow has sent or a live trace has captured so far
    /// as such a trace
    Snapshot(Box<import::SnapshotOptions>),
    /// Begin such a trace that goes on: its packets are those that a tap copies, a simulated flow
    /// sends or a live trace captures from now on
    Follow(Box<import::FollowOptions>),
    /// End a trace that goes on
    Stop(kept::One),
    /// List the traces that are kept
    Traces(kept::All),
    /// Remove a trace and its packets
    Delete(kept::One),
}

/// Which packets are listed, and how.
#[derive(Args)]
struct List {
    /// A capture (pcap or pcapng); `-` is the standard input
    #[arg(required = true)]
    capture: Option<PathBuf>,
    /// An address or a network that is local, such as 10.0.0.0/8; may be given several times
    /// [default: as the capture notes, or the private one of two addresses]
    #[arg(long, value_name = "ADDRESS", value_parser = network)]
    local: Vec<IpNet>,
    /// The name of the interface, where the capture does not tell it
    #[arg(long, value_name = "NAME", default_value = "")]
    interface: String,
    /// Only these packets, by number: 7, 10-20, 100-, -50
    #[arg(long, value_name = "RANGE", default_value = "-", hide_default_value = true, allow_hyphen_values = true)]
    packets: Range,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line for each packet, for people
    Table,
    /// A list of summaries, as NetMaster's API shows them
    Json,
    /// The same as CSV
    Csv,
}

/// A network, or an address alone.
fn network(text: &str) -> Result<IpNet, String> {
    let alone =
        || text.parse::<std::net::IpAddr>().map(IpNet::from).map_err(|_| "is no address and no network".to_owned());
    text.parse::<IpNet>().or_else(|_| alone())
}

/// Lists the packets. What was read before an error or an interrupt is listed all the same.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    match &options.command {
        Some(Command::Import(options)) => return import::run(options),
        Some(Command::Snapshot(options)) => return import::snapshot(options),
        Some(Command::Follow(options)) => return import::follow(options),
        Some(Command::Stop(options)) => return kept::stop(options),
        Some(Command::Traces(options)) => return kept::list(options),
        Some(Command::Delete(options)) => return kept::delete(options),
        None => {}
    }
    let options = &options.list;
    // One is required.
    let file = options.capture.as_deref().unwrap_or(Path::new("-"));
    let interrupt = progress::interrupt();
    let (input, _) = input::open(file, &interrupt)?;
    let out = io::stdout().lock();
    let is_interrupted = || interrupt.load(std::sync::atomic::Ordering::Relaxed);
    let listed = if out.is_terminal() {
        list(options, input, LineWriter::new(out), is_interrupted)
    } else {
        list(options, input, BufWriter::with_capacity(1 << 16, out), is_interrupted)
    };
    match listed {
        // Nobody reads any further: that is no failure.
        Err(Trouble::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Answer::Yes),
        Err(Trouble::Output(error)) => Err(Failure::new(format!("cannot write the output: {error}"))),
        Err(Trouble::Input(failure)) => Err(named(file, &failure)),
        Ok(()) if is_interrupted() => Ok(Answer::Interrupted),
        Ok(()) => Ok(Answer::Yes),
    }
}

/// Why packets cannot be listed any further.
#[derive(Debug)]
enum Trouble {
    Input(Failure),
    Output(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// The capture that is read.
fn open(input: Box<dyn Read>) -> Result<Capture<Box<dyn Read>>, Failure> {
    let opened = Capture::open(input::window(input)?).map_err(|error| Failure::new(error.to_string()))?;
    opened.map_err(|_| Failure::new("is no capture: neither pcap nor pcapng"))
}

fn list(
    options: &List,
    input: Box<dyn Read>,
    out: impl Write,
    is_interrupted: impl Fn() -> bool,
) -> Result<(), Trouble> {
    let mut capture = open(input).map_err(Trouble::Input)?;
    let locals: Locals = options.local.iter().copied().collect();
    let mut summarizer = Summarizer::new(locals, options.interface.as_str());
    let mut listing = Listing::begin(options.format, out)?;
    let mut number = 0;
    let ended = loop {
        number += 1;
        if number > options.packets.last || is_interrupted() {
            break Ok(());
        }
        match capture.next_frame() {
            Ok(None) => break Ok(()),
            Ok(Some(frame)) if number < options.packets.first => summarizer.pass(&frame),
            Ok(Some(frame)) => listing.add(&summarizer.next(&frame))?,
            Err(error) => break Err(Trouble::Input(Failure::new(error.to_string()))),
        }
    };
    listing.end()?;
    ended
}
