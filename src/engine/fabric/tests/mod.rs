//! Worlds that are declared, and what a compute agent finds in them.

#![expect(clippy::needless_pass_by_value, reason = "bodies are written where they are used")]

mod agent;
mod lab;
mod load;
mod runs;
mod samples;
