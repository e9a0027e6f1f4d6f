//! IKE (RFC 7296, RFC 2408, RFC 2409): exchange, payloads, proposals.
//!
//! | module | what it holds |
//! |---|---|
//! | `v2` | payloads and proposals of version 2 |
//! | `v1` | those of version 1 |
//! | `words` | the names of numbers (IANA "IKEv2 Parameters", "IPSec Registry") |
//!
//! `IKEv2 IKE_SA_INIT Request Id=0 SPIi=0x… SPIr=0x… SA(IKE:AES-CBC-256/…) KE(14) Nonce`. What
//! is encrypted stays so: `SK`, `Encrypted`.

mod v1;
mod v2;
mod words;

use super::{Bytes, Flaw, Layer, Line};

/// The bytes of the header.
const HEADER: usize = 28;

/// Adds a message to the line.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(data);
    let (initiator, responder) = (bytes.u64()?, bytes.u64()?);
    let (first, version, exchange, flags) = (bytes.u8()?, bytes.u8()?, bytes.u8()?, bytes.u8()?);
    let (id, length) = (bytes.u32()?, bytes.u32()?);
    let spis = |line: &mut Line| {
        line.pair("SPIi", format_args!("{initiator:#018x}"));
        line.pair("SPIr", format_args!("{responder:#018x}"));
    };
    let rest =
        usize::try_from(length).ok().and_then(|it| it.checked_sub(HEADER)).ok_or(Flaw::Malformed("length of IKE"))?;
    // What is missing shows at the payload that it is missing from.
    let payloads = Bytes::new(bytes.rest().get(..rest).unwrap_or(bytes.rest()));
    match version >> 4 {
        2 => {
            line.word("IKEv2");
            words::named(line, words::EXCHANGES, "Exchange", exchange.into());
            line.word(if flags & v2::RESPONSE == 0 { "Request" } else { "Response" });
            line.number("Id", id);
            spis(line);
            v2::payloads(line, first, payloads)
        }
        1 => {
            line.word("IKEv1");
            words::named(line, words::V1_EXCHANGES, "Exchange", exchange.into());
            line.hex("Id", id);
            spis(line);
            if flags & v1::ENCRYPTED != 0 {
                line.word("Encrypted");
                return Ok(());
            }
            v1::payloads(line, first, payloads)
        }
        _ => Err(Flaw::Malformed("version of IKE")),
    }
}
