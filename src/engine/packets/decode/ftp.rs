//! FTP's control connection (RFC 959): the first command or reply. What commands say that tell
//! passwords, accounts and keys, or are the site's own, is left out.

use super::{Flaw, Layer, Line};

/// Commands whose argument is a secret (RFC 959, RFC 2228), or can be.
const SECRET: [&[u8]; 4] = [b"PASS", b"ACCT", b"ADAT", b"SITE"];

/// Whether data is text: TLS on the same port is none.
pub fn is(data: &[u8]) -> bool {
    data.first().is_some_and(u8::is_ascii_alphanumeric)
}

/// Adds the first line.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    line.word("FTP");
    let end = data.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let first = data.get(..end.unwrap_or(data.len())).unwrap_or_default();
    let secret = SECRET.iter().find(|it| first.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case(it)));
    match secret {
        Some(command) => {
            line.quote(command);
            line.word("***");
        }
        None => line.quote(first),
    }
    if end.is_none() { Err(Flaw::Short) } else { Ok(()) }
}
