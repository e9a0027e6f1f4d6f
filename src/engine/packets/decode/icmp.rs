//! ICMP for IPv4 (RFC 792): the message, and of errors what they are about.

use super::{Bytes, Flaw, Layer, Line, about, ether_type};

/// Adds a message.
pub fn line(line: &mut Line, data: &[u8], layer: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(data);
    let (kind, code) = (bytes.u8()?, bytes.u8()?);
    bytes.skip(2)?;
    if let Some(word) = alone(kind) {
        line.word(word);
        return Ok(());
    }
    match (kind, code) {
        (0 | 8, _) => {
            line.word(if kind == 8 { "EchoRequest" } else { "EchoReply" });
            line.number("Id", bytes.u16()?);
            line.number("Seq", bytes.u16()?);
            return Ok(());
        }
        (3, 4) => {
            bytes.skip(2)?;
            line.word("FragmentationNeeded");
            line.number("MTU", bytes.u16()?);
        }
        (3, code) => {
            bytes.skip(4)?;
            line.word(unreachable(code));
        }
        (4, _) => {
            bytes.skip(4)?;
            line.word("SourceQuench");
        }
        (5, _) => {
            line.word("Redirect");
            line.pair("Gateway", bytes.v4()?);
        }
        (11, code) => {
            bytes.skip(4)?;
            line.word(if code == 0 { "TimeExceeded" } else { "ReassemblyTimeExceeded" });
        }
        (12, _) => {
            line.word("ParameterProblem");
            line.number("Pointer", bytes.u8()?);
            bytes.skip(3)?;
        }
        (kind, code) => {
            line.number("Type", kind);
            line.number("Code", code);
            return Ok(());
        }
    }
    about(line, ether_type::IPV4, bytes.rest(), layer);
    Ok(())
}

const fn unreachable(code: u8) -> &'static str {
    match code {
        0 => "NetworkUnreachable",
        1 => "HostUnreachable",
        2 => "ProtocolUnreachable",
        3 => "PortUnreachable",
        9 | 10 | 13 => "Prohibited",
        _ => "Unreachable",
    }
}

/// Messages of which no more is said.
const fn alone(kind: u8) -> Option<&'static str> {
    Some(match kind {
        9 => "RouterAdvertisement",
        10 => "RouterSolicitation",
        13 => "TimestampRequest",
        14 => "TimestampReply",
        _ => return None,
    })
}
