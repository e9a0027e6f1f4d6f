//! What is written down on the way of a packet.

use super::{Event, Node, Step};
use crate::engine::forwarding::CopyMade;

/// Something that writes steps down.
pub(super) trait Record {
    /// Whether it is of interest which copies are made.
    const COPIES: bool;

    /// Writes a step down, if it does so at all.
    fn step(&mut self, step: impl FnOnce() -> Step);

    /// Writes a copy down, which is made at the node.
    fn copy(&mut self, copy: CopyMade<'_>, at: impl FnOnce() -> Node);
}

/// Writes nothing down.
pub(super) struct Nothing;

impl Record for Nothing {
    const COPIES: bool = false;

    #[inline]
    fn step(&mut self, _: impl FnOnce() -> Step) {}

    fn copy(&mut self, _: CopyMade<'_>, _: impl FnOnce() -> Node) {}
}

/// Hands copies on, and writes nothing down.
pub(super) struct Copies<F>(pub F);

impl<F: FnMut(CopyMade<'_>)> Record for Copies<F> {
    const COPIES: bool = true;

    #[inline]
    fn step(&mut self, _: impl FnOnce() -> Step) {}

    fn copy(&mut self, copy: CopyMade<'_>, _: impl FnOnce() -> Node) {
        (self.0)(copy);
    }
}

/// Writes every step down.
#[derive(Default)]
pub(super) struct Steps(pub Vec<Step>);

impl Record for Steps {
    const COPIES: bool = true;

    fn step(&mut self, step: impl FnOnce() -> Step) {
        self.0.push(step());
    }

    fn copy(&mut self, copy: CopyMade<'_>, at: impl FnOnce() -> Node) {
        let CopyMade { direction, sizes, time_to_live, to, .. } = copy;
        let event = Event::Copied { direction, sizes: sizes.to_vec(), time_to_live, to: to.clone() };
        self.0.push(Step { node: at(), object: Some(copy.by.clone()), event });
    }
}
