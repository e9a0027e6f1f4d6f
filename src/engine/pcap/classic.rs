//! The classic format: a header of 24 bytes, and before each packet one of 16.

use std::io::Read;

use super::{Found, LARGEST_FRAME, Link, Order, Problem, Window};

/// The bytes of the file's header.
pub const HEADER: usize = 24;
/// The bytes before each packet.
const RECORD: usize = 16;
/// What a file begins with whose times have microseconds.
const MICROSECONDS: u32 = 0xa1b2_c3d4;
/// What a file begins with whose times have nanoseconds.
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;
/// The lower half of the field tells the link; the upper holds other things.
const LINK: u32 = 0xffff;

/// The header of a file.
#[derive(Clone, Copy)]
pub struct Header {
    order: Order,
    link: Link,
    /// How many nanoseconds a unit of the fraction of a second is.
    unit: i64,
}

impl Header {
    /// The header in the first bytes of a file; none when they are of no such file.
    pub fn of(begin: &[u8]) -> Option<Self> {
        let unit = |order: Order| match order.u32(begin, 0)? {
            MICROSECONDS => Some((order, 1_000)),
            NANOSECONDS => Some((order, 1)),
            _ => None,
        };
        let (order, unit) = [Order::Little, Order::Big].into_iter().find_map(unit)?;
        let link = order.u32(begin, 20).unwrap_or_default() & LINK;
        Some(Self { order, link: Link::of(link), unit })
    }
}

/// Finds the next packet at the window; none at the end.
pub fn find<R: Read>(header: Header, window: &mut Window<R>) -> Result<Option<Found>, Problem> {
    let record = window.peek(RECORD)?;
    if record.is_empty() {
        return Ok(None);
    }
    let number = |at| header.order.u32(record, at).ok_or(Problem::EndsEarly);
    let (seconds, fraction, kept, size) = (number(0)?, number(4)?, number(8)?, number(12)?);
    let time = i64::from(seconds) * SECOND + i64::from(fraction) * header.unit;
    if kept > LARGEST_FRAME {
        return Err(Problem::TooLong(kept));
    }
    let length = RECORD + kept as usize;
    if window.peek(length)?.len() < length {
        return Err(Problem::EndsEarly);
    }
    Ok(Some(Found {
        link: header.link,
        time: Some(time),
        interface: None,
        direction: None,
        size,
        packet: RECORD..length,
        length,
    }))
}
