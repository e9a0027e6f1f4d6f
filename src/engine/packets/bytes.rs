//! Taking fields off the front of bytes that somebody else has written.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Why a packet cannot be decoded any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// There are fewer bytes than it should have.
    Short,
    /// It contradicts itself; in what.
    Malformed(&'static str),
}

/// The bytes that are still to be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What is left.
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Whether nothing is left.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Flaw::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next `length` bytes, as bytes of their own.
    pub fn part(&mut self, length: usize) -> Result<Self, Flaw> {
        self.take(length).map(Self)
    }

    /// Passes `length` bytes.
    pub fn skip(&mut self, length: usize) -> Result<(), Flaw> {
        self.take(length).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Flaw::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// A number of 8 bits.
    pub fn u8(&mut self) -> Result<u8, Flaw> {
        self.array().map(u8::from_be_bytes)
    }

    /// A number of 16 bits, in network byte order, as all of these.
    pub fn u16(&mut self) -> Result<u16, Flaw> {
        self.array().map(u16::from_be_bytes)
    }

    /// A number of 32 bits.
    pub fn u32(&mut self) -> Result<u32, Flaw> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of 64 bits.
    pub fn u64(&mut self) -> Result<u64, Flaw> {
        self.array().map(u64::from_be_bytes)
    }

    /// An IPv4 address.
    pub fn v4(&mut self) -> Result<Ipv4Addr, Flaw> {
        self.array::<4>().map(Ipv4Addr::from)
    }

    /// An IPv6 address.
    pub fn v6(&mut self) -> Result<Ipv6Addr, Flaw> {
        self.array::<16>().map(Ipv6Addr::from)
    }
}
