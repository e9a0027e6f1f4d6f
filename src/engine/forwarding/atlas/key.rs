//! Addresses as numbers.

use std::hash::Hash;

/// An address of one IP version, as a number.
pub(in crate::engine::forwarding) trait Key: Copy + Ord + Hash + Default {
    /// The bits of an address.
    const BITS: u32;

    /// The last address of the network that begins here and has a prefix of `length`.
    fn last(self, length: u8) -> Self;

    /// The first address of the network of `length` around this one.
    fn first(self, length: u8) -> Self;

    /// The next address; none after the last of all.
    fn next(self) -> Option<Self>;

    /// How many steps of two to the power of `shift` it lies above `base`; none if it
    /// lies below.
    fn steps(self, base: Self, shift: u32) -> usize;

    /// Whether it lies whole steps above `base`, which is no higher.
    fn is_step(self, base: Self, shift: u32) -> bool;

    /// How many bits the distance from `base`, which is no higher, has.
    fn distance_bits(self, base: Self) -> u32;
}

macro_rules! key {
    ($number:ty) => {
        impl Key for $number {
            const BITS: u32 = <$number>::BITS;

            fn last(self, length: u8) -> Self {
                self | <$number>::MAX.checked_shr(u32::from(length)).unwrap_or_default()
            }

            fn first(self, length: u8) -> Self {
                self & !<$number>::MAX.checked_shr(u32::from(length)).unwrap_or_default()
            }

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            #[inline]
            fn steps(self, base: Self, shift: u32) -> usize {
                usize::try_from(self.saturating_sub(base) >> shift).unwrap_or(usize::MAX)
            }

            fn is_step(self, base: Self, shift: u32) -> bool {
                (self - base) >> shift << shift == self - base
            }

            fn distance_bits(self, base: Self) -> u32 {
                <$number>::BITS - (self - base).leading_zeros()
            }
        }
    };
}

key!(u32);
key!(u128);

/// A network of one IP version. Ordered so that a network comes right before those
/// within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::engine::forwarding) struct Prefix<K> {
    pub first: K,
    pub length: u8,
}

impl<K: Key> Prefix<K> {
    pub fn last(self) -> K {
        self.first.last(self.length)
    }
}
