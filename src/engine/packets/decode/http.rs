//! HTTP/1 (RFC 9112): the first line of a request or a response. Queries are left out: they
//! hold secrets often enough.

use super::{Flaw, Layer, Line};

/// The methods that begin a request (RFC 9110, RFC 5789).
const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"CONNECT ", b"OPTIONS ", b"TRACE ", b"PATCH "];
/// What begins a response, but for the minor version.
const RESPONSE: &[u8] = b"HTTP/1.";

/// Whether data begins a message.
pub fn is(data: &[u8]) -> bool {
    // The first byte tells nearly always, and most data is none.
    match data.first() {
        Some(b'H') => data.starts_with(RESPONSE) || data.starts_with(b"HEAD "),
        Some(b'G' | b'P' | b'D' | b'C' | b'O' | b'T') => METHODS.iter().any(|method| data.starts_with(method)),
        _ => false,
    }
}

/// Adds the first line.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    line.word("HTTP");
    let end = data.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let first = data.get(..end.unwrap_or(data.len())).unwrap_or_default();
    if first.starts_with(RESPONSE) {
        let status = first.iter().position(|byte| *byte == b' ').map_or(first.len(), |at| at + 1);
        line.quote(first.get(status..).unwrap_or_default());
    } else {
        let mut words = first.split(|byte| *byte == b' ');
        line.quote(words.next().unwrap_or_default());
        let target = words.next().unwrap_or_default();
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        line.quote(path);
        if path.len() < target.len() {
            line.word("?...");
        }
    }
    if end.is_none() { Err(Flaw::Short) } else { Ok(()) }
}
