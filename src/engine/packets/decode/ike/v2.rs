//! Payloads and proposals of version 2 (RFC 7296, section 3).

use super::words::{self, shown};
use super::{Bytes, Flaw, Line};

/// The flag of a response.
pub const RESPONSE: u8 = 0x20;
/// Payloads of which more is said than their name.
const SA: u8 = 33;
const KE: u8 = 34;
const NOTIFY: u8 = 41;
const ENCRYPTED: u8 = 46;
const ENCRYPTED_FRAGMENT: u8 = 53;
/// The attribute of a transform that tells the bits of its key, in the short form.
const KEY_LENGTH: u16 = 0x800e;

/// Adds the payloads, of which the first has type `first`.
pub fn payloads(line: &mut Line, first: u8, mut bytes: Bytes<'_>) -> Result<(), Flaw> {
    let mut kind = first;
    while kind != 0 {
        let next = bytes.u8()?;
        bytes.skip(1)?;
        let length = usize::from(bytes.u16()?).checked_sub(4).ok_or(Flaw::Malformed("length of an IKE payload"))?;
        let mut body = bytes.part(length)?;
        match kind {
            SA => proposals(line, body)?,
            KE => line.args(format_args!("KE({})", body.u16()?)),
            NOTIFY => {
                body.skip(2)?;
                line.args(format_args!("N({})", shown(words::NOTIFICATIONS, body.u16()?)));
            }
            // The type that follows is that of the first one within.
            ENCRYPTED => {
                line.word("SK");
                return Ok(());
            }
            ENCRYPTED_FRAGMENT => {
                line.args(format_args!("SKF({}/{})", body.u16()?, body.u16()?));
                return Ok(());
            }
            other => words::named(line, words::PAYLOADS, "Payload", other.into()),
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
        body.skip(1)?;
        let spi = body.take(spi)?;
        let mut names = Vec::new();
        while !body.is_empty() {
            names.push(transform(&mut body)?);
        }
        line.args(format_args!("SA({}:{})", shown(words::PROTOCOLS, protocol.into()), names.join("/")));
        if !spi.is_empty() {
            let number = spi.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            line.args(format_args!("SPI={number:#0width$x}", width = 2 + 2 * spi.len()));
        }
    }
    Ok(())
}

fn transform(bytes: &mut Bytes<'_>) -> Result<String, Flaw> {
    bytes.skip(2)?;
    let length = usize::from(bytes.u16()?).checked_sub(4).ok_or(Flaw::Malformed("length of a transform"))?;
    let mut body = bytes.part(length)?;
    let kind = body.u8()?;
    body.skip(1)?;
    let id = body.u16()?;
    let name = match kind {
        1 => shown(words::CIPHERS, id),
        2 => shown(words::PRFS, id),
        3 => shown(words::DIGESTS, id),
        4 => format!("Group{id}"),
        5 => if id == 0 { "NoESN" } else { "ESN" }.to_owned(),
        // Additional key exchanges (RFC 9370).
        kind @ 6..=12 => format!("AddKE{}-{id}", kind - 5),
        kind => format!("Type{kind}-{id}"),
    };
    match (body.u16(), body.u16()) {
        (Ok(KEY_LENGTH), Ok(bits)) => Ok(format!("{name}-{bits}")),
        _ => Ok(name),
    }
}
