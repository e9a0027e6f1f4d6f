//! What the tests of the commands share.
//!
//! | module | what it holds |
//! |---|---|
//! | `golden` | texts that have been looked at, and are to stay as they are |
//! | `lab` | an engine with a small world in it |

mod golden;
mod lab;

pub use golden::golden;
pub use lab::{Lab, neighbor, path, session};
