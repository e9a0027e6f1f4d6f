//! Forwarding in worlds that are declared as users declare theirs.

mod agreement;
mod golden;
mod properties;
mod text;
mod world;
