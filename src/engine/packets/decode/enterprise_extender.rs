//! Enterprise Extender (RFC 2353): SNA over UDP, by five ports of which each has a priority.

use super::{Bytes, Flaw, Layer, Line};

/// The ports: signals, and four priorities from the highest.
pub const PORTS: [u16; 5] = [12_000, 12_001, 12_002, 12_003, 12_004];
/// The poll or final bit in the control field of LLC.
const POLL: u8 = 0x10;
/// The control field of unnumbered information, in which the network layer of HPR travels.
const INFORMATION: u8 = 0x03;

/// Adds a packet: the addresses of LLC, its command, and how the network layer routes it.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    line.word("EE");
    let mut bytes = Bytes::new(data);
    let (destination, source, control) = (bytes.u8()?, bytes.u8()?, bytes.u8()?);
    line.pair("DSAP", format_args!("{destination:#04x}"));
    // The lowest bit of the source tells a response.
    line.pair("SSAP", format_args!("{:#04x}", source & !1));
    let is_response = source & 1 != 0;
    match control & !POLL {
        INFORMATION => {
            line.word("UI");
            if !bytes.is_empty() {
                header(line, bytes.u8()?);
            }
            line.number("Data", bytes.rest().len());
            return Ok(());
        }
        0xaf => line.word("XID"),
        0xe3 => line.word("TEST"),
        0x43 => line.word("DISC"),
        0x0f => line.word("DM"),
        0x63 => line.word("UA"),
        0x87 => line.word("FRMR"),
        other => line.pair("Control", format_args!("{other:#04x}")),
    }
    line.word(if is_response { "Response" } else { "Command" });
    Ok(())
}

/// The first byte of the network layer's header: how it is routed, and its priority.
fn header(line: &mut Line, byte: u8) {
    match byte >> 5 {
        5 => line.word("FunctionRouting"),
        6 => line.word("NetworkRouting"),
        _ => return,
    }
    line.pair("Priority", ["Low", "Medium", "High", "Network"][usize::from(byte >> 1 & 3)]);
}
