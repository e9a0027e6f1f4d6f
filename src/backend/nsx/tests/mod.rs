//! The backend against an NSX that fails as it is told.

mod fake;
mod faults;
mod identity;
mod live_traces;
mod objects;
mod world;
