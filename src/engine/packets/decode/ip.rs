//! IPv4 (RFC 791) and IPv6 (RFC 8200): who sends to whom, extension headers and fragments.

use std::net::IpAddr;

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::{Bytes, Flaw, Layer, Line, by_number, ether_type};
use crate::engine::forwarding::protocol;

/// Extension headers that are passed on the way to what is carried (RFC 8200, section 4).
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;
/// No next header: nothing is carried.
const NOTHING: u8 = 59;
/// So many extension headers are passed: more than any host sends.
const MOST_EXTENSIONS: usize = 16;

/// A packet of IP.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// The number of what it carries, behind extension headers of IPv6.
    pub number: u8,
    /// Its bytes, header included.
    pub length: u32,
    /// What follows its headers, as far as it is there.
    pub content: &'a [u8],
    /// What follows the fixed header, for the words of extension headers.
    extensions: Option<(u8, &'a [u8])>,
    fragment: Option<Fragment>,
    /// Whether bytes are missing that it says it has.
    is_short: bool,
}

/// Where in a packet a fragment belongs.
#[derive(Clone, Copy, Debug)]
struct Fragment {
    id: u32,
    /// In bytes.
    offset: u32,
    more: bool,
}

impl Fragment {
    /// A fragment by the field that holds an offset and flags; none when that is all of a
    /// packet.
    fn of(id: u32, offset: u16, more: bool) -> Option<Self> {
        (offset > 0 || more).then_some(Self { id, offset: u32::from(offset) * 8, more })
    }
}

impl<'a> Network<'a> {
    /// The packet of this `EtherType` in `bytes`. Where offloading leaves the length to the
    /// network card, it has `available` bytes.
    pub fn of(kind: Option<u16>, bytes: &'a [u8], available: u32) -> Result<Self, Flaw> {
        if kind == Some(ether_type::IPV4) { Self::v4(bytes, available) } else { Self::v6(bytes, available) }
    }

    fn v4(bytes: &'a [u8], available: u32) -> Result<Self, Flaw> {
        use etherparse::err::ipv4::HeaderSliceError;
        let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|error| match error {
            HeaderSliceError::Len(_) => Flaw::Short,
            HeaderSliceError::Content(_) => Flaw::Malformed("IPv4 header"),
        })?;
        let length = match header.total_len() {
            0 => available,
            length => length.into(),
        };
        let begin = header.slice().len();
        let all = length as usize;
        if all < begin {
            return Err(Flaw::Malformed("length of IPv4"));
        }
        let offset = header.fragments_offset().value();
        Ok(Self {
            source: header.source_addr().into(),
            destination: header.destination_addr().into(),
            number: header.protocol().0,
            length,
            content: bytes.get(begin..all.min(bytes.len())).unwrap_or_default(),
            extensions: None,
            fragment: Fragment::of(header.identification().into(), offset, header.more_fragments()),
            is_short: all > bytes.len(),
        })
    }

    fn v6(bytes: &'a [u8], available: u32) -> Result<Self, Flaw> {
        use etherparse::err::ipv6::HeaderSliceError;
        let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|error| match error {
            HeaderSliceError::Len(_) => Flaw::Short,
            HeaderSliceError::Content(_) => Flaw::Malformed("IPv6 header"),
        })?;
        let begin = header.slice().len();
        let all = match header.payload_length() {
            0 if header.next_header().0 != NOTHING => available as usize,
            length => begin + usize::from(length),
        };
        let first = header.next_header().0;
        let rest = bytes.get(begin..all.min(bytes.len())).unwrap_or_default();
        let mut number = first;
        let mut fragment = None;
        let mut content = Bytes::new(rest);
        for _ in 0..MOST_EXTENSIONS {
            let Ok(Some((next, behind, part))) = extension(number, content) else { break };
            number = next;
            content = behind;
            fragment = fragment.or(part);
            // What follows in a later fragment is no header.
            if part.is_some_and(|it| it.offset > 0) {
                break;
            }
        }
        Ok(Self {
            source: header.source_addr().into(),
            destination: header.destination_addr().into(),
            number,
            length: u32::try_from(all).unwrap_or(u32::MAX),
            content: content.rest(),
            extensions: (number != first || is_extension(first)).then_some((first, rest)),
            fragment,
            is_short: all > bytes.len(),
        })
    }

    /// The ports, where TCP and UDP have them and they are in this fragment.
    pub fn ports(&self) -> Option<(u16, u16)> {
        if !matches!(self.number, protocol::TCP | protocol::UDP) || !self.is_begin() {
            return None;
        }
        let mut bytes = Bytes::new(self.content);
        Some((bytes.u16().ok()?, bytes.u16().ok()?))
    }

    /// Whether what it carries begins in it.
    fn is_begin(&self) -> bool {
        self.fragment.is_none_or(|it| it.offset == 0)
    }

    /// Adds what it carries to the line.
    pub fn line(&self, line: &mut Line, layer: Layer) -> Result<(), Flaw> {
        if let Some((first, bytes)) = self.extensions {
            extensions(line, first, Bytes::new(bytes))?;
        }
        if let Some(Fragment { id, offset, more }) = self.fragment {
            line.word("Fragment");
            line.number("Id", id);
            line.number("Offset", offset);
            if more {
                line.word("More");
            }
        }
        let done = match self.fragment {
            Some(_) if !self.is_begin() => {
                line.number("Len", self.content.len());
                Ok(())
            }
            _ if is_extension(self.number) => Err(Flaw::Short),
            _ if self.number == NOTHING => Ok(()),
            _ => by_number(line, self.number, self.content, layer),
        };
        match done {
            // The rest comes in other fragments.
            Err(Flaw::Short) if self.fragment.is_some() && !self.is_short => Ok(()),
            Ok(()) if self.is_short => Err(Flaw::Short),
            done => done,
        }
    }
}

const fn is_extension(number: u8) -> bool {
    matches!(number, HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION)
}

/// The extension header at the front: what follows it, and the fragment that it makes of the
/// packet. None when `number` is of no such header.
#[allow(clippy::type_complexity)]
fn extension(number: u8, mut bytes: Bytes<'_>) -> Result<Option<(u8, Bytes<'_>, Option<Fragment>)>, Flaw> {
    match number {
        HOP_BY_HOP | ROUTING | DESTINATION => {
            let next = bytes.u8()?;
            // Units of eight bytes behind the first eight.
            let length = 6 + usize::from(bytes.u8()?) * 8;
            bytes.skip(length)?;
            Ok(Some((next, bytes, None)))
        }
        FRAGMENT => {
            let next = bytes.u8()?;
            bytes.skip(1)?;
            let (field, id) = (bytes.u16()?, bytes.u32()?);
            Ok(Some((next, bytes, Fragment::of(id, field >> 3, field & 1 != 0))))
        }
        _ => Ok(None),
    }
}

/// Adds the words of extension headers. A fragment has its own.
fn extensions(line: &mut Line, first: u8, mut bytes: Bytes<'_>) -> Result<(), Flaw> {
    let mut number = first;
    for _ in 0..MOST_EXTENSIONS {
        match number {
            HOP_BY_HOP => line.word("HopByHop"),
            DESTINATION => line.word("DestinationOptions"),
            ROUTING => {
                let mut header = bytes;
                header.skip(2)?;
                line.args(format_args!("Routing({}) SegmentsLeft={}", header.u8()?, header.u8()?));
            }
            _ => {}
        }
        let Some((next, behind, part)) = extension(number, bytes)? else { return Ok(()) };
        if part.is_some_and(|it| it.offset > 0) {
            return Ok(());
        }
        (number, bytes) = (next, behind);
    }
    Err(Flaw::Malformed("too many extension headers"))
}
