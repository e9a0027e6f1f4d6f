//! Filters that are written as a text.
//!
//! The API has two texts, the "basic" and the "extended RCF rule", and does not say what is
//! in them. This is the engine's grammar, which is also in the guide on live traces:
//!
//! ```text
//! basic     = test { [ "and" ] test }
//! extended  = both { "or" both }
//! both      = one { [ "and" ] one }
//! one       = "not" one | "(" extended ")" | test
//! test      = ( "src" | "dst" | "host" ) NETWORK
//!           | "proto" ( "tcp" | "udp" | "icmp" | "icmpv4" | "icmpv6" | "esp" | NUMBER )
//!           | ( "sport" | "dport" | "port" ) PORTS
//!           | ( "size" | "ttl" ) NUMBERS
//!           | "ipv4" | "ipv6"
//! NETWORK   = an address, or a network in CIDR form
//! PORTS, NUMBERS = NUMBER [ "-" NUMBER ]
//! ```
//!
//! Words are separated by white space, and parentheses stand alone or beside words. Upper
//! and lower case are the same.

use super::filter::network;
use crate::engine::esp::IpVersion;
use crate::engine::forwarding::{Packet, protocol};
use crate::model::Network;

/// Conditions on packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// All of them hold.
    All(Vec<Plain>),
    /// One of them holds.
    Any(Vec<Plain>),
    /// It does not hold.
    Not(Box<Plain>),
    /// This holds.
    Test(Test),
}

/// A condition on a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It comes from there.
    Source(Network),
    /// It goes there.
    Destination(Network),
    /// It comes from there or goes there.
    Host(Network),
    /// It is of this protocol.
    Protocol(u8),
    /// It comes from a port within these bounds.
    SourcePort(u16, u16),
    /// It goes to a port within these bounds.
    DestinationPort(u16, u16),
    /// One of its ports is within these bounds.
    Port(u16, u16),
    /// It has so many bytes.
    Size(u16, u16),
    /// It may go so many hops.
    TimeToLive(u16, u16),
    /// It is of this version of IP.
    Version(IpVersion),
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlainError {
    /// It ends where something has to follow.
    #[error("the filter ends after {0:?}, where {1} is expected")]
    Ends(String, &'static str),
    /// A word is not what is expected.
    #[error("{found:?} stands where {expected} is expected")]
    Unexpected {
        /// The word.
        found: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A word of extended filters in a basic one.
    #[error("{0:?} is for extend_filter: in basic_filter all conditions must hold")]
    OnlyExtended(String),
    /// A range that ends before it begins.
    #[error("the range {0} ends before it begins")]
    Backwards(String),
    /// Parentheses or negations within each other, more often than anybody needs.
    #[error("the filter is nested more than {DEEPEST} times")]
    TooDeep,
}

/// So deeply may conditions be nested.
const DEEPEST: usize = 32;

/// What begins a condition.
const CONDITION: &str = "src, dst, host, proto, sport, dport, port, size, ttl, ipv4 or ipv6";

impl Plain {
    /// Reads `text`, which may have alternatives if it `is_extended`.
    pub fn parse(text: &str, is_extended: bool) -> Result<Self, PlainError> {
        let spaced = text.to_lowercase().replace('(', " ( ").replace(')', " ) ");
        let words: Vec<_> = spaced.split_whitespace().collect();
        let mut reader = Reader { words: &words, next: 0, is_extended };
        let read = reader.any(0)?;
        match reader.peek() {
            None => Ok(read),
            Some(word) => Err(unexpected(word, "\"and\", \"or\" or the end")),
        }
    }

    /// Whether it holds for `packet`.
    pub fn takes(&self, packet: &Packet) -> bool {
        match self {
            Self::All(all) => all.iter().all(|plain| plain.takes(packet)),
            Self::Any(any) => any.iter().any(|plain| plain.takes(packet)),
            Self::Not(plain) => !plain.takes(packet),
            Self::Test(test) => test.takes(packet),
        }
    }
}

impl Test {
    fn takes(&self, packet: &Packet) -> bool {
        let has_ports = matches!(packet.protocol, protocol::TCP | protocol::UDP);
        let port = |port: u16, first: u16, last: u16| has_ports && (first..=last).contains(&port);
        match *self {
            Self::Source(network) => network.holds(packet.source),
            Self::Destination(network) => network.holds(packet.destination),
            Self::Host(network) => network.holds(packet.source) || network.holds(packet.destination),
            Self::Protocol(number) => number == packet.protocol,
            Self::SourcePort(first, last) => port(packet.source_port, first, last),
            Self::DestinationPort(first, last) => port(packet.destination_port, first, last),
            Self::Port(first, last) => {
                port(packet.source_port, first, last) || port(packet.destination_port, first, last)
            }
            Self::Size(first, last) => (usize::from(first)..=usize::from(last)).contains(&packet.size),
            Self::TimeToLive(first, last) => (first..=last).contains(&u16::from(packet.time_to_live)),
            Self::Version(version) => version == packet.version(),
        }
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
    next: usize,
    is_extended: bool,
}

fn unexpected(found: &str, expected: &'static str) -> PlainError {
    PlainError::Unexpected { found: found.to_owned(), expected }
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).copied()
    }

    /// The next word, where `expected` has to stand.
    fn word(&mut self, expected: &'static str) -> Result<&'a str, PlainError> {
        let last = self.next.checked_sub(1).and_then(|at| self.words.get(at)).copied().unwrap_or_default();
        let word = self.peek().ok_or_else(|| PlainError::Ends(last.to_owned(), expected))?;
        self.next += 1;
        Ok(word)
    }

    /// Takes the next word if it is `wanted`.
    fn takes(&mut self, wanted: &str) -> bool {
        let is_it = self.peek() == Some(wanted);
        self.next += usize::from(is_it);
        is_it
    }

    /// A word that extended filters alone have.
    fn extended(&self, word: &str) -> Result<(), PlainError> {
        if self.is_extended { Ok(()) } else { Err(PlainError::OnlyExtended(word.to_owned())) }
    }

    fn any(&mut self, depth: usize) -> Result<Plain, PlainError> {
        let mut any = vec![self.all(depth)?];
        while self.peek() == Some("or") {
            self.extended("or")?;
            self.next += 1;
            any.push(self.all(depth)?);
        }
        Ok(one_or(any, Plain::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Plain, PlainError> {
        let mut all = vec![self.one(depth)?];
        while self.takes("and") || self.peek().is_some_and(|word| !matches!(word, "or" | ")")) {
            all.push(self.one(depth)?);
        }
        Ok(one_or(all, Plain::All))
    }

    fn one(&mut self, depth: usize) -> Result<Plain, PlainError> {
        if depth > DEEPEST {
            return Err(PlainError::TooDeep);
        }
        match self.peek() {
            Some(word @ "not") => {
                self.extended(word)?;
                self.next += 1;
                Ok(Plain::Not(Box::new(self.one(depth + 1)?)))
            }
            Some(word @ "(") => {
                self.extended(word)?;
                self.next += 1;
                let within = self.any(depth + 1)?;
                match self.word("\")\"")? {
                    ")" => Ok(within),
                    other => Err(unexpected(other, "\")\"")),
                }
            }
            _ => self.test().map(Plain::Test),
        }
    }

    fn test(&mut self) -> Result<Test, PlainError> {
        Ok(match self.word(CONDITION)? {
            "src" => Test::Source(self.network()?),
            "dst" => Test::Destination(self.network()?),
            "host" => Test::Host(self.network()?),
            "proto" => Test::Protocol(self.protocol()?),
            "sport" => self.range().map(|(first, last)| Test::SourcePort(first, last))?,
            "dport" => self.range().map(|(first, last)| Test::DestinationPort(first, last))?,
            "port" => self.range().map(|(first, last)| Test::Port(first, last))?,
            "size" => self.range().map(|(first, last)| Test::Size(first, last))?,
            "ttl" => self.range().map(|(first, last)| Test::TimeToLive(first, last))?,
            "ipv4" => Test::Version(IpVersion::V4),
            "ipv6" => Test::Version(IpVersion::V6),
            other => return Err(unexpected(other, CONDITION)),
        })
    }

    fn network(&mut self) -> Result<Network, PlainError> {
        const EXPECTED: &str = "an address or a network";
        let word = self.word(EXPECTED)?;
        network(word).ok_or_else(|| unexpected(word, EXPECTED))
    }

    fn protocol(&mut self) -> Result<u8, PlainError> {
        const EXPECTED: &str = "tcp, udp, icmp, icmpv6, esp or a number up to 255";
        Ok(match self.word(EXPECTED)? {
            "tcp" => protocol::TCP,
            "udp" => protocol::UDP,
            "icmp" | "icmpv4" => protocol::ICMP,
            "icmpv6" => protocol::ICMPV6,
            "esp" => protocol::ESP,
            other => other.parse().map_err(|_| unexpected(other, EXPECTED))?,
        })
    }

    fn range(&mut self) -> Result<(u16, u16), PlainError> {
        const EXPECTED: &str = "a number up to 65535, or a range such as 1024-65535";
        let word = self.word(EXPECTED)?;
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let number = |text: &str| text.parse::<u16>().map_err(|_| unexpected(word, EXPECTED));
        let (first, last) = (number(first)?, number(last)?);
        if last < first { Err(PlainError::Backwards(word.to_owned())) } else { Ok((first, last)) }
    }
}

/// The only one of them, or all of them together.
fn one_or(mut all: Vec<Plain>, together: fn(Vec<Plain>) -> Plain) -> Plain {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            together(all)
        }
    }
}
