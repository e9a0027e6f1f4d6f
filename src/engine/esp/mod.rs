//! What ESP in tunnel mode adds to a packet, exact to the byte (RFC 4303).
//!
//! | module | what it holds |
//! |---|---|
//! | `proposal` | what protects the packets: a cipher and the digest it needs, or neither too many |
//! | `encapsulation` | the sizes of packets before and after, and what fits an MTU |
//!
//! The packet that enters the tunnel becomes the payload of a new one:
//!
//! ```text
//! outer IP header   20 (IPv4) or 40 (IPv6)
//! UDP header        8, with NAT traversal (RFC 3948)
//! SPI, sequence     8
//! IV                16 (AES-CBC), 8 (GCM, GMAC) or none
//! inner packet      n
//! padding           so that inner packet, padding and the next two fill whole blocks
//! pad length, next  2
//! ICV               16 (GCM, GMAC), or that of the digest
//! ```
//!
//! | | IV | block | ICV | source |
//! |---|---|---|---|---|
//! | AES-CBC | 16 | 16 | digest | RFC 3602 |
//! | AES-GCM | 8 | 4 | 16 | RFC 4106 |
//! | no encryption, AES-GMAC | 8 | 4 | 16 | RFC 4543 |
//! | no encryption, digest | 0 | 4 | digest | RFC 2410, RFC 4303 section 2.4 |
//! | HMAC-SHA1-96 | | | 12 | RFC 2404 |
//! | HMAC-SHA-256-128 | | | 16 | RFC 4868 |
//! | HMAC-SHA-384-192 | | | 24 | RFC 4868 |
//! | HMAC-SHA-512-256 | | | 32 | RFC 4868 |
//!
//! A key's length changes nothing. Extended sequence numbers do not either: their
//! upper half is not sent (RFC 4303 section 2.2.1). No padding is added beyond what
//! the block needs, and the outer IP header has no options or extension headers.

mod encapsulation;
mod proposal;
#[cfg(test)]
mod tests;

pub use encapsulation::{Encapsulation, IpVersion};
pub use proposal::{AeadCipher, Impossible, KeyLength, PlainCipher, Proposal};
