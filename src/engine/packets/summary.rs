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
    #[serde(serialize_with = "display")]
    pub hex: Hex<'a>,
    /// As characters of EBCDIC, code page 1047.
    #[serde(serialize_with = "display")]
    pub ebcdic: Characters<'a>,
    /// As characters of ASCII.
    #[serde(serialize_with = "display")]
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

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
        for byte in self.0 {
            let digits =
                [byte >> 4, byte & 0xf].map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or_default());
            f.write_str(std::str::from_utf8(&digits).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Bytes as the characters of a code page.
#[derive(Clone, Copy, Debug)]
pub struct Characters<'a>(&'a [u8], fn(u8) -> char);

impl fmt::Display for Characters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes, character) = self;
        bytes.iter().try_for_each(|byte| fmt::Write::write_char(f, character(*byte)))
    }
}

fn display<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
