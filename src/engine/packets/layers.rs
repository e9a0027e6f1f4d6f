//! A frame cut into its headers, as they lie behind one another.

use super::decode;
use super::line::Line;
use crate::engine::pcap::Frame;

/// The bytes of a header of UDP, and the fewest of one of TCP.
const UDP: usize = 8;
const TCP: usize = 20;
/// Where a header of TCP tells its length, in words of 32 bits.
const TCP_LENGTH: usize = 12;

/// A part of a frame: its name, and its bytes.
pub type Layer<'a> = (&'static str, &'a [u8]);

/// The parts of a frame that are not empty: `LINK`, `IP`, `TCP` or `UDP`, and `DATA`.
pub fn layers<'a>(frame: &Frame<'a>) -> Vec<Layer<'a>> {
    let (_, packet) = frame.content();
    let (link, rest) = frame.bytes.split_at(frame.bytes.len() - packet.len());
    let decoded = decode::decode(frame, &mut Line::default());
    // What follows the header lies in the packet; without one, it is all of it.
    let header = decoded.content.as_ptr().addr().saturating_sub(packet.as_ptr().addr()).min(rest.len());
    let ip = rest.get(..header).unwrap_or_default();
    let (name, length) = match (&*decoded.protocol, decoded.ports) {
        ("TCP", Some(_)) => {
            let words = decoded.content.get(TCP_LENGTH).map_or(0, |byte| byte >> 4);
            ("TCP", (usize::from(words) * 4).max(TCP))
        }
        ("UDP", Some(_)) => ("UDP", UDP),
        _ => ("", 0),
    };
    let (transport, data) = decoded.content.split_at(length.min(decoded.content.len()));
    let all = [("LINK", link), ("IP", ip), (name, transport), ("DATA", data)];
    all.into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect()
}
