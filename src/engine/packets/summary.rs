//! The summary of a packet, with the names of NetMaster's API ("GET: Single Packet Summary").

use std::fmt;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::code_page;

/// How many bytes of the data are shown.
pub const SHOWN: usize = 16;

/// The summary of one packet.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PacketSummary<'a> {
    /// Its number in the trace, the first being 1.
    pub packet_number: u64,
    /// Between whom it goes.
    pub connection: Connection,
    /// Its bytes, IP header and data included.
    pub length: u32,
    /// The name of what IP carries, by IANA's registry.
    pub protocol: &'a str,
    /// When it was received.
    pub timing: Timing,
    /// What is in it, in a line.
    pub summary: &'a str,
    /// What follows the IP header.
    pub data: Data<'a>,
    /// The interface on which it was received or sent.
    pub stack_interface: &'a str,
    /// How many packets are summed up: this one.
    pub total_packets: u32,
}

/// Between whom a packet goes.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The address of the local host; none where the packet is not of IP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_address: Option<IpAddr>,
    /// Its port; of TCP and UDP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_port: Option<u16>,
    /// The address of the remote host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_address: Option<IpAddr>,
    /// Its port; of TCP and UDP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_port: Option<u16>,
    /// Which way it goes.
    pub direction: Way,
}

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Way {
    /// From the local host to the remote one.
    #[serde(rename = "SEND")]
    Send,
    /// From the remote host to the local one.
    #[serde(rename = "RECV")]
    Recv,
}

impl Way {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Send => "SEND",
            Self::Recv => "RECV",
        }
    }
}

/// When a packet was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// In microseconds since 1970, UTC.
    pub absolute: i64,
    /// Milliseconds since the packet before it; 0 below one.
    pub delta: i64,
}

/// The first bytes that follow the IP header, three times.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Data<'a> {
    /// In hexadecimal digits.
    pub hex: Hex<'a>,
    /// As characters of EBCDIC, code page 1047.
    pub ebcdic: Characters<'a>,
    /// As characters of ASCII.
    pub ascii: Characters<'a>,
}

impl<'a> Data<'a> {
    /// The first bytes of `content`.
    pub fn of(content: &'a [u8]) -> Self {
        let bytes = content.get(..SHOWN).unwrap_or(content);
        Self {
            hex: Hex(bytes),
            ebcdic: Characters(bytes, code_page::ebcdic),
            ascii: Characters(bytes, code_page::ascii),
        }
    }
}

/// Bytes in hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

/// The two digits of a byte.
fn digits(byte: u8) -> [u8; 2] {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    [byte >> 4, byte & 0xf].map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or_default())
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| f.write_str(std::str::from_utf8(&digits(*byte)).unwrap_or_default()))
    }
}

// What is shown of a packet is put together first, and written at once.
impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; 2 * SHOWN];
        let Some(text) = text.get_mut(..2 * self.0.len()) else { return serializer.collect_str(self) };
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&digits(*byte));
        }
        serializer.serialize_str(std::str::from_utf8(text).unwrap_or_default())
    }
}

/// Bytes as the characters of a code page, all of them ASCII.
#[derive(Clone, Copy, Debug)]
pub struct Characters<'a>(&'a [u8], fn(u8) -> u8);

impl fmt::Display for Characters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes, character) = self;
        bytes.iter().try_for_each(|byte| fmt::Write::write_char(f, char::from(character(*byte))))
    }
}

impl Serialize for Characters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(bytes, character) = self;
        let mut text = [0; SHOWN];
        let Some(text) = text.get_mut(..bytes.len()) else { return serializer.collect_str(self) };
        for (place, byte) in text.iter_mut().zip(*bytes) {
            *place = character(*byte);
        }
        serializer.serialize_str(std::str::from_utf8(text).unwrap_or_default())
    }
}
