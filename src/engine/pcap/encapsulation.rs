//! What lies between the header of a link and the network layer: tags and labels, and the framing
//! of serial lines.
//!
//! Each function gives the `EtherType` of what is within, and its bytes.

use etherparse::EtherType;

use super::Order;
use super::link::{Skip, of_version};

/// The types of VLAN tags (IEEE 802.1Q, 802.1ad, and what came before it).
const VLANS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// The bytes of a tag, with the type of what follows.
const VLAN: usize = 4;
/// The types of MPLS (RFC 5332).
const MPLS: [u16; 2] = [0x8847, 0x8848];
/// The bytes of a label, and the bit of the last one in the third of them (RFC 3032, 2.1).
const LABEL: usize = 4;
const BOTTOM: u8 = 1;
/// The type of a `PPPoE` session (RFC 2516, 4).
const PPPOE: u16 = 0x8864;
/// What its header begins with, and the bytes of it.
const PPPOE_BEGIN: [u8; 2] = [0x11, 0];
const PPPOE_HEADER: usize = 6;
/// Address and control of PPP in HDLC-like framing (RFC 1662, 3.1).
const PPP_FRAMING: [u8; 2] = [0xff, 0x03];
/// The protocols of PPP, and what Ethernet calls them.
const PPP: [(u16, u16); 4] = [(0x0021, 0x0800), (0x0057, 0x86dd), (0x0281, 0x8847), (0x0283, 0x8848)];
/// The addresses of Cisco's HDLC: to one and to all (RFC 1547, 4.3.1).
const HDLC_ADDRESSES: [u8; 2] = [0x0f, 0x8f];
/// The bytes of its header, with the type of what follows.
const HDLC_HEADER: usize = 4;
/// The bytes of the longest address of frame relay, and the bit of the last of them (Q.922, 3.3).
const LONGEST_ADDRESS: usize = 4;
const LAST: u8 = 1;
/// Control, padding and the identifiers of protocols on frame relay (RFC 2427, 3).
const UNNUMBERED: u8 = 0x03;
const PADDING: u8 = 0x00;
const SNAP: u8 = 0x80;
const IPV4: u8 = 0xcc;
const IPV6: u8 = 0x8e;
const OVER_PPP: u8 = 0xcf;

/// What is found: an `EtherType`, and the bytes that it tells of.
type Found<'a> = (u16, &'a [u8]);

/// What is within VLAN tags, MPLS labels and `PPPoE`. What cannot be told is left as it is.
pub(super) fn within(kind: u16, bytes: &[u8]) -> Found<'_> {
    let (mut kind, mut bytes) = (kind, bytes);
    while let Some(inner) = step(kind, bytes) {
        (kind, bytes) = inner;
    }
    (kind, bytes)
}

fn step(kind: u16, bytes: &[u8]) -> Option<Found<'_>> {
    match kind {
        PPPOE => pppoe(bytes).ok(),
        kind if VLANS.contains(&kind) => Some((Order::Big.u16(bytes, 2)?, bytes.get(VLAN..)?)),
        kind if MPLS.contains(&kind) => {
            let last = bytes.chunks_exact(LABEL).position(|label| label[2] & BOTTOM != 0)?;
            let rest = bytes.get((last + 1) * LABEL..)?;
            Some((of_version(rest)?, rest))
        }
        _ => None,
    }
}

/// What PPP carries, with or without the framing of HDLC; its protocol may be compressed
/// (RFC 1661, 2 and 6.5).
pub(super) fn ppp(bytes: &[u8]) -> Result<Found<'_>, Skip> {
    let bytes = bytes.strip_prefix(&PPP_FRAMING).unwrap_or(bytes);
    let first = *bytes.first().ok_or(Skip::Truncated)?;
    let (protocol, rest) = if first & 1 == 1 {
        (u16::from(first), &bytes[1..])
    } else {
        (Order::Big.u16(bytes, 0).ok_or(Skip::Truncated)?, &bytes[2..])
    };
    let kind = PPP.iter().find(|(known, _)| *known == protocol).map(|(_, kind)| *kind);
    kind.map(|kind| (kind, rest)).ok_or(Skip::NotIp)
}

/// What PPP over Ethernet carries, from its own header on.
pub(super) fn pppoe(bytes: &[u8]) -> Result<Found<'_>, Skip> {
    let rest = bytes.get(PPPOE_HEADER..).ok_or(Skip::Truncated)?;
    if bytes.starts_with(&PPPOE_BEGIN) { ppp(rest) } else { Err(Skip::NotIp) }
}

/// What a serial line carries: in Cisco's HDLC, or else PPP.
pub(super) fn serial(bytes: &[u8]) -> Result<Found<'_>, Skip> {
    if !bytes.first().is_some_and(|address| HDLC_ADDRESSES.contains(address)) {
        return ppp(bytes);
    }
    let rest = bytes.get(HDLC_HEADER..).ok_or(Skip::Truncated)?;
    Ok((Order::Big.u16(bytes, 2).ok_or(Skip::Truncated)?, rest))
}

/// What frame relay carries, as RFC 2427 or as Cisco wraps it.
pub(super) fn frame_relay(bytes: &[u8]) -> Result<Found<'_>, Skip> {
    let last = bytes.iter().take(LONGEST_ADDRESS).position(|byte| byte & LAST != 0);
    let rest = last.and_then(|last| bytes.get(last + 1..)).ok_or(Skip::Truncated)?;
    let Some(rest) = rest.strip_prefix(&[UNNUMBERED]) else {
        let kind = Order::Big.u16(rest, 0).ok_or(Skip::Truncated)?;
        return Ok((kind, &rest[2..]));
    };
    let rest = rest.strip_prefix(&[PADDING]).unwrap_or(rest);
    let (identifier, rest) = rest.split_first().ok_or(Skip::Truncated)?;
    match *identifier {
        IPV4 => Ok((EtherType::IPV4.0, rest)),
        IPV6 => Ok((EtherType::IPV6.0, rest)),
        OVER_PPP => ppp(rest),
        SNAP => {
            let rest = rest.strip_prefix(&[0, 0, 0]).ok_or(Skip::NotIp)?;
            let kind = Order::Big.u16(rest, 0).ok_or(Skip::Truncated)?;
            Ok((kind, &rest[2..]))
        }
        _ => Err(Skip::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Link, Skip};

    /// An IPv4 packet of UDP, from 10.0.0.1 to 10.0.0.2.
    const PACKET: [u8; 28] =
        [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 7, 0, 9, 0, 8, 0, 0];

    fn found(link: u32, header: &[u8]) -> (Option<u16>, usize) {
        let bytes = [header, &PACKET].concat();
        let frame = Frame::new(Link::of(link), 0, &bytes);
        let (kind, content) = frame.content();
        assert_eq!(frame.slices().is_ok_and(|it| it.net.is_some()), kind == Some(0x0800), "{header:02x?}");
        (kind, content.len())
    }

    /// The headers are those of the RFCs that the module names.
    #[test]
    fn packets_are_found_behind_every_framing() {
        let ethernet = |rest: &[u8]| [&[2; 12][..], rest].concat();
        let all: [(u32, &[u8]); 14] = [
            (9, &[0xff, 0x03, 0x00, 0x21]),
            (9, &[0x00, 0x21]),
            (9, &[0x21]),
            (9, &[0x02, 0x81, 0, 0x01, 0x01, 64]),
            (50, &[0xff, 0x03, 0x00, 0x21]),
            (50, &[0x0f, 0x00, 0x08, 0x00]),
            (104, &[0x8f, 0x00, 0x08, 0x00]),
            (51, &[0x11, 0, 0, 1, 0, 30, 0x00, 0x21]),
            (107, &[0x18, 0x41, 0x03, 0xcc]),
            (107, &[0x18, 0x41, 0x03, 0x00, 0x80, 0, 0, 0, 0x08, 0x00]),
            (107, &[0x18, 0x41, 0x08, 0x00]),
            (1, &ethernet(&[0x81, 0x00, 0, 7, 0x88, 0x64, 0x11, 0, 0, 1, 0, 30, 0x00, 0x21])),
            (1, &ethernet(&[0x88, 0x47, 0, 0x01, 0x00, 64, 0, 0x02, 0x01, 64])),
            (1, &ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 0x08, 0x00])),
        ];
        for (link, header) in all {
            assert_eq!(found(link, header), (Some(0x0800), PACKET.len()), "{link}: {header:02x?}");
        }
    }

    #[test]
    fn what_is_no_ip_is_said_to_be_none() {
        // Link control of PPP, LMI of frame relay, and a label with a pseudowire in it.
        assert_eq!(found(9, &[0xff, 0x03, 0xc0, 0x21]).0, None);
        assert_eq!(found(107, &[0x00, 0x01, 0x03, 0x08, 0x00]).0, None);
        let pseudowire = [&[2; 12][..], &[0x88, 0x47, 0, 0x01, 0x01, 64, 0, 0, 0, 0]].concat();
        assert_eq!(found(1, &pseudowire).0, Some(0x8847));
        for link in [9, 50, 51, 104, 107] {
            let frame = Frame::new(Link::of(link), 0, &[]);
            assert_eq!(frame.content(), (None, &[][..]));
            assert_eq!(frame.slices().err(), Some(Skip::Truncated));
        }
    }
}
