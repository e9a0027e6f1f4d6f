//! Positions in tables.

use std::num::NonZeroU32;

/// A position in a table; none of it takes no room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ix(NonZeroU32);

impl Ix {
    pub const fn new(position: u32) -> Self {
        match NonZeroU32::new(position.saturating_add(1)) {
            Some(number) => Self(number),
            None => Self(NonZeroU32::MIN),
        }
    }

    pub const fn get(self) -> u32 {
        self.0.get() - 1
    }
}

impl std::fmt::Debug for Ix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

/// The position as it is kept. Tables have fewer than four thousand million entries.
pub(super) fn small(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
