//! What is written down on the way of a packet.

use super::Step;

/// Something that writes steps down.
pub(super) trait Record {
    /// Writes a step down, if it does so at all.
    fn step(&mut self, step: impl FnOnce() -> Step);
}

/// Writes nothing down.
pub(super) struct Nothing;

impl Record for Nothing {
    #[inline]
    fn step(&mut self, _: impl FnOnce() -> Step) {}
}

/// Writes every step down.
#[derive(Default)]
pub(super) struct Steps(pub Vec<Step>);

impl Record for Steps {
    fn step(&mut self, step: impl FnOnce() -> Step) {
        self.0.push(step());
    }
}
