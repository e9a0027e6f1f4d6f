//! Packet traces, and the summary of a packet: NetMaster's names (seed 001), with underscores.

use super::{COUNT, Field, Record, Shape, TEXT, told};

/// A name of a region or a definition.
const NAME: Shape = Shape::Text(1, 32);

/// The region that is asked.
const fn region() -> Field {
    Field::optional(
        "region",
        NAME,
        "The region of NetMaster. Default: that of the block `netmaster`; on the engine `LOCAL`.",
    )
}

pub(super) static TRACES_INPUT: Record = Record {
    doc: "",
    fields: &[
        region(),
        Field::optional(
            "definition_names",
            Shape::Set(&NAME, 1, usize::MAX),
            "Only traces of definitions of these names. Default: all.",
        ),
    ],
    rules: &[],
};

static TRACE: Record = Record {
    doc: "A packet trace.",
    fields: &[
        told("id", TEXT, "Its id: the six properties that follow, with hyphens between them."),
        told("definition_name", TEXT, "The name of the definition."),
        told("generation", COUNT, "The how many-th trace of the definition."),
        told("sequence", COUNT, "The how many-th of those that began together."),
        told("stack_name", TEXT, "The name of the TCP/IP stack."),
        told("tcp_creator_sequence", COUNT, "The trace that made this one for a connection; 0: none."),
        told("snapshot_sequence", COUNT, "The how many-th snapshot; 0: it is none."),
        told("type", TEXT, "The type of the trace."),
        told("state", TEXT, "`RUNNING`, `ENDED` or `SNAPSHOT`."),
        told("status", TEXT, "How it is, in words."),
        told("packet_count", COUNT, "How many packets are kept."),
        told("total_packet_count", COUNT, "How many packets there were."),
    ],
    rules: &[],
};

/// The packet traces of a region.
pub(super) static PACKET_TRACES: Record = Record {
    doc: "The packet traces of a region, as NetMaster SmartTrace lists them. The engine has those that \
          `terraform-provider-vpn packets import` has kept.",
    fields: &[told("traces", Shape::Records(&TRACE, 0, usize::MAX), "The traces, by their ids.")],
    rules: &[],
};

pub(super) static SUMMARY_INPUT: Record = Record {
    doc: "",
    fields: &[
        region(),
        Field::required("trace_id", TEXT, "The id of the trace, such as `WWFCPCOPY-341-5-TCPIP11-0-0`."),
        Field::required("packet_number", Shape::Int(1, i64::MAX), "The number of the packet, the first being 1."),
    ],
    rules: &[],
};

static CONNECTION: Record = Record {
    doc: "Between whom the packet goes.",
    fields: &[
        told("local_address", TEXT, "The address of the local host."),
        told("local_port", COUNT, "Its port, of TCP and UDP."),
        told("remote_address", TEXT, "The address of the remote host."),
        told("remote_port", COUNT, "Its port, of TCP and UDP."),
        told("direction", TEXT, "`SEND` from the local host, `RECV` to it."),
    ],
    rules: &[],
};

static TIMING: Record = Record {
    doc: "When the packet was received.",
    fields: &[
        told("absolute", COUNT, "In microseconds since 1970, UTC."),
        told("delta", COUNT, "Milliseconds since the packet before it; 0 below one."),
    ],
    rules: &[],
};

static DATA: Record = Record {
    doc: "The first 16 bytes behind the IP header.",
    fields: &[
        told("hex", TEXT, "In hexadecimal digits."),
        told("ebcdic", TEXT, "As characters of EBCDIC."),
        told("ascii", TEXT, "As characters of ASCII."),
    ],
    rules: &[],
};

/// The summary of a packet.
pub(super) static PACKET_SUMMARY: Record = Record {
    doc: "The summary of one packet of a trace, as NetMaster SmartTrace shows it.",
    fields: &[
        told("connection", Shape::Record(&CONNECTION), "Between whom it goes."),
        told("length", COUNT, "Its bytes, IP headers and data included."),
        told("protocol", TEXT, "The name of its protocol, by IANA's registry."),
        told("timing", Shape::Record(&TIMING), "When it was received."),
        told("summary", TEXT, "What is in it, in a line."),
        told("data", Shape::Record(&DATA), "The first 16 bytes behind the IP header."),
        told("stack_interface", TEXT, "The interface on which it was received or sent."),
        told("total_packets", COUNT, "How many packets are summed up: 1."),
    ],
    rules: &[],
};
