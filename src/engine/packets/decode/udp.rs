//! UDP (RFC 768): the length of the data, and what it is.

use super::applications::{self, Transport};
use super::{Bytes, Flaw, Layer, Line};

/// The bytes of the header.
const HEADER: u16 = 8;

/// Adds a datagram to the line.
pub fn line(line: &mut Line, bytes: &[u8], layer: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(bytes);
    let ports = (bytes.u16()?, bytes.u16()?);
    let length = bytes.u16()?;
    bytes.skip(2)?;
    let data = bytes.rest();
    // No length is that of a jumbogram (RFC 2675), or left to the network card.
    let length = match length {
        0 => data.len(),
        length => length.checked_sub(HEADER).ok_or(Flaw::Malformed("length of UDP"))?.into(),
    };
    line.number("Len", length);
    match data.get(..length) {
        Some([]) => Ok(()),
        Some(data) => applications::line(line, Transport::Udp, ports, data, layer),
        None => {
            applications::line(line, Transport::Udp, ports, data, layer)?;
            Err(Flaw::Short)
        }
    }
}
