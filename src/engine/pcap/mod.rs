//! Capture files: the packets that tcpdump, Wireshark and their like have written, and the
//! ones written for them.
//!
//! | module | what it holds |
//! |---|---|
//! | `window` | the part of a file that is looked at |
//! | `classic` | records of the classic format (draft-ietf-opsawg-pcap) |
//! | `next_generation` | blocks of pcapng (draft-ietf-opsawg-pcapng) |
//! | `link` | the packet within a frame, by the sort of link it was caught on |
//! | `encapsulation` | tags, labels and the framing of serial lines before the packet |
//! | [`writer`] | files in the classic format |
//!
//! Memory is bounded, whatever a file holds: the window does not grow beyond the largest
//! record or block, and interfaces are bounded in number and in the length of their names.
//!
//! The formats are read here and not by a library, because an error has to name the
//! packet and the byte, and what precedes it has to be counted.

mod classic;
mod encapsulation;
mod link;
mod next_generation;
#[cfg(test)]
mod tests;
mod window;
pub mod writer;

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

pub use link::{Link, Skip, skip};
pub use window::Window;
pub use writer::Writer;

/// The most bytes of one packet that a capture holds (`MAXIMUM_SNAPLEN` of libpcap).
const LARGEST_FRAME: u32 = 262_144;
/// The largest block of pcapng that is read: what libpcap allows to begin with.
const LARGEST_BLOCK: usize = 16 << 20;

/// The order of the bytes in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }

    fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = bytes.get(at..at + 8)?.try_into().ok()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        })
    }
}

/// A packet as it was caught, with what was around it on its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The sort of link.
    pub link: Link,
    /// When it was caught, in nanoseconds since 1970; none where the file does not tell.
    pub time: Option<i64>,
    /// The name of the interface it was caught on, where the file tells.
    pub interface: Option<&'a str>,
    /// Whether it was received or sent, where the file tells.
    pub direction: Option<Direction>,
    /// Its size on the link, in bytes.
    pub size: u32,
    /// What of it was kept.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A frame of which no more is known.
    pub const fn new(link: Link, size: u32, bytes: &'a [u8]) -> Self {
        Self { link, time: None, interface: None, direction: None, size, bytes }
    }
}

/// Which way a frame went, seen from the machine that caught it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the machine.
    Received,
    /// From the machine.
    Sent,
}

/// A capture file that is being read.
pub struct Capture<R> {
    window: Window<R>,
    format: Format,
    packets: u64,
}

enum Format {
    Classic(classic::Header),
    NextGeneration(next_generation::Section),
}

impl<R: Read> Capture<R> {
    /// The capture that begins at the window; none when that is no capture.
    pub fn open(mut window: Window<R>) -> Result<Result<Self, Window<R>>, CaptureError> {
        let begin = window.peek(classic::HEADER).map_err(|error| CaptureError::at(0, 0, error.into()))?;
        let format = match begin.get(..4) {
            Some(magic) if magic == next_generation::MAGIC => {
                Format::NextGeneration(next_generation::Section::default())
            }
            _ => match classic::Header::of(begin) {
                None => return Ok(Err(window)),
                Some(header) => {
                    if begin.len() < classic::HEADER {
                        return Err(CaptureError::at(0, 0, Problem::EndsEarly));
                    }
                    window.pass(classic::HEADER);
                    Format::Classic(header)
                }
            },
        };
        Ok(Ok(Self { window, format, packets: 0 }))
    }

    /// How many bytes of the file have been read.
    pub fn position(&self) -> u64 {
        self.window.position()
    }

    /// The next packet; none at the end.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        let found = match &mut self.format {
            Format::Classic(header) => classic::find(*header, &mut self.window),
            Format::NextGeneration(section) => next_generation::find(section, &mut self.window),
        };
        self.packets += 1;
        match found {
            Ok(None) => Ok(None),
            Ok(Some(Found { link, time, interface, direction, size, packet, length })) => {
                let bytes = self.window.pass(length).get(packet).unwrap_or_default();
                let interface = match &self.format {
                    Format::Classic(_) => None,
                    Format::NextGeneration(section) => interface.and_then(|number| section.name(number)),
                };
                Ok(Some(Frame { link, time, interface, direction, size, bytes }))
            }
            Err(problem) => Err(CaptureError::at(self.packets, self.window.position(), problem)),
        }
    }
}

/// A packet in the record or block at which the window is.
struct Found {
    link: Link,
    /// When it was caught, in nanoseconds since 1970.
    time: Option<i64>,
    /// The number of its interface within the section.
    interface: Option<u32>,
    direction: Option<Direction>,
    /// Its size on the link.
    size: u32,
    /// Where it is in the record or block.
    packet: Range<usize>,
    /// The bytes of the record or block.
    length: usize,
}

/// Where a capture cannot be read any further, and why.
#[derive(Debug, thiserror::Error)]
pub struct CaptureError {
    /// The number of the packet that could not be read, the first being 1; 0 is the
    /// file's header.
    pub packet: u64,
    /// Where in the file reading began that did not succeed.
    pub position: u64,
    /// Why.
    pub problem: Problem,
}

impl CaptureError {
    fn at(packet: u64, position: u64, problem: Problem) -> Self {
        Self { packet, position, problem }
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.packet {
            0 => write!(f, "the header of the file: {}", self.problem),
            packet => write!(f, "packet {packet}, at byte {}: {}", self.position, self.problem),
        }
    }
}

/// Why a capture cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file ends within something.
    #[error("the file ends in the middle of it")]
    EndsEarly,
    /// More bytes than any capture has.
    #[error("it is said to have {0} bytes, and none has more than {LARGEST_FRAME}")]
    TooLong(u32),
    /// A block's length is impossible.
    #[error("a block is said to have {0} bytes, which cannot be")]
    BlockLength(u32),
    /// A block's two lengths differ.
    #[error("a block is said to have {0} bytes at its beginning and {1} at its end")]
    BlockLengths(u32, u32),
    /// A block is too short for what it should hold.
    #[error("a block of type {0} is too short")]
    ShortBlock(u32),
    /// A section whose order of bytes is not told.
    #[error("a section's byte order is not told")]
    NoOrder,
    /// A packet of an interface that was not described.
    #[error("it was caught on interface {0}, which is not described")]
    NoInterface(u32),
    /// Too many interfaces.
    #[error("more than {0} interfaces are described")]
    Interfaces(usize),
    /// Times in units that cannot be counted.
    #[error("an interface counts time in units that are too small")]
    Resolution,
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}
