//! Files in the classic format, with times in nanoseconds, as tcpdump and Wireshark read them.

use std::io::{self, Write};

use super::{LARGEST_FRAME, Link, classic};

/// The version of the format.
const VERSION: [u16; 2] = [2, 4];

/// A capture file that is being written.
pub struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Begins a file of frames of one sort of link.
    pub fn new(mut out: W, link: Link) -> io::Result<Self> {
        out.write_all(&classic::NANOSECONDS.to_le_bytes())?;
        for number in VERSION {
            out.write_all(&number.to_le_bytes())?;
        }
        for number in [0, 0, LARGEST_FRAME, link.number()] {
            out.write_all(&number.to_le_bytes())?;
        }
        Ok(Self { out })
    }

    /// Goes on with a file that has been begun.
    pub const fn resume(out: W) -> Self {
        Self { out }
    }

    /// Adds a frame that was caught at `time`, in nanoseconds since 1970, and had `size` bytes,
    /// of which `bytes` were kept. The format ends in the year 2106; times before 1970 and
    /// after that are written as the ends.
    pub fn write(&mut self, time: i64, size: u32, bytes: &[u8]) -> io::Result<()> {
        let time = u64::try_from(time).unwrap_or_default();
        let seconds = u32::try_from(time / 1_000_000_000).unwrap_or(u32::MAX);
        let rest = u32::try_from(time % 1_000_000_000).unwrap_or_default();
        let kept = u32::try_from(bytes.len()).unwrap_or(LARGEST_FRAME).min(LARGEST_FRAME);
        for number in [seconds, rest, kept, size] {
            self.out.write_all(&number.to_le_bytes())?;
        }
        self.out.write_all(bytes.get(..kept as usize).unwrap_or(bytes))
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
