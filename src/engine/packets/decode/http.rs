//! HTTP/1 (RFC 9112): the first line of a request or a response. Queries are left out, and so are
//! names and passwords before a host: they hold secrets often enough.

use std::borrow::Cow;

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
        line.quote(&without_user(path));
        if path.len() < target.len() {
            line.word("?...");
        }
    }
    if end.is_none() { Err(Flaw::Short) } else { Ok(()) }
}

/// A target without the name and the password before its host (RFC 3986, section 3.2.1).
fn without_user(target: &[u8]) -> Cow<'_, [u8]> {
    const SCHEME_ENDS: &[u8] = b"://";
    let scheme = target.windows(SCHEME_ENDS.len()).position(|it| it == SCHEME_ENDS);
    let (scheme, rest) = target.split_at(scheme.map_or(0, |at| at + SCHEME_ENDS.len()));
    let authority = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
    match authority.iter().rposition(|byte| *byte == b'@') {
        Some(at) => Cow::Owned([scheme, b"...", rest.get(at..).unwrap_or_default()].concat()),
        None => Cow::Borrowed(target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_before_a_host_are_left_out() {
        for (target, shown) in [
            ("/users/a@b", "/users/a@b"),
            ("http://h/x", "http://h/x"),
            ("http://u:p@h/x@y", "http://...@h/x@y"),
            ("u:p@h:443", "...@h:443"),
            ("http://u:p@w@h", "http://...@h"),
        ] {
            assert_eq!(without_user(target.as_bytes()), shown.as_bytes());
        }
    }
}
