//! ESP and AH (RFC 4303, RFC 4302), and what UDP port 4500 carries (RFC 3948): ESP, IKE
//! behind four bytes of zero, or one byte that keeps a NAT's entry.

use super::{Bytes, Flaw, Layer, Line, by_number, ike};

/// What is before IKE on port 4500, where ESP has its SPI.
const NO_SPI: u32 = 0;
/// What keeps a NAT's entry.
const KEEPALIVE: [u8; 1] = [0xff];

/// Adds an ESP packet to the line.
pub fn line(line: &mut Line, bytes: &[u8], _: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(bytes);
    line.hex("SPI", bytes.u32()?);
    line.number("Seq", bytes.u32()?);
    line.number("Len", bytes.rest().len());
    Ok(())
}

/// Adds what a datagram of port 4500 carries.
pub fn over_udp(to: &mut Line, data: &[u8], layer: Layer) -> Result<(), Flaw> {
    if data == KEEPALIVE {
        to.word("NatKeepalive");
        return Ok(());
    }
    let mut bytes = Bytes::new(data);
    if bytes.u32()? == NO_SPI {
        return ike::line(to, bytes.rest(), layer);
    }
    to.word("ESP");
    line(to, data, layer)
}

/// Adds an authentication header, and what follows it.
pub fn authentication(line: &mut Line, bytes: &[u8], layer: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(bytes);
    let next = bytes.u8()?;
    let words = usize::from(bytes.u8()?);
    bytes.skip(2)?;
    line.hex("SPI", bytes.u32()?);
    line.number("Seq", bytes.u32()?);
    // Words of 32 bits, less two; three of them are behind us.
    let value = (words + 2).checked_sub(3).ok_or(Flaw::Malformed("length of AH"))?;
    bytes.skip(value * 4)?;
    super::name(line, next);
    by_number(line, next, bytes.rest(), layer)
}
