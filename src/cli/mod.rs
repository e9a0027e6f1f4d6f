//! What the binary does when it is not started by Terraform.
//!
//! | module | what it holds |
//! |---|---|
//! | [`trace`] | the way of one packet |
//! | [`topology`] | a picture of what is declared, and how it is |
//! | [`replay`] | what becomes of the traffic of a capture |
//! | [`packets`] | the summaries of the packets of a capture |
//! | `capture` | what taps have copied, as a capture file |
//! | `routes` | what a BGP neighbor teaches, and is taught |
//! | `reset_statistics` | the counters of a session, from zero again |
//! | `serve` | the engine over HTTP |
//! | [`docs`] | the pages of the documentation |
//! | `source` | what commands look at, and the moment they show |
//! | `engine_file` | the engine file that commands look at |
//! | `endpoint` | the live endpoint that commands look at |
//! | `input` | the file, or the standard input, that packets come from |
//! | `progress` | how far it is, and whether the user wants it to end |
//! | `names` | what objects are called |
//! | `packet_size` | how large packets are |
//! | `amounts` | numbers and sizes for people |
//! | `words` | packets, events and outcomes in words |
//! | `table` | tables of text |
//! | `output` | what commands print, and how they end |

pub mod docs;
pub mod packets;
pub mod replay;
pub mod topology;
pub mod trace;

mod amounts;
mod capture;
mod endpoint;
mod engine_file;
mod input;
mod names;
mod output;
mod packet_size;
mod progress;
mod reset_statistics;
mod routes;
mod serve;
mod source;
mod table;
#[cfg(test)]
mod testing;
mod words;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::provider::{ADDRESS, VpnProvider};
use crate::tf_provider::{self, ServeOptions, plugin};
pub use output::Failure;

/// This program is a Terraform provider: Terraform starts it by itself when a
/// configuration requires it. The commands below are for people.
///
/// With it Terraform declares, plans and applies IPSec VPNs.
#[derive(Parser)]
#[command(name = "terraform-provider-vpn", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the way of a packet through the engine, step by step; with --fabric its path over
    /// the simulated devices, hop by hop.
    ///
    /// Ends with 0 when the packet arrives, with 1 when it is dropped, and with 2 when
    /// that cannot be told.
    Trace(Box<trace::Options>),
    /// Draw segments, gateways, tunnels and peers, with their state.
    Topology(topology::Options),
    /// Send the packets of a capture through the engine, and count what becomes of them.
    ///
    /// Ends with 0; with 1 when --against finds flows that fare differently; and with 2 when
    /// the capture could not be read to its end.
    Replay(replay::Options),
    /// List the packets of a capture, each with a summary of what is in it.
    ///
    /// Ends with 0, and with 2 when the capture could not be read to its end.
    Packets(packets::Options),
    /// Write the packets that taps have copied, a simulated flow has sent, or a live trace has
    /// captured, to a capture file.
    ///
    /// The packets are those of simulated flows, with headers as they would have them. A
    /// mirror's are wrapped as they are sent.
    Capture(capture::Options),
    /// List the routes that a BGP neighbor teaches the gateway, or is taught.
    Routes(routes::Options),
    /// Set the statistics of a session to zero.
    ResetStatistics(reset_statistics::Options),
    /// Serve the engine over HTTP, for clients of NSX and VMware Cloud on AWS.
    ///
    /// Prints `listening on URL` once it accepts connections, and ends on SIGTERM or Ctrl-C
    /// when what is under way is done.
    Serve(Box<serve::Options>),
    /// Serve Terraform from a process of its own, for debuggers and tests: prints
    /// the `TF_REATTACH_PROVIDERS` that makes Terraform use it.
    Debug,
    /// Write the pages of the documentation, from the schemas and the examples.
    Docs(docs::Options),
}

/// Runs the program: as a plugin when Terraform started it, as a command-line
/// tool otherwise.
pub fn run() -> ExitCode {
    if plugin::started_by_terraform() {
        return serve_terraform(false);
    }
    match Arguments::parse().command {
        Command::Trace(options) => output::finish(trace::run(&options)),
        Command::Topology(options) => output::finish(topology::run(&options)),
        Command::Replay(options) => output::finish(replay::run(&options)),
        Command::Packets(options) => output::finish(packets::run(&options)),
        Command::Capture(options) => output::finish(capture::run(&options)),
        Command::Routes(options) => output::finish(routes::run(&options)),
        Command::ResetStatistics(options) => output::finish(reset_statistics::run(&options)),
        Command::Serve(options) => output::finish(serve::run(&options)),
        Command::Debug => serve_terraform(true),
        Command::Docs(options) => make_docs(&options),
    }
}

/// Ends the program as clap does, for arguments of `subcommand` that are each right and
/// do not go together.
fn exit_with(subcommand: &str, contradiction: &str) -> ! {
    let mut command = Arguments::command();
    command.build();
    let command = command.find_subcommand_mut(subcommand).map_or_else(Arguments::command, |found| found.clone());
    command.clone().error(ErrorKind::ArgumentConflict, contradiction).exit()
}

fn make_docs(options: &docs::Options) -> ExitCode {
    match docs::run(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_terraform(reattach: bool) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let options = ServeOptions { address: ADDRESS.to_owned(), reattach };
    let served = runtime.block_on(tf_provider::serve(VpnProvider::default(), options));
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    /// clap looks at the arguments of a command when it is used first: here all of them are.
    #[test]
    fn the_arguments_of_every_command_are_consistent() {
        Arguments::command().debug_assert();
    }
}
