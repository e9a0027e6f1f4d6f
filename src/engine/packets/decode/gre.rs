//! GRE (RFC 2784, RFC 2890), and ERSPAN within it (draft-foschiano-erspan-03).

use super::{Bytes, Flaw, Layer, Line, ether_type, ethernet, inner};

/// Flags: a checksum, a key, a sequence number; and the bits of the version.
const CHECKSUM: u16 = 0x8000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;
/// The version of PPTP (RFC 2637), whose key is a length and a call.
const ENHANCED: u16 = 1;
/// The flag of ERSPAN type III that says that a subheader follows.
const SUBHEADER: u16 = 1;

/// Adds a packet and what is in it.
pub fn line(line: &mut Line, data: &[u8], layer: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(data);
    let (flags, kind) = (bytes.u16()?, bytes.u16()?);
    let is_enhanced = flags & VERSION == ENHANCED;
    if flags & CHECKSUM != 0 {
        bytes.skip(4)?;
    }
    if flags & KEY != 0 {
        let key = bytes.u32()?;
        if is_enhanced { line.number("Call", key & 0xffff) } else { line.number("Key", key) }
    }
    let has_number = flags & SEQUENCE != 0;
    if has_number {
        line.number("Seq", bytes.u32()?);
    }
    if is_enhanced && flags & ACKNOWLEDGEMENT != 0 {
        line.number("Ack", bytes.u32()?);
    }
    match kind {
        ether_type::ERSPAN if has_number => second(line, bytes, layer),
        // Type I has no header of its own.
        ether_type::ERSPAN => {
            line.word("ERSPAN-I");
            ethernet(line, bytes.rest(), layer)
        }
        ether_type::ERSPAN_3 => third(line, bytes, layer),
        kind => inner(line, kind, bytes.rest(), layer),
    }
}

fn second(line: &mut Line, mut bytes: Bytes<'_>, layer: Layer) -> Result<(), Flaw> {
    line.word("ERSPAN-II");
    let (vlan, session, index) = (bytes.u16()? & 0xfff, bytes.u16()? & 0x3ff, bytes.u32()? & 0xf_ffff);
    line.number("Session", session);
    line.number("Vlan", vlan);
    line.number("Index", index);
    ethernet(line, bytes.rest(), layer)
}

fn third(line: &mut Line, mut bytes: Bytes<'_>, layer: Layer) -> Result<(), Flaw> {
    line.word("ERSPAN-III");
    let (vlan, session, timestamp) = (bytes.u16()? & 0xfff, bytes.u16()? & 0x3ff, bytes.u32()?);
    line.number("Session", session);
    line.number("Vlan", vlan);
    line.number("Time", timestamp);
    bytes.skip(2)?;
    if bytes.u16()? & SUBHEADER != 0 {
        bytes.skip(8)?;
    }
    ethernet(line, bytes.rest(), layer)
}
