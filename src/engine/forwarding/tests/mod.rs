//! Forwarding in worlds that are declared as users declare theirs.

mod agreement;
mod golden;
mod properties;
mod taps;
mod text;
mod world;
