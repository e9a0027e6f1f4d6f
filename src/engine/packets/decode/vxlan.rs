//! VXLAN (RFC 7348): the network's number, and the frame in it.

use super::{Bytes, Flaw, Layer, Line, ethernet};

/// The flag that says that the number of the network counts.
const HAS_NUMBER: u8 = 0x08;

/// Adds the header, and the frame behind it.
pub fn line(line: &mut Line, data: &[u8], layer: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(data);
    let flags = bytes.u8()?;
    bytes.skip(3)?;
    let number = bytes.u32()? >> 8;
    line.word("VXLAN");
    if flags & HAS_NUMBER != 0 {
        line.number("VNI", number);
    }
    ethernet(line, bytes.rest(), layer)
}
