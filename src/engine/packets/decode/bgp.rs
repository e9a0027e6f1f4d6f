//! BGP (RFC 4271): every message of a segment, and the prefixes of updates.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Bytes, Flaw, Layer, Line};

/// What every message begins with.
const MARKER: [u8; 16] = [0xff; 16];
/// Marker, length and type.
const HEADER: u16 = 19;
/// The capability that tells an AS number of 32 bits (RFC 6793).
const FOUR_OCTETS: u8 = 65;
/// The optional parameter that holds capabilities (RFC 5492).
const CAPABILITIES: u8 = 2;
/// Attributes that are shown.
const AS_PATH: u8 = 2;
const NEXT_HOP: u8 = 3;
const REACHABLE: u8 = 14;
const UNREACHABLE: u8 = 15;
/// The flag of an attribute whose length has 16 bits.
const LONG: u8 = 0x10;
/// The address family of IPv6, and unicast (RFC 4760).
const IPV6: u16 = 2;
const UNICAST: u8 = 1;

/// Whether data begins with a message.
pub fn is(data: &[u8]) -> bool {
    data.starts_with(&MARKER)
}

/// Adds the messages of a segment.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    line.word("BGP");
    let mut bytes = Bytes::new(data);
    while !bytes.is_empty() {
        if bytes.take(MARKER.len())? != MARKER {
            return Err(Flaw::Malformed("marker of BGP"));
        }
        let length = bytes.u16()?.checked_sub(HEADER).ok_or(Flaw::Malformed("length of BGP"))?;
        let kind = bytes.u8()?;
        match kind {
            1 => open(line, bytes.part(length.into())?)?,
            2 => {
                line.word("Update");
                update(line, bytes.part(length.into())?)?;
            }
            3 => {
                let mut body = bytes.part(length.into())?;
                line.word("Notification");
                let (code, subcode) = (body.u8()?, body.u8()?);
                match error(code) {
                    Some(name) => line.pair("Code", name),
                    None => line.number("Code", code),
                }
                line.number("Subcode", subcode);
            }
            4 => line.word("Keepalive"),
            5 => {
                bytes.skip(length.into())?;
                line.word("RouteRefresh");
            }
            other => {
                bytes.skip(length.into())?;
                line.number("Type", other);
            }
        }
    }
    Ok(())
}

const fn error(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "MessageHeader",
        2 => "Open",
        3 => "Update",
        4 => "HoldTimer",
        5 => "StateMachine",
        6 => "Cease",
        _ => return None,
    })
}

fn open(line: &mut Line, mut bytes: Bytes<'_>) -> Result<(), Flaw> {
    line.word("Open");
    bytes.skip(1)?;
    let (short, hold, id) = (bytes.u16()?, bytes.u16()?, bytes.v4()?);
    let length = bytes.u8()?;
    let mut parameters = bytes.part(length.into())?;
    let mut number = u32::from(short);
    while !parameters.is_empty() {
        let (kind, length) = (parameters.u8()?, parameters.u8()?);
        let mut parameter = parameters.part(length.into())?;
        while kind == CAPABILITIES && !parameter.is_empty() {
            let (code, length) = (parameter.u8()?, parameter.u8()?);
            let mut value = parameter.part(length.into())?;
            if code == FOUR_OCTETS {
                number = value.u32()?;
            }
        }
    }
    line.number("As", number);
    line.number("Hold", hold);
    line.pair("Id", id);
    Ok(())
}

fn update(line: &mut Line, mut bytes: Bytes<'_>) -> Result<(), Flaw> {
    let length = bytes.u16()?;
    let mut withdrawn = prefixes(bytes.part(length.into())?, false)?;
    let length = bytes.u16()?;
    let mut attributes = bytes.part(length.into())?;
    let mut announced = Vec::new();
    while !attributes.is_empty() {
        let (flags, kind) = (attributes.u8()?, attributes.u8()?);
        let length = if flags & LONG == 0 { attributes.u8()?.into() } else { attributes.u16()? };
        let mut value = attributes.part(length.into())?;
        match kind {
            AS_PATH => line.list("AsPath", as_path(value)?),
            NEXT_HOP => line.pair("NextHop", value.v4()?),
            REACHABLE => {
                let (family, sort, length) = (value.u16()?, value.u8()?, value.u8()?);
                let mut next_hop = value.part(length.into())?;
                value.skip(1)?;
                if (family, sort) == (IPV6, UNICAST) {
                    line.pair("NextHop", next_hop.v6()?);
                    announced.extend(prefixes(value, true)?);
                }
            }
            UNREACHABLE => {
                let family = (value.u16()?, value.u8()?);
                if family == (IPV6, UNICAST) {
                    withdrawn.extend(prefixes(value, true)?);
                }
            }
            _ => {}
        }
    }
    announced.extend(prefixes(bytes, false)?);
    line.list("Withdraw", withdrawn);
    line.list("Announce", announced);
    Ok(())
}

/// The AS numbers of a path. How wide they are, the speakers have agreed upon in their opening:
/// whatever makes the segments come out even.
fn as_path(bytes: Bytes<'_>) -> Result<Vec<u32>, Flaw> {
    path_of(bytes, Bytes::u32).or_else(|_| path_of(bytes, |bytes| bytes.u16().map(u32::from)))
}

fn path_of<'a>(mut bytes: Bytes<'a>, number: impl Fn(&mut Bytes<'a>) -> Result<u32, Flaw>) -> Result<Vec<u32>, Flaw> {
    let mut path = Vec::new();
    while !bytes.is_empty() {
        let (kind, count) = (bytes.u8()?, bytes.u8()?);
        if !(1..=4).contains(&kind) {
            return Err(Flaw::Malformed("AS path"));
        }
        for _ in 0..count {
            path.push(number(&mut bytes)?);
        }
    }
    Ok(path)
}

/// A network: so many bits of an address.
fn prefixes(mut bytes: Bytes<'_>, is_v6: bool) -> Result<Vec<impl Display + use<>>, Flaw> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = bytes.u8()?;
        let kept = bytes.take(usize::from(length).div_ceil(8))?;
        let mut address = [0; 16];
        address.get_mut(..kept.len()).ok_or(Flaw::Malformed("length of a prefix"))?.copy_from_slice(kept);
        let [a, b, c, d, ..] = address;
        let address = if is_v6 { IpAddr::V6(Ipv6Addr::from(address)) } else { Ipv4Addr::new(a, b, c, d).into() };
        found.push(ipnet::IpNet::new(address, length).map_err(|_| Flaw::Malformed("length of a prefix"))?);
    }
    Ok(found)
}
