//! Real Terraform against the real provider.
//!
//! `make test` finds or sets up Terraform and names it in `TERRAFORM`; without it
//! `terraform` on the PATH is used. Every test has a folder and an engine file of
//! its own and leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::pedantic, missing_docs)]
// Tables of cases are long, and nothing here is fast or runs on 32 bits.
#![allow(
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::cast_possible_truncation,
    clippy::format_push_string,
    clippy::items_after_statements,
    clippy::duration_suboptimal_units
)]

mod addresses;
mod attributes;
mod dice;
mod fleet;
mod over_http;
mod processes;
mod proxy;
mod rpc;
mod running;
mod samples;
mod terraform;
mod worlds;

mod basics;
mod change;
mod data_sources;
mod drift;
mod engine_file;
mod examples;
mod fabric;
mod faults;
mod functions;
mod gateways;
mod hostile;
mod import;
mod interrupt;
mod kill;
mod left_behind;
mod live_traces;
mod order;
mod packets;
mod protocol;
mod readme;
mod refusals;
mod secrets;
mod seed;
mod spelling;
mod structure;
mod taps;
mod together;
mod unknown;
