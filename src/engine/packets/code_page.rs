//! Bytes as characters, as NetMaster shows them: in EBCDIC and in ASCII.
//!
//! The EBCDIC is code page 1047, that of z/OS Unix System Services, where the stack runs that
//! packets are traced of. 037 differs from it in a few characters (`[`, `]`, `^` and others), and
//! the sample in NetMaster's documentation fits both. Only what is printable ASCII is shown; a
//! point stands for all else, as in the sample, where 0xE1, a division sign in both, is a point.

/// What stands for a byte that is not shown.
const OTHER: u8 = b'.';

/// The printable characters of code page 1047 that are ASCII, by rows of 16.
const ROWS: [&[u8; 16]; 16] = [
    b"................",
    b"................",
    b"................",
    b"................",
    b" ...........<(+|",
    b"&.........!$*);^",
    b"-/.........,%_>?",
    b".........`:#@'=\"",
    b".abcdefghi......",
    b".jklmnopqr......",
    b".~stuvwxyz...[..",
    b".............]..",
    b"{ABCDEFGHI......",
    b"}JKLMNOPQR......",
    b"\\.STUVWXYZ......",
    b"0123456789......",
];

/// The character of a byte in EBCDIC, as ASCII has it.
pub fn ebcdic(byte: u8) -> u8 {
    let row = ROWS.get(usize::from(byte >> 4));
    row.and_then(|row| row.get(usize::from(byte & 0xf))).copied().unwrap_or(OTHER)
}

/// The character of a byte in ASCII.
pub fn ascii(byte: u8) -> u8 {
    if matches!(byte, b' '..=b'~') { byte } else { OTHER }
}
