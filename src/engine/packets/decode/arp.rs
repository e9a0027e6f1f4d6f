//! ARP (RFC 826) for IPv4: who asks for whom.

use std::net::Ipv4Addr;

use super::{Bytes, Flaw, Line};

/// The protocol whose addresses are asked for, and the bytes of one.
const IPV4: (u16, u8) = (0x0800, 4);

/// Adds a packet, and tells whose it is: sender and target.
pub fn line(line: &mut Line, data: &[u8]) -> Result<(Ipv4Addr, Ipv4Addr), Flaw> {
    let mut bytes = Bytes::new(data);
    bytes.skip(2)?;
    let protocol = bytes.u16()?;
    let hardware = usize::from(bytes.u8()?);
    if (protocol, bytes.u8()?) != IPV4 {
        return Err(Flaw::Malformed("addresses of ARP that are not of IPv4"));
    }
    let operation = bytes.u16()?;
    let mac = bytes.take(hardware)?;
    let sender = bytes.v4()?;
    bytes.skip(hardware)?;
    let target = bytes.v4()?;
    match operation {
        1 if sender == target => line.pair("Announce Is", sender),
        1 => {
            line.pair("Request Who", target);
            line.pair("Tell", sender);
        }
        2 => {
            let mac: Vec<_> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
            line.pair("Reply Is", sender);
            line.pair("At", mac.join(":"));
        }
        other => line.number("Operation", other),
    }
    Ok((sender, target))
}
