//! `trace`: the way of one packet, step by step, as of ovn-trace(8).
//!
//! | module | what it holds |
//! |---|---|
//! | `packet` | the packet that the arguments describe |
//! | `fabric` | its path over the fabric, hop by hop |
//! | `render` | a trace as text and as JSON |

mod fabric;
mod packet;
pub mod render;
#[cfg(test)]
mod tests;

use clap::Args;

use super::output::{self, Answer, Failure};
use super::source::Source;
use crate::engine::forwarding::{Disposition, Trace};
use crate::engine::{TraceAnswer, When};
use packet::PacketOptions;
use render::{Form, Return};

/// What the `trace` command is given.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    packet: PacketOptions,
    #[command(flatten)]
    engine: Source,
    /// Trace the answer too: a packet of the same size, the other way round
    #[arg(long = "return", help_heading = "Packet")]
    answer: bool,
    #[command(flatten)]
    fabric: fabric::FabricOptions,
    #[command(flatten)]
    form: FormOptions,
}

/// The form of the output.
#[derive(Args)]
#[command(next_help_heading = "Output")]
#[group(multiple = false)]
#[allow(clippy::struct_excessive_bools)]
struct FormOptions {
    /// Every step, with the object that decided it (the default)
    #[arg(long)]
    detailed: bool,
    /// One line for each hop
    #[arg(long)]
    summary: bool,
    /// Only what changes the packet, and what becomes of it: for tests, as it stays the same
    #[arg(long)]
    minimal: bool,
    /// The whole trace as JSON
    #[arg(long)]
    json: bool,
}

impl FormOptions {
    fn form(&self) -> Form {
        match self {
            Self { summary: true, .. } => Form::Summary,
            Self { minimal: true, .. } => Form::Minimal,
            Self { json: true, .. } => Form::Json,
            Self { .. } => Form::Detailed,
        }
    }
}

/// Traces the packet, and says whether it arrives; with `--return` its answer has to
/// arrive as well.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    if options.fabric.is_wanted() {
        return fabric::run(options);
    }
    let packet = options.packet.packet().unwrap_or_else(|contradiction| super::exit_with("trace", &contradiction));
    let size = packet.size;
    let (TraceAnswer { there: trace, back, .. }, topology) = options.engine.trace(packet, size, When::Current)?;
    let back = back.filter(|_| options.answer);
    let answer = match &back {
        Some(back) => Return::Trace(back),
        None if options.answer => Return::Nothing,
        None => Return::Unasked,
    };
    output::print(&render::render(&topology, options.form.form(), &trace, answer))?;
    let arrives = |trace: &Trace| trace.disposition != Disposition::Dropped;
    let all_arrive = match answer {
        Return::Unasked => arrives(&trace),
        Return::Nothing => false,
        Return::Trace(back) => arrives(&trace) && arrives(back),
    };
    Ok(if all_arrive { Answer::Yes } else { Answer::No })
}
