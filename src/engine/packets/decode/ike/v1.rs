//! Payloads and proposals of version 1 (RFC 2408, RFC 2409, RFC 2407).

use super::words::{self, shown};
use super::{Bytes, Flaw, Line};

/// The flag of a message whose payloads are encrypted.
pub const ENCRYPTED: u8 = 0x01;
/// Payloads of which more is said than their name.
const SA: u8 = 1;
const NOTIFY: u8 = 11;
/// Proposals for IKE itself.
const ISAKMP: u8 = 1;
/// What an attribute's type has when its value is in the same four bytes.
const SHORT: u16 = 0x8000;

/// Adds the payloads, of which the first has type `first`.
pub fn payloads(line: &mut Line, first: u8, mut bytes: Bytes<'_>) -> Result<(), Flaw> {
    let mut kind = first;
    while kind != 0 {
        let next = bytes.u8()?;
        bytes.skip(1)?;
        let length = usize::from(bytes.u16()?).checked_sub(4).ok_or(Flaw::Malformed("length of an IKE payload"))?;
        let mut body = bytes.part(length)?;
        match kind {
            SA => {
                // Domain of interpretation, and situation.
                body.skip(8)?;
                proposals(line, body)?;
            }
            NOTIFY => {
                body.skip(6)?;
                line.args(format_args!("N({})", shown(words::V1_NOTIFICATIONS, body.u16()?)));
            }
            other => words::named(line, words::V1_PAYLOADS, "Payload", other.into()),
        }
        kind = next;
    }
    Ok(())
}

fn proposals(line: &mut Line, mut bytes: Bytes<'_>) -> Result<(), Flaw> {
    while !bytes.is_empty() {
        bytes.skip(2)?;
        let length = usize::from(bytes.u16()?).checked_sub(4).ok_or(Flaw::Malformed("length of a proposal"))?;
        let mut body = bytes.part(length)?;
        body.skip(1)?;
        let protocol = body.u8()?;
        let spi = usize::from(body.u8()?);
        body.skip(1 + spi)?;
        while !body.is_empty() {
            body.skip(2)?;
            let length = usize::from(body.u16()?).checked_sub(4).ok_or(Flaw::Malformed("length of a transform"))?;
            let transform = body.part(length)?;
            let names = if protocol == ISAKMP { for_ike(transform) } else { for_esp(transform) }?;
            line.args(format_args!("SA({}:{})", shown(words::PROTOCOLS, protocol.into()), names.join("/")));
        }
    }
    Ok(())
}

fn for_ike(mut bytes: Bytes<'_>) -> Result<Vec<String>, Flaw> {
    bytes.skip(4)?;
    let (mut names, mut bits) = (Vec::new(), None);
    while let Some((kind, value)) = attribute(&mut bytes)? {
        match kind {
            1 => names.insert(0, shown(words::V1_CIPHERS, value)),
            2 => names.push(shown(words::V1_DIGESTS, value)),
            3 => names.push(shown(words::V1_METHODS, value)),
            4 => names.push(format!("Group{value}")),
            14 => bits = Some(value),
            _ => {}
        }
    }
    Ok(with_bits(names, bits))
}

fn for_esp(mut bytes: Bytes<'_>) -> Result<Vec<String>, Flaw> {
    bytes.skip(1)?;
    let cipher = bytes.u8()?;
    bytes.skip(2)?;
    let (mut names, mut bits) = (vec![shown(words::CIPHERS, cipher.into())], None);
    while let Some((kind, value)) = attribute(&mut bytes)? {
        match kind {
            3 => names.push(format!("Group{value}")),
            4 => names.push(if value % 2 == 1 { "Tunnel" } else { "Transport" }.to_owned()),
            5 => names.push(shown(words::V1_ESP_DIGESTS, value)),
            6 => bits = Some(value),
            _ => {}
        }
    }
    Ok(with_bits(names, bits))
}

/// The names, the first of which is a cipher's, with the length of its key.
fn with_bits(mut names: Vec<String>, bits: Option<u16>) -> Vec<String> {
    if let (Some(cipher), Some(bits)) = (names.first_mut(), bits) {
        *cipher = format!("{cipher}-{bits}");
    }
    names
}

/// The type and value of the next attribute; a long value is passed and counts as 0.
fn attribute(bytes: &mut Bytes<'_>) -> Result<Option<(u16, u16)>, Flaw> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let (kind, value) = (bytes.u16()?, bytes.u16()?);
    if kind & SHORT != 0 {
        return Ok(Some((kind & !SHORT, value)));
    }
    bytes.skip(value.into())?;
    Ok(Some((kind, 0)))
}
