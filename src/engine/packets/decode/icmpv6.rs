//! ICMP for IPv6 (RFC 4443), neighbor discovery (RFC 4861) and multicast listeners (RFC 3810).

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
    match kind {
        1 => {
            bytes.skip(4)?;
            line.word(unreachable(code));
        }
        2 => {
            line.word("PacketTooBig");
            line.number("MTU", bytes.u32()?);
        }
        3 => {
            bytes.skip(4)?;
            line.word(if code == 0 { "TimeExceeded" } else { "ReassemblyTimeExceeded" });
        }
        4 => {
            line.word("ParameterProblem");
            line.number("Pointer", bytes.u32()?);
        }
        128 | 129 => {
            line.word(if kind == 128 { "EchoRequest" } else { "EchoReply" });
            line.number("Id", bytes.u16()?);
            line.number("Seq", bytes.u16()?);
            return Ok(());
        }
        134 => {
            line.word("RouterAdvertisement");
            bytes.skip(2)?;
            line.number("Lifetime", bytes.u16()?);
            return Ok(());
        }
        135 | 136 => {
            line.word(if kind == 135 { "NeighborSolicitation" } else { "NeighborAdvertisement" });
            bytes.skip(4)?;
            line.pair("Target", bytes.v6()?);
            return Ok(());
        }
        137 => {
            line.word("Redirect");
            bytes.skip(4)?;
            line.pair("Target", bytes.v6()?);
            return Ok(());
        }
        kind => {
            line.number("Type", kind);
            line.number("Code", code);
            return Ok(());
        }
    }
    about(line, ether_type::IPV6, bytes.rest(), layer);
    Ok(())
}

const fn unreachable(code: u8) -> &'static str {
    match code {
        0 => "NoRoute",
        1 => "Prohibited",
        3 => "AddressUnreachable",
        4 => "PortUnreachable",
        _ => "Unreachable",
    }
}

/// Messages of which no more is said.
const fn alone(kind: u8) -> Option<&'static str> {
    Some(match kind {
        130 => "MulticastListenerQuery",
        131 | 143 => "MulticastListenerReport",
        132 => "MulticastListenerDone",
        133 => "RouterSolicitation",
        _ => return None,
    })
}
