//! Lists of flows as CSV, such as a flow collector exports them.
//!
//! The first line names the columns, in any order; `source` and `destination` have to
//! be there:
//!
//! | column | what it holds | left out |
//! |---|---|---|
//! | `source`, `destination` | addresses | |
//! | `protocol` | `tcp`, `udp`, `icmp` or a number | `icmp` |
//! | `source_port`, `destination_port` | ports | 0 |
//! | `size` | the bytes of each IP packet, header included | 100 |
//! | `packets` | how many there are | 1 |
//! | `dont_fragment` | `true` or `false` | `true` with TCP |

use std::io::{self, Read};
use std::net::IpAddr;

use csv::StringRecord;

use crate::cli::packet_size;
use crate::cli::words::protocol_number;
use crate::engine::esp::IpVersion;
use crate::engine::forwarding::{Packet, protocol};

/// The columns that are known.
const COLUMNS: [&str; 8] =
    ["source", "destination", "protocol", "source_port", "destination_port", "size", "packets", "dont_fragment"];
/// Bytes of a packet whose size is not told: what a simulated flow sends.
const SIZE: usize = 100;
/// The TTL of packets (the default of RFC 1700).
const TIME_TO_LIVE: u8 = 64;

/// A list that is being read.
pub struct FlowList<R> {
    reader: csv::Reader<R>,
    record: StringRecord,
    /// Where each of [`COLUMNS`] is.
    places: [Option<usize>; COLUMNS.len()],
}

/// Why a list cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// It does not begin as one.
    #[error(
        "is no capture (pcap, pcapng), and no list of flows either: the first line of one names the columns, with source \
         and destination among them"
    )]
    NoList,
    /// A column nobody knows.
    #[error("the column {0:?} is not known; known are {known}", known = COLUMNS.join(", "))]
    Column(String),
    /// A value that does not fit its column.
    #[error("flow {flow}: {column} is {value:?}, and has to be {wanted}")]
    Value {
        /// The number of the flow in the list, the first being 1.
        flow: u64,
        /// The column.
        column: &'static str,
        /// The value.
        value: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// Source and destination of different IP versions.
    #[error("flow {0}: source and destination are not of one IP version")]
    Versions(u64),
    /// A size that no packet has.
    #[error("flow {flow}: a packet of {size} bytes cannot be: with its header it has {smallest} to {largest}")]
    Size {
        /// The number of the flow in the list, the first being 1.
        flow: u64,
        /// The size, in bytes.
        size: usize,
        /// The smallest packet of this IP version.
        smallest: usize,
        /// The largest.
        largest: usize,
    },
    /// A line with too many or too few values.
    #[error("flow {flow} has {found} value{}, and the header {expected}", if *found == 1 { "" } else { "s" })]
    Width {
        /// The number of the flow in the list, the first being 1.
        flow: u64,
        /// How many it has.
        found: u64,
        /// How many the header has.
        expected: u64,
    },
    /// The file cannot be read, or is no CSV.
    #[error("{0}")]
    Csv(csv::Error),
}

impl From<csv::Error> for FlowError {
    fn from(error: csv::Error) -> Self {
        match error.kind() {
            csv::ErrorKind::UnequalLengths { pos: Some(at), expected_len, len } => {
                Self::Width { flow: at.record(), found: *len, expected: *expected_len }
            }
            _ => Self::Csv(error),
        }
    }
}

/// What the values of a column may be.
fn wanted(column: &str) -> &'static str {
    match column {
        "source" | "destination" => "an IP address",
        "protocol" => "tcp, udp, icmp or a number from 0 to 255",
        "source_port" | "destination_port" => "a number from 0 to 65535",
        "dont_fragment" => "true or false",
        "size" => "a number of bytes",
        _ => "a whole number from 0",
    }
}

impl<R: Read> FlowList<R> {
    /// The list that begins here.
    pub fn open(input: R) -> Result<Self, FlowError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(input);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) if matches!(error.kind(), csv::ErrorKind::Io(kind) if kind.kind() != io::ErrorKind::InvalidData) =>
            {
                return Err(error.into());
            }
            Err(_) => return Err(FlowError::NoList),
        };
        let places = COLUMNS.map(|column| header.iter().position(|it| it == column));
        let [Some(_), Some(_), ..] = places else { return Err(FlowError::NoList) };
        if let Some(stray) = header.iter().find(|it| !COLUMNS.contains(it)) {
            return Err(FlowError::Column(stray.to_owned()));
        }
        Ok(Self { reader, record: StringRecord::new(), places })
    }

    /// How many bytes of the list have been read.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next flow: one of its packets, and how many there are; none at the end.
    pub fn next_flow(&mut self) -> Result<Option<(Packet, u64)>, FlowError> {
        if !self.reader.read_record(&mut self.record)? {
            return Ok(None);
        }
        let source: IpAddr = self.required(0)?;
        let destination: IpAddr = self.required(1)?;
        if source.is_ipv4() != destination.is_ipv4() {
            return Err(FlowError::Versions(self.number()));
        }
        let said = self.text(2).unwrap_or("icmp");
        let protocol = protocol_number(said, source).ok_or_else(|| self.wrong(2))?;
        let packet = Packet {
            source,
            destination,
            protocol,
            source_port: self.value(3, 0)?,
            destination_port: self.value(4, 0)?,
            size: self.size(IpVersion::of(source))?,
            dont_fragment: self.value(7, protocol == protocol::TCP)?,
            time_to_live: TIME_TO_LIVE,
            handshake_mss: None,
        };
        Ok(Some((packet, self.value(6, 1)?)))
    }

    fn text(&self, column: usize) -> Option<&str> {
        let place = self.places.get(column).copied().flatten()?;
        self.record.get(place).filter(|text| !text.is_empty())
    }

    fn value<T: std::str::FromStr>(&self, column: usize, default: T) -> Result<T, FlowError> {
        self.text(column).map_or(Ok(default), |text| text.parse().map_err(|_| self.wrong(column)))
    }

    fn required<T: std::str::FromStr>(&self, column: usize) -> Result<T, FlowError> {
        self.text(column).and_then(|text| text.parse().ok()).ok_or_else(|| self.wrong(column))
    }

    fn size(&self, version: IpVersion) -> Result<usize, FlowError> {
        let (size, possible) = (self.value(5, SIZE)?, packet_size::possible(version));
        if possible.contains(&size) {
            return Ok(size);
        }
        Err(FlowError::Size { flow: self.number(), size, smallest: *possible.start(), largest: *possible.end() })
    }

    fn wrong(&self, column: usize) -> FlowError {
        let value = self.text(column).unwrap_or_default().to_owned();
        let column = COLUMNS.get(column).copied().unwrap_or_default();
        FlowError::Value { flow: self.number(), column, value, wanted: wanted(column) }
    }

    /// The number of the flow that was read last: the header is record 0.
    fn number(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(Packet, u64)>, FlowError> {
        let mut list = FlowList::open(text.as_bytes())?;
        let mut flows = Vec::new();
        while let Some(flow) = list.next_flow()? {
            flows.push(flow);
        }
        Ok(flows)
    }

    #[test]
    fn columns_may_come_in_any_order_and_be_left_out() {
        let text = "packets, destination, source, protocol, destination_port, size\n\
                    # what the collector saw\n\
                    3, 10.1.0.1, 10.0.0.1, TCP, 443, 1400\n,2001:db8::2,2001:db8::1,,,\n";
        let flows = read(text).unwrap();
        let (tcp, count) = &flows[0];
        assert_eq!((tcp.protocol, tcp.source_port, tcp.destination_port, tcp.size, *count), (6, 0, 443, 1_400, 3));
        // ICMPv6 is protocol 58 (IANA).
        let (icmp, count) = &flows[1];
        assert_eq!((icmp.protocol, icmp.size, *count), (58, 100, 1));
    }

    #[test]
    fn tcp_is_not_to_be_fragmented_unless_the_list_says_so() {
        let flows = "source,destination,protocol,dont_fragment\n10.0.0.1,10.0.0.2,tcp,\n10.0.0.1,10.0.0.2,tcp,false\n\
                     10.0.0.1,10.0.0.2,udp,\n10.0.0.1,10.0.0.2,udp,true\n";
        let flags: Vec<_> = read(flows).unwrap().iter().map(|(packet, _)| packet.dont_fragment).collect();
        assert_eq!(flags, [true, false, false, true]);
        let said = read("source,destination,dont_fragment\n10.0.0.1,10.0.0.2,1\n").unwrap_err().to_string();
        assert_eq!(said, "flow 1: dont_fragment is \"1\", and has to be true or false");
    }

    #[test]
    fn the_largest_packets_are_taken_and_no_larger_ones() {
        // The length of a packet has 16 bits; in IPv6 the 40 bytes of the header come on top.
        let sized = |ends: &str, size: &str| read(&format!("source,destination,size\n{ends},{size}\n"));
        for (ends, possible, impossible) in [
            ("10.0.0.1,10.0.0.2", [20, 65_535], ["0", "19", "65536", "9000000000000000000", "18446744073709551615"]),
            ("2001:db8::1,2001:db8::2", [40, 65_575], ["0", "39", "65576", "4294967295", "9000000000000000000"]),
        ] {
            for size in possible {
                assert_eq!(sized(ends, &size.to_string()).unwrap()[0].0.size, size);
            }
            for size in impossible {
                let said = sized(ends, size).unwrap_err().to_string();
                assert!(said.starts_with(&format!("flow 1: a packet of {size} bytes cannot be")), "{said}");
            }
        }
        let said = sized("10.0.0.1,10.0.0.2", "18446744073709551616").unwrap_err().to_string();
        assert_eq!(said, "flow 1: size is \"18446744073709551616\", and has to be a number of bytes");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_flow() {
        for (text, error) in [
            ("", "is no capture (pcap, pcapng), and no list of flows either"),
            ("source,target\n", "is no capture (pcap, pcapng), and no list of flows either"),
            ("source,destination,colour\n", "the column \"colour\" is not known"),
            (
                "source,destination\n10.0.0.1,10.0.0.300\n",
                "flow 1: destination is \"10.0.0.300\", and has to be an IP address",
            ),
            ("source,destination\n10.0.0.1,2001:db8::1\n", "flow 1: source and destination are not of one IP version"),
            (
                "source,destination,packets\n10.0.0.1,10.0.0.2,-1\n",
                "flow 1: packets is \"-1\", and has to be a whole number from 0",
            ),
            ("source,destination,packets\n# few\n10.0.0.1,10.0.0.2\n", "flow 1 has 2 values, and the header 3"),
            (
                "source,destination,protocol\n\n10.0.0.1,10.0.0.2,tcp\n10.0.0.1,10.0.0.2,tpc\n",
                "flow 2: protocol is \"tpc\", and has to be tcp",
            ),
            ("source,destination\n10.0.0.1\n", "flow 1 has 1 value, and the header 2"),
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.starts_with(error), "{text:?}: {said}");
        }
    }
}
