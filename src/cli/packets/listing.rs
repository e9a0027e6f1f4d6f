//! Packets as they are listed, one after the other.

use std::io::{self, Write};

use super::Format;
use super::table::Table;
use crate::cli::output::{STRONG, styled};
use crate::engine::packets::PacketSummary;

/// The columns of the CSV: the properties of NetMaster's API.
const COLUMNS: [&str; 16] = [
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
    "stackInterface",
];

/// A list that is being written.
pub enum Listing<W: Write> {
    /// Lines for people.
    Table {
        /// Where it goes.
        out: W,
        /// What puts them together.
        table: Table,
    },
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
                let mut table = Table::default();
                let mut stream = anstream::AutoStream::auto(Vec::new());
                // A list in memory takes everything.
                let _ = stream.write_all(styled(STRONG, table.heading()).as_bytes());
                out.write_all(&stream.into_inner())?;
                out.write_all(b"\n")?;
                Ok(Self::Table { out, table })
            }
            Format::Json => {
                out.write_all(b"[")?;
                Ok(Self::Json { out, is_begun: false })
            }
            Format::Csv => {
                let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                writer.write_record(COLUMNS).map_err(failed)?;
                Ok(Self::Csv(Box::new(writer)))
            }
        }
    }

    /// Adds a packet.
    pub fn add(&mut self, packet: &PacketSummary<'_>) -> io::Result<()> {
        match self {
            Self::Table { out, table } => {
                out.write_all(table.line(packet).as_bytes())?;
                out.write_all(b"\n")
            }
            Self::Json { out, is_begun } => {
                out.write_all(if *is_begun { b",\n" } else { b"\n" })?;
                *is_begun = true;
                serde_json::to_writer(out, packet).map_err(io::Error::from)
            }
            Self::Csv(writer) => add_row(writer, packet).map_err(failed),
        }
    }

    /// Ends the list.
    pub fn end(self) -> io::Result<()> {
        match self {
            Self::Table { mut out, .. } => out.flush(),
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

fn add_row<W: Write>(writer: &mut csv::Writer<W>, packet: &PacketSummary<'_>) -> csv::Result<()> {
    let connection = &packet.connection;
    writer.serialize((
        packet.packet_number,
        connection.local_address,
        connection.local_port,
        connection.remote_address,
        connection.remote_port,
        connection.direction,
        packet.length,
        packet.protocol,
        packet.timing.absolute,
        packet.timing.delta,
        packet.total_packets,
        packet.summary,
        packet.data.hex,
        packet.data.ebcdic,
        packet.data.ascii,
        packet.stack_interface,
    ))
}
