//! DNS (RFC 1035), multicast DNS as well: what is asked, and what is answered.

use super::{Bytes, Flaw, Layer, Line};

/// Flags: a response; and the bits of its code.
const RESPONSE: u16 = 0x8000;
const CODE: u16 = 0x000f;
/// What the length of a label is when it points to another place.
const POINTER: u8 = 0xc0;
/// The most labels that a name is followed through: more than a name of 255 bytes has.
const LABELS: usize = 130;
/// The most bytes of a name.
const LONGEST_NAME: usize = 255;

/// Adds a message in a stream, before which its length stands.
pub fn over_tcp(to: &mut Line, data: &[u8], layer: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(data);
    let length = usize::from(bytes.u16()?);
    line(to, bytes.rest().get(..length).unwrap_or(bytes.rest()), layer)
}

/// Adds a message.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(data);
    let (id, flags) = (bytes.u16()?, bytes.u16()?);
    let (questions, answers) = (bytes.u16()?, bytes.u16()?);
    bytes.skip(4)?;
    line.word("DNS");
    line.word(if flags & RESPONSE == 0 { "Query" } else { "Response" });
    line.pair("Id", format_args!("{id:#06x}"));
    if flags & RESPONSE != 0 {
        match code(flags & CODE) {
            Some(name) => line.word(name),
            None => line.number("Code", flags & CODE),
        }
    }
    for _ in 0..questions {
        let name = name(data, &mut bytes)?;
        record_type(line, bytes.u16()?);
        bytes.skip(2)?;
        line.quote(&name);
    }
    for _ in 0..answers {
        name(data, &mut bytes)?;
        let kind = bytes.u16()?;
        bytes.skip(6)?;
        let length = usize::from(bytes.u16()?);
        let mut value = bytes.part(length)?;
        match (kind, length) {
            (1, 4) => line.pair("A", value.v4()?),
            (28, 16) => line.pair("AAAA", value.v6()?),
            (5, _) => {
                line.word("CNAME");
                line.quote(&name(data, &mut value)?);
            }
            (kind, _) => record_type(line, kind),
        }
    }
    Ok(())
}

/// Adds the name of a type of records.
fn record_type(line: &mut Line, kind: u16) {
    line.word(match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        43 => "DS",
        46 => "RRSIG",
        48 => "DNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        255 => "ANY",
        other => return line.number("Type", other),
    });
}

const fn code(code: u16) -> Option<&'static str> {
    Some(match code {
        0 => "NoError",
        1 => "FormErr",
        2 => "ServFail",
        3 => "NXDomain",
        4 => "NotImp",
        5 => "Refused",
        _ => return None,
    })
}

/// The name at the front of `bytes`, which lie in `message`. Pointers are followed.
fn name<'a>(message: &'a [u8], bytes: &mut Bytes<'a>) -> Result<Vec<u8>, Flaw> {
    let mut name = Vec::new();
    // Where reading goes on after the first pointer is known when it is met.
    let mut elsewhere: Option<Bytes<'a>> = None;
    for _ in 0..LABELS {
        let at = elsewhere.as_mut().unwrap_or(bytes);
        let length = at.u8()?;
        if length == 0 {
            if name.is_empty() {
                name.push(b'.');
            }
            return Ok(name);
        }
        match length & POINTER {
            0 => {
                let label = at.take(length.into())?;
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend(label);
                if name.len() > LONGEST_NAME {
                    return Err(Flaw::Malformed("name of DNS"));
                }
            }
            POINTER => {
                let to = usize::from(length & !POINTER) << 8 | usize::from(at.u8()?);
                elsewhere = Some(Bytes::new(message.get(to..).ok_or(Flaw::Malformed("pointer of DNS"))?));
            }
            _ => return Err(Flaw::Malformed("name of DNS")),
        }
    }
    Err(Flaw::Malformed("name of DNS"))
}
