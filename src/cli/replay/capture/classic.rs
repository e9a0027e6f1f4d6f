//! The classic format: a header of 24 bytes, and before each packet one of 16.

use std::io::Read;

use super::{Found, LARGEST_FRAME, Link, Order, Problem, Window};

/// The bytes of the file's header.
pub const HEADER: usize = 24;
/// The bytes before each packet.
const RECORD: usize = 16;
/// What a file begins with whose times have microseconds, and nanoseconds.
const MAGICS: [u32; 2] = [0xa1b2_c3d4, 0xa1b2_3c4d];
/// The lower half of the field tells the link; the upper holds other things.
const LINK: u32 = 0xffff;

/// The header of a file.
#[derive(Clone, Copy)]
pub struct Header {
    order: Order,
    link: Link,
}

impl Header {
    /// The header in the first bytes of a file; none when they are of no such file.
    pub fn of(begin: &[u8]) -> Option<Self> {
        let is_of = |order: &Order| order.u32(begin, 0).is_some_and(|magic| MAGICS.contains(&magic));
        let order = [Order::Little, Order::Big].into_iter().find(is_of)?;
        let link = order.u32(begin, 20).unwrap_or_default() & LINK;
        Some(Self { order, link: Link::of(link) })
    }
}

/// Finds the next packet at the window; none at the end.
pub fn find<R: Read>(header: Header, window: &mut Window<R>) -> Result<Option<Found>, Problem> {
    let record = window.peek(RECORD)?;
    if record.is_empty() {
        return Ok(None);
    }
    let (Some(kept), Some(size)) = (header.order.u32(record, 8), header.order.u32(record, 12)) else {
        return Err(Problem::EndsEarly);
    };
    if kept > LARGEST_FRAME {
        return Err(Problem::TooLong(kept));
    }
    let length = RECORD + kept as usize;
    if window.peek(length)?.len() < length {
        return Err(Problem::EndsEarly);
    }
    Ok(Some(Found { link: header.link, size, packet: RECORD..length, length }))
}
