//! SMC (RFC 7609): the messages with which two hosts agree on shared memory, which travel in the
//! TCP connection that it replaces.

use super::{Bytes, Flaw, Layer, Line};

/// What messages begin with: `SMCR` and `SMCD` in EBCDIC.
const SMC_R: [u8; 4] = [0xe2, 0xd4, 0xc3, 0xd9];
const SMC_D: [u8; 4] = [0xe2, 0xd4, 0xc3, 0xc4];

/// Whether data begins with a message.
pub fn is(data: &[u8]) -> bool {
    data.starts_with(&SMC_R) || data.starts_with(&SMC_D)
}

/// Adds a message: its type, version, and which sorts of memory it is about.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(data);
    line.word(if bytes.take(4)? == SMC_R { "SMC-R" } else { "SMC-D" });
    let kind = bytes.u8()?;
    match kind {
        1 => line.word("Proposal"),
        2 => line.word("Accept"),
        3 => line.word("Confirm"),
        4 => line.word("Decline"),
        other => line.number("Type", other),
    }
    let length = bytes.u16()?;
    line.number("Version", bytes.u8()? >> 4);
    line.number("Len", length);
    Ok(())
}
