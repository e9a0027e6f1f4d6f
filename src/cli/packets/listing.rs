//! Packets as they are listed, one after the other.

use std::fmt::Display;
use std::io::{self, Write};

use super::Format;
use crate::cli::output::{STRONG, styled};
use crate::engine::packets::PacketSummary;
use crate::model::timestamp::Timestamp;

/// The columns of the CSV: the properties of NetMaster's API.
const COLUMNS: [&str; 15] = [
    "packetNumber",
    "localAddress",
    "localPort",
    "remoteAddress",
    "remotePort",
    "direction",
    "length",
    "protocol",
    "absolute",
    "delta",
    "totalPackets",
    "summary",
    "hex",
    "ebcdic",
    "ascii",
];

/// A list that is being written.
pub enum Listing<W: Write> {
    /// Lines for people.
    Table(W),
    /// A list of JSON, one packet on a line.
    Json {
        /// Where it goes.
        out: W,
        /// Whether a packet has been written.
        is_begun: bool,
    },
    /// Rows.
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Listing<W> {
    /// Begins a list.
    pub fn begin(format: Format, mut out: W) -> io::Result<Self> {
        match format {
            Format::Table => {
                let heads = Line { number: "No.", time: "Time", delta: "ms", way: "", length: "Length" };
                let line = heads.with("Local", "Remote", "Protocol", "Summary");
                let mut stream = anstream::AutoStream::auto(Vec::new());
                // A list in memory takes everything.
                let _ = stream.write_all(styled(STRONG, line).as_bytes());
                out.write_all(&stream.into_inner())?;
                out.write_all(b"\n")?;
                Ok(Self::Table(out))
            }
            Format::Json => {
                out.write_all(b"[")?;
                Ok(Self::Json { out, is_begun: false })
            }
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(COLUMNS.iter().chain(&["stackInterface"])).map_err(failed)?;
                Ok(Self::Csv(Box::new(writer)))
            }
        }
    }

    /// Adds a packet.
    pub fn add(&mut self, packet: &PacketSummary<'_>) -> io::Result<()> {
        match self {
            Self::Table(out) => writeln!(out, "{}", line(packet)),
            Self::Json { out, is_begun } => {
                out.write_all(if *is_begun { b",\n" } else { b"\n" })?;
                *is_begun = true;
                serde_json::to_writer(out, packet).map_err(io::Error::from)
            }
            Self::Csv(writer) => writer.write_record(row(packet)).map_err(failed),
        }
    }

    /// Ends the list.
    pub fn end(self) -> io::Result<()> {
        match self {
            Self::Table(mut out) => out.flush(),
            Self::Json { mut out, .. } => {
                out.write_all(b"\n]\n")?;
                out.flush()
            }
            Self::Csv(mut writer) => writer.flush(),
        }
    }
}

fn failed(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A value, or nothing.
fn or_none(value: Option<impl Display>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn row(packet: &PacketSummary<'_>) -> [String; 16] {
    let connection = &packet.connection;
    [
        packet.packet_number.to_string(),
        or_none(connection.local_address),
        or_none(connection.local_port),
        or_none(connection.remote_address),
        or_none(connection.remote_port),
        connection.direction.word().to_owned(),
        packet.length.to_string(),
        packet.protocol.to_owned(),
        packet.timing.absolute.to_string(),
        packet.timing.delta.to_string(),
        packet.total_packets.to_string(),
        packet.summary.to_owned(),
        packet.data.hex.to_string(),
        packet.data.ebcdic.to_string(),
        packet.data.ascii.to_string(),
        packet.stack_interface.to_owned(),
    ]
}

/// The columns of the table that are of one width.
struct Line<N> {
    number: N,
    time: N,
    delta: N,
    way: N,
    length: N,
}

impl<N: Display> Line<N> {
    /// A line of the table. Widths are fixed, since what follows is not known: those of an
    /// IPv4 address with its port.
    fn with(&self, local: &str, remote: &str, protocol: &str, summary: &str) -> String {
        let Self { number, time, delta, way, length } = self;
        format!(
            "{number:>7}  {time:<27}  {delta:>6}  {local:<21}  {way:^2}  {remote:<21}  {protocol:<9}  {length:>6}  {summary}"
        )
    }
}

fn line(packet: &PacketSummary<'_>) -> String {
    let connection = &packet.connection;
    let end = |address: Option<std::net::IpAddr>, port: Option<u16>| match (address, port) {
        (Some(address), Some(port)) => std::net::SocketAddr::new(address, port).to_string(),
        (Some(address), None) => address.to_string(),
        (None, _) => "-".to_owned(),
    };
    let absolute = packet.timing.absolute;
    let seconds = Timestamp(absolute.div_euclid(1_000_000) * 1_000).to_string();
    let line = Line {
        number: packet.packet_number.to_string(),
        time: format!("{}.{:06}Z", seconds.trim_end_matches('Z'), absolute.rem_euclid(1_000_000)),
        delta: packet.timing.delta.to_string(),
        way: if connection.direction.word() == "SEND" { "->" } else { "<-" }.to_owned(),
        length: packet.length.to_string(),
    };
    let local = end(connection.local_address, connection.local_port);
    let remote = end(connection.remote_address, connection.remote_port);
    line.with(&local, &remote, packet.protocol, packet.summary)
}
