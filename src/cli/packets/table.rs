//! Packets as lines of a table.
//!
//! A capture has millions of them, so that a line is put together in one text that is used again,
//! without the formatting of the standard library, and the time of a second is worked out once.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::engine::packets::{PacketSummary, Way};
use crate::model::timestamp::Timestamp;

/// The widths of columns. They are fixed, since what follows is not known: an end has that of an
/// IPv4 address with its port.
const NUMBER: usize = 7;
const TIME: usize = 27;
const DELTA: usize = 6;
const END: usize = 21;
const WAY: usize = 2;
const PROTOCOL: usize = 9;
const LENGTH: usize = 6;
/// What stands between columns.
const GAP: &str = "  ";

/// The lines of a table.
#[derive(Default)]
pub struct Table {
    line: String,
    /// The second that was worked out last, since 1970, and its text.
    second: Option<(i64, String)>,
}

impl Table {
    /// The heading.
    pub fn heading(&mut self) -> &str {
        self.line.clear();
        self.right(NUMBER, "No.").left(TIME, "Time").right(DELTA, "ms").left(END, "Local").left(WAY, "");
        self.left(END, "Remote").left(PROTOCOL, "Protocol").right(LENGTH, "Length");
        self.line.push_str("Summary");
        &self.line
    }

    /// The line of a packet.
    pub fn line(&mut self, packet: &PacketSummary<'_>) -> &str {
        let connection = &packet.connection;
        let mut digits = itoa::Buffer::new();
        self.line.clear();
        self.right(NUMBER, digits.format(packet.packet_number));
        self.time(packet.timing.absolute);
        self.right(DELTA, digits.format(packet.timing.delta));
        self.end(connection.local_address, connection.local_port);
        self.left(WAY, if connection.direction == Way::Send { "->" } else { "<-" });
        self.end(connection.remote_address, connection.remote_port);
        self.left(PROTOCOL, packet.protocol);
        self.right(LENGTH, digits.format(packet.length));
        self.line.push_str(packet.summary);
        &self.line
    }

    fn left(&mut self, width: usize, text: &str) -> &mut Self {
        self.line.push_str(text);
        self.filled(width, text.len())
    }

    fn right(&mut self, width: usize, text: &str) -> &mut Self {
        self.spaces(width.saturating_sub(text.len()));
        self.line.push_str(text);
        self.line.push_str(GAP);
        self
    }

    /// Ends a column of this width, of which so much is there.
    fn filled(&mut self, width: usize, there: usize) -> &mut Self {
        self.spaces(width.saturating_sub(there));
        self.line.push_str(GAP);
        self
    }

    fn spaces(&mut self, count: usize) {
        self.line.extend(std::iter::repeat_n(' ', count));
    }

    /// A time in microseconds since 1970, as that of UTC.
    fn time(&mut self, absolute: i64) {
        let (second, fraction) = (absolute.div_euclid(1_000_000), absolute.rem_euclid(1_000_000));
        if self.second.as_ref().is_none_or(|(known, _)| *known != second) {
            let mut text = Timestamp(second * 1_000).to_string();
            text.truncate(text.trim_end_matches('Z').len());
            self.second = Some((second, text));
        }
        let begin = self.line.len();
        self.line.push_str(self.second.as_ref().map_or("", |(_, text)| text));
        self.line.push('.');
        let mut digits = itoa::Buffer::new();
        let fraction = digits.format(fraction);
        self.line.extend(std::iter::repeat_n('0', 6_usize.saturating_sub(fraction.len())));
        self.line.push_str(fraction);
        self.line.push('Z');
        self.filled(TIME, self.line.len() - begin);
    }

    fn end(&mut self, address: Option<IpAddr>, port: Option<u16>) {
        let begin = self.line.len();
        let mut digits = itoa::Buffer::new();
        // Writing to a text does not fail.
        match (address, port) {
            (None, _) => self.line.push('-'),
            (Some(IpAddr::V4(address)), _) => {
                for (position, octet) in address.octets().into_iter().enumerate() {
                    if position > 0 {
                        self.line.push('.');
                    }
                    self.line.push_str(digits.format(octet));
                }
            }
            (Some(IpAddr::V6(address)), Some(_)) => {
                let _ = write!(self.line, "[{address}]");
            }
            (Some(IpAddr::V6(address)), None) => {
                let _ = write!(self.line, "{address}");
            }
        }
        if let (Some(_), Some(port)) = (address, port) {
            self.line.push(':');
            self.line.push_str(digits.format(port));
        }
        self.filled(END, self.line.len() - begin);
    }
}
