//! pcapng: blocks of many types, each with its length before and after it. Those that
//! hold no packet and describe no interface are passed over.

use std::io::Read;

use super::{Direction, Found, LARGEST_BLOCK, LARGEST_FRAME, Link, Order, Problem, Window};

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

/// The options of blocks that are read.
mod option {
    pub const END: u16 = 0;
    /// Of a packet.
    pub const FLAGS: u16 = 2;
    /// Of an interface.
    pub const NAME: u16 = 2;
    pub const RESOLUTION: u16 = 9;
    pub const OFFSET: u16 = 14;
}

/// The most bytes of an interface's name that are kept.
const LONGEST_NAME: usize = 64;
/// Nanoseconds in a second.
const SECOND: u128 = 1_000_000_000;
/// Units of time in a second, where an interface does not say: microseconds.
const MICROSECONDS: u64 = 1_000_000;
/// The bit of a resolution that says that it is a power of two, not of ten.
const BINARY: u8 = 0x80;
/// The bits of a packet's flags that tell its direction.
const DIRECTION: u32 = 3;

/// An interface that packets were caught on.
#[derive(Clone)]
struct Interface {
    link: Link,
    /// How many bytes of each packet were kept; 0: all.
    kept: u32,
    name: Option<Box<str>>,
    /// How many units of time a second has.
    units: u64,
    /// Seconds to add to each time.
    offset: i64,
}

impl Interface {
    /// The nanoseconds since 1970 of a time in units; none where that is beyond what can be
    /// counted.
    fn time(&self, units: u64) -> Option<i64> {
        let (seconds, rest) = (units / self.units, units % self.units);
        let nanoseconds = u128::from(rest) * SECOND / u128::from(self.units);
        let seconds = i64::try_from(seconds).ok()?.checked_add(self.offset)?;
        seconds.checked_mul(1_000_000_000)?.checked_add(i64::try_from(nanoseconds).ok()?)
    }
}

/// The value of the first option with this code in `options`.
fn option_of(order: Order, mut options: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (code, length) = (order.u16(options, 0)?, usize::from(order.u16(options, 2)?));
        let value = options.get(4..4 + length)?;
        match code {
            option::END => return None,
            code if code == wanted => return Some(value),
            _ => options = options.get(4 + length.next_multiple_of(4)..)?,
        }
    }
}

/// How many units a second has by the option that tells; none where they cannot be counted.
fn units(resolution: u8) -> Option<u64> {
    let power = u32::from(resolution & !BINARY);
    if resolution & BINARY == 0 { 10_u64.checked_pow(power) } else { 2_u64.checked_pow(power) }
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
        match kind {
            block::INTERFACE => {
                if self.interfaces.len() == MOST_INTERFACES {
                    return Err(Problem::Interfaces(MOST_INTERFACES));
                }
                let (link, kept) = (Link::of(short(8)?.into()), number(12)?);
                let option = |wanted| option_of(order, body.get(16..)?, wanted);
                let name = option(option::NAME).map(named);
                let units =
                    option(option::RESOLUTION).and_then(|it| it.first()).map_or(Some(MICROSECONDS), |it| units(*it));
                let units = units.ok_or(Problem::Resolution)?;
                let offset = option(option::OFFSET).and_then(|it| order.u64(it, 0)).map_or(0, u64::cast_signed);
                self.interfaces.push(Interface { link, kept, name, units, offset });
                Ok(None)
            }
            block::PACKET | block::OLD_PACKET => {
                let interface = if kind == block::PACKET { number(8)? } else { short(8)?.into() };
                let of = self.interface(interface)?;
                let (kept, size) = (bounded(number(20)?)?, number(24)?);
                let packet = 28..28 + kept as usize;
                let units = u64::from(number(12)?) << 32 | u64::from(number(16)?);
                let options = body.get(packet.end.next_multiple_of(4)..).unwrap_or_default();
                let flags = option_of(order, options, option::FLAGS).and_then(|it| order.u32(it, 0));
                let direction = match flags.unwrap_or_default() & DIRECTION {
                    1 => Some(Direction::Received),
                    2 => Some(Direction::Sent),
                    _ => None,
                };
                let (interface, time) = (Some(interface), of.time(units));
                Ok(Some(Found { link: of.link, time, interface, direction, size, packet, length: body.len() + 4 }))
            }
            block::SIMPLE_PACKET => {
                let Interface { link, kept, .. } = *self.interface(0)?;
                let size = number(8)?;
                let kept = bounded(if kept == 0 { size } else { size.min(kept) })?;
                Ok(Some(Found {
                    link,
                    time: None,
                    interface: Some(0),
                    direction: None,
                    size,
                    packet: 12..12 + kept as usize,
                    length: body.len() + 4,
                }))
            }
            _ => Ok(None),
        }
    }

    fn interface(&self, number: u32) -> Result<&Interface, Problem> {
        self.interfaces.get(number as usize).ok_or(Problem::NoInterface(number))
    }

    /// The name of an interface, where it has one.
    pub fn name(&self, number: u32) -> Option<&str> {
        self.interfaces.get(number as usize)?.name.as_deref()
    }
}

/// A name, as far as it is kept, without what could not be shown.
fn named(bytes: &[u8]) -> Box<str> {
    let text = String::from_utf8_lossy(bytes.get(..LONGEST_NAME).unwrap_or(bytes));
    text.chars().filter(|it| !it.is_control()).collect::<String>().into()
}

fn bounded(kept: u32) -> Result<u32, Problem> {
    if kept > LARGEST_FRAME { Err(Problem::TooLong(kept)) } else { Ok(kept) }
}
