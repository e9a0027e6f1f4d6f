//! Chance that can be repeated: what a seed determines (splitmix64).

use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers that a seed determines.
pub struct Dice(u64);

impl Dice {
    /// The dice of one round: other rounds throw other numbers.
    pub fn of_round(seed: u64, round: u64) -> Self {
        Self(seed.wrapping_add(round << 32))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// A position in something of this length.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// Whether something happens that happens once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A number from the environment.
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The seed that `variable` gives, or else a new one.
pub fn seed(variable: &str) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    number(variable).unwrap_or(now.as_nanos() as u64 % 1_000_000)
}
