//! pcapng: blocks of many types, each with its length before and after it. Those that
//! hold no packet and describe no interface are passed over.

use std::io::Read;

use super::{Found, LARGEST_BLOCK, LARGEST_FRAME, Link, Order, Problem, Window};

/// What a file begins with: a section header, whose type reads the same both ways.
pub const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// The number that tells the order of bytes in a section.
const ORDER: u32 = 0x1a2b_3c4d;
/// Type and length before a block's body, and the length after it.
const FRAMING: usize = 12;
/// Interfaces of one section; a number of one has 16 bits in old packet blocks.
const MOST_INTERFACES: usize = 65_536;

/// The types of blocks that are read.
mod block {
    pub const INTERFACE: u32 = 1;
    pub const OLD_PACKET: u32 = 2;
    pub const SIMPLE_PACKET: u32 = 3;
    pub const PACKET: u32 = 6;
}

/// What is known of the section that is being read.
#[derive(Default)]
pub struct Section {
    order: Option<Order>,
    interfaces: Vec<Interface>,
}

/// An interface that packets were caught on.
#[derive(Clone, Copy)]
struct Interface {
    link: Link,
    /// How many bytes of each packet were kept; 0: all.
    kept: u32,
}

/// Finds the next block with a packet, and moves the window there; none at the end.
pub fn find<R: Read>(section: &mut Section, window: &mut Window<R>) -> Result<Option<Found>, Problem> {
    loop {
        let begin = window.peek(FRAMING)?;
        if begin.is_empty() {
            return Ok(None);
        }
        if begin.get(..4) == Some(&MAGIC) {
            let is_of = |order: &Order| order.u32(begin, 8) == Some(ORDER);
            let order = [Order::Little, Order::Big].into_iter().find(is_of).ok_or(Problem::NoOrder)?;
            *section = Section { order: Some(order), interfaces: Vec::new() };
        }
        let order = section.order.ok_or(Problem::NoOrder)?;
        let (Some(kind), Some(said)) = (order.u32(begin, 0), order.u32(begin, 4)) else {
            return Err(Problem::EndsEarly);
        };
        let length = said as usize;
        if !(FRAMING..=LARGEST_BLOCK).contains(&length) || !length.is_multiple_of(4) {
            return Err(Problem::BlockLength(said));
        }
        let block = window.peek(length)?.get(..length).ok_or(Problem::EndsEarly)?;
        let (body, end) = block.split_at(length - 4);
        if let Some(again) = order.u32(end, 0).filter(|again| *again != said) {
            return Err(Problem::BlockLengths(said, again));
        }
        if let Some(found) = section.packet(order, kind, body)? {
            return if body.get(found.packet.clone()).is_some() {
                Ok(Some(found))
            } else {
                Err(Problem::ShortBlock(kind))
            };
        }
        window.pass(length);
    }
}

impl Section {
    /// The packet in a block, if it holds one. An interface is noted.
    fn packet(&mut self, order: Order, kind: u32, body: &[u8]) -> Result<Option<Found>, Problem> {
        let number = |at| order.u32(body, at).ok_or(Problem::ShortBlock(kind));
        let short = |at| order.u16(body, at).ok_or(Problem::ShortBlock(kind));
        let found = |link, size, kept: u32, at| match kept {
            kept if kept > LARGEST_FRAME => Err(Problem::TooLong(kept)),
            kept => Ok(Some(Found { link, size, packet: at..at + kept as usize, length: body.len() + 4 })),
        };
        match kind {
            block::INTERFACE => {
                if self.interfaces.len() == MOST_INTERFACES {
                    return Err(Problem::Interfaces(MOST_INTERFACES));
                }
                self.interfaces.push(Interface { link: Link::of(short(8)?.into()), kept: number(12)? });
                Ok(None)
            }
            block::PACKET => found(self.interface(number(8)?)?.link, number(24)?, number(20)?, 28),
            block::OLD_PACKET => found(self.interface(short(8)?.into())?.link, number(24)?, number(20)?, 28),
            block::SIMPLE_PACKET => {
                let Interface { link, kept } = self.interface(0)?;
                let size = number(8)?;
                found(link, size, if kept == 0 { size } else { size.min(kept) }, 12)
            }
            _ => Ok(None),
        }
    }

    fn interface(&self, number: u32) -> Result<Interface, Problem> {
        self.interfaces.get(number as usize).copied().ok_or(Problem::NoInterface(number))
    }
}
