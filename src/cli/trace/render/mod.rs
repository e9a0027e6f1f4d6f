//! A trace as text, in the three forms of ovn-trace(8), and as JSON.
//!
//! | module | what it holds |
//! |---|---|
//! | `detailed` | every step, with the object that decided it |
//! | `summary` | one line for each hop |
//! | `minimal` | what changes the packet, and what becomes of it |
//! | `json` | everything, for programs |
//!
//! `minimal` and `json` do not change without need: tests and programs read them.

mod detailed;
pub mod json;
pub mod minimal;
mod summary;

use crate::cli::names::Names;
use crate::cli::output::{STRONG, styled};
use crate::engine::forwarding::Trace;
use crate::engine::topology::Topology;

/// The forms of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Every step.
    Detailed,
    /// One line for each hop.
    Summary,
    /// Only what changes the packet.
    Minimal,
    /// JSON.
    Json,
}

/// The answer to the packet of a trace.
#[derive(Clone, Copy, Debug)]
pub enum Return<'a> {
    /// It was not asked for.
    Unasked,
    /// There is none, as the packet did not arrive.
    Nothing,
    /// Its own trace.
    Trace(&'a Trace),
}

/// The text of `trace` in `form`, with the names that `topology` knows.
pub fn render(topology: &Topology, form: Form, trace: &Trace, answer: Return<'_>) -> String {
    let names = Names(topology);
    let one = |trace: &Trace| match form {
        Form::Detailed => detailed::text(names, trace),
        Form::Summary => summary::text(names, trace),
        Form::Minimal => minimal::text(trace),
        Form::Json => String::new(),
    };
    let forth = one(trace);
    match (form, answer) {
        (Form::Json, answer) => json::text(names, trace, answer),
        (_, Return::Unasked) => forth,
        (Form::Minimal, Return::Nothing) => forth + "\nno answer\n",
        (Form::Minimal, Return::Trace(answer)) => format!("{forth}\n{}", one(answer)),
        (_, Return::Nothing) => format!("{forth}\n{} none: the packet did not arrive\n", styled(STRONG, "Answer")),
        (_, Return::Trace(answer)) => format!("{forth}\n{} {}", styled(STRONG, "Answer"), one(answer)),
    }
}
