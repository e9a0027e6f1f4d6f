//! What the binary does when it is not started by Terraform.

pub mod docs;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::provider::{ADDRESS, VpnProvider};
use crate::tf_provider::{ServeOptions, plugin, serve};

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
        Command::Debug => serve_terraform(true),
        Command::Docs(options) => make_docs(&options),
    }
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
    let served = runtime.block_on(serve(VpnProvider::default(), options));
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
