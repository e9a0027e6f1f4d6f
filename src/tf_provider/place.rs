//! Where a walk through a value has got to.

use super::path::{Path, Step};

/// A [`Path`] that grows as a walk goes down and stops growing at a set, into
/// which the protocol has no step: what is found inside is told of the set.
pub(super) struct Place {
    /// The path to tell.
    pub(super) path: Path,
    inside_set: bool,
}

impl Place {
    pub(super) fn root() -> Self {
        Self { path: Path::root(), inside_set: false }
    }

    pub(super) fn child(&self, name: &str) -> Self {
        self.then(|path| path.child(name))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.then(|path| path.index(index))
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.then(|path| path.then(Step::Key(key.to_owned())))
    }

    pub(super) fn inside_set(&self) -> Self {
        Self { path: self.path.clone(), inside_set: true }
    }

    fn then(&self, step: impl FnOnce(&Path) -> Path) -> Self {
        let path = if self.inside_set { self.path.clone() } else { step(&self.path) };
        Self { path, inside_set: self.inside_set }
    }
}
