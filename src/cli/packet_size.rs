//! How large packets are.

use std::ops::RangeInclusive;

use crate::engine::esp::IpVersion;

/// What 16 bits count. In IPv4 that is the whole packet (RFC 791), in IPv6 what follows
/// the header (RFC 8200). Jumbograms (RFC 2675) are left out: no tunnel takes them.
const LARGEST_LENGTH: usize = 65_535;

/// The bytes that a whole IP packet has, from its header alone to the largest.
pub const fn possible(version: IpVersion) -> RangeInclusive<usize> {
    match version {
        IpVersion::V4 => version.header()..=LARGEST_LENGTH,
        IpVersion::V6 => version.header()..=version.header() + LARGEST_LENGTH,
    }
}
