//! Cutting packets into fragments, exact to the byte (RFC 791 section 3.2, RFC 8200
//! section 4.5).

use crate::engine::esp::IpVersion;

/// Fragments carry multiples of so many bytes, but for the last (RFC 791, RFC 8200).
const FRAGMENT_UNIT: usize = 8;
/// The extension header of an IPv6 fragment (RFC 8200 section 4.5).
const FRAGMENT_HEADER: usize = 8;

/// What goes the way: a whole packet, or its fragments. Sizes are those of whole IP
/// packets, headers included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Load {
    whole: usize,
    /// Empty unless it is cut.
    fragments: Vec<usize>,
}

impl Load {
    /// A packet of `size` bytes.
    pub const fn whole(size: usize) -> Self {
        Self { whole: size, fragments: Vec::new() }
    }

    /// Of these sizes.
    pub fn of(sizes: Vec<usize>) -> Self {
        match sizes[..] {
            [whole] => Self::whole(whole),
            _ => Self { whole: 0, fragments: sizes },
        }
    }

    /// The sizes of what there is.
    pub fn sizes(&self) -> &[usize] {
        if self.fragments.is_empty() { std::slice::from_ref(&self.whole) } else { &self.fragments }
    }

    /// The size of the largest.
    #[inline]
    pub fn largest(&self) -> usize {
        if self.fragments.is_empty() { self.whole } else { self.fragments.iter().copied().max().unwrap_or_default() }
    }

    /// Cuts what is larger than `mtu`.
    pub fn cut(&mut self, version: IpVersion, mtu: usize) {
        if self.largest() > mtu {
            *self = Self::of(self.sizes().iter().flat_map(|size| fragments(*size, version, mtu)).collect());
        }
    }
}

/// The sizes of the fragments of a packet of `size` bytes, none of which is larger
/// than `mtu`. A packet that fits is not cut. The IPv4 header has no options, and the
/// IPv6 header no extension headers but that of the fragments.
fn fragments(size: usize, version: IpVersion, mtu: usize) -> Vec<usize> {
    let header = match version {
        IpVersion::V4 => version.header(),
        IpVersion::V6 => version.header() + FRAGMENT_HEADER,
    };
    // Where not even one unit fits, one goes nevertheless: no link is so narrow.
    let most = (mtu.saturating_sub(header) / FRAGMENT_UNIT * FRAGMENT_UNIT).max(FRAGMENT_UNIT);
    let mut rest = size.saturating_sub(version.header());
    if size <= mtu {
        return vec![size];
    }
    let mut sizes = Vec::with_capacity(rest / most + 1);
    while rest > most {
        sizes.push(header + most);
        rest -= most;
    }
    sizes.push(header + rest);
    sizes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(size: usize, version: IpVersion, mtu: usize) -> Vec<usize> {
        let mut load = Load::whole(size);
        load.cut(version, mtu);
        load.sizes().to_vec()
    }

    /// 4000 bytes over an Ethernet link: the payload is 3980 = 1480 + 1480 + 1020, as
    /// in every textbook.
    #[test]
    fn the_textbook_packet() {
        assert_eq!(cut(4_000, IpVersion::V4, 1_500), [1_500, 1_500, 1_040]);
    }

    /// 1438 - 20 = 1418 holds 177 units of 8, 1416 bytes; 1500 - 20 = 1480 = 1416 + 64.
    #[test]
    fn what_does_not_fill_a_unit_is_left_empty() {
        assert_eq!(cut(1_500, IpVersion::V4, 1_438), [1_436, 84]);
    }

    /// 1500 - 40 - 8 = 1452 holds 181 units, 1448 bytes; 1600 - 40 = 1560 = 1448 + 112.
    #[test]
    fn ipv6_fragments_have_one_more_header() {
        assert_eq!(cut(1_600, IpVersion::V6, 1_500), [1_496, 160]);
    }

    #[test]
    fn what_fits_is_not_cut() {
        assert_eq!(cut(1_500, IpVersion::V4, 1_500), [1_500]);
        assert_eq!(cut(1_501, IpVersion::V4, 1_500), [1_500, 21]);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(size in 60_usize..65_536, mtu in 576_usize..9_000, narrower in 576_usize..9_000) {
            for version in [IpVersion::V4, IpVersion::V6] {
                let mut load = Load::whole(size);
                for limit in [mtu, narrower] {
                    load.cut(version, limit);
                    prop_assert!(load.largest() <= limit);
                }
                if version == IpVersion::V4 {
                    let payload: usize = load.sizes().iter().map(|it| it - 20).sum();
                    prop_assert_eq!(payload, size - 20);
                }
            }
        }

        #[test]
        fn all_but_the_last_carry_whole_units(size in 60_usize..65_536, mtu in 576_usize..9_000) {
            let sizes = cut(size, IpVersion::V4, mtu);
            for size in &sizes[..sizes.len() - 1] {
                prop_assert_eq!((size - 20) % 8, 0);
                // One unit more would not have fitted.
                prop_assert!(size + 8 > mtu);
            }
        }
    }
}
