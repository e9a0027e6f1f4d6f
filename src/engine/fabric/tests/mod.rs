//! Worlds that are declared, and what a compute agent finds in them.

mod agent;
mod lab;
mod load;
mod runs;
mod samples;
