//! One packet in detail.

use std::net::IpAddr;

use serde_json::{Value as Json, json};

use super::NetMasterError;
use crate::engine::packets::PacketSummary;
use crate::engine::packets::layers::layers;
use crate::engine::packets::summary::Hex;
use crate::engine::pcap::Frame;

/// The number of a packet in an address.
pub fn number(text: &str) -> Result<u64, NetMasterError> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| NetMasterError::bad_request(format!("{text:?} is no number of a packet: they begin with 1.")))
}

fn value(key: &str, value: impl Into<Json>, kind: &str) -> Json {
    json!({ "key": key, "value": value.into(), "type": kind })
}

fn address(key: &str, address: IpAddr) -> Json {
    let version = if address.is_ipv4() { 4 } else { 6 };
    json!({ "key": key, "value": address.to_string(), "type": "string", "version": version })
}

/// A packet header by header, with names and values.
pub fn formatted(frame: &Frame<'_>, summary: &PacketSummary<'_>) -> Json {
    let connection = &summary.connection;
    let mut packet = vec![
        value("Packet Number", summary.packet_number, "number"),
        value("Timestamp", frame.time, "datetime"),
        value("Direction", connection.direction.word(), "string"),
        value("Interface", summary.stack_interface, "string"),
        value("Captured Length", frame.bytes.len(), "number"),
        value("Original Length", frame.size, "number"),
    ];
    packet.retain(|it| !it["value"].is_null());
    let mut sections = vec![json!({ "name": "PKT", "values": packet })];
    for (name, bytes) in layers(frame) {
        let length = value("Length", bytes.len(), "number");
        let ends = |address: fn(&str, IpAddr) -> Json| {
            let local = connection.local_address.map(|it| address("Local Address", it));
            let remote = connection.remote_address.map(|it| address("Remote Address", it));
            [local, remote].into_iter().flatten()
        };
        let ports = || {
            let local = connection.local_port.map(|it| value("Local Port", it, "number"));
            let remote = connection.remote_port.map(|it| value("Remote Port", it, "number"));
            [local, remote].into_iter().flatten()
        };
        let values: Vec<Json> = match name {
            "IP" => {
                let told = [
                    value("Protocol", summary.protocol, "string"),
                    value("Total Length", summary.length, "number"),
                    length,
                ];
                ends(address).chain(told).collect()
            }
            "TCP" | "UDP" => ports().chain([value("Summary", summary.summary, "string"), length]).collect(),
            _ => vec![length],
        };
        sections.push(json!({ "name": name, "values": values }));
    }
    Json::Array(sections)
}

/// A packet header by header, in hexadecimal digits.
pub fn raw(frame: &Frame<'_>, _: &PacketSummary<'_>) -> Json {
    let section =
        |(name, bytes): (&str, &[u8])| json!({ "name": name, "length": bytes.len(), "hex": Hex(bytes).to_string() });
    let sections: Vec<Json> = layers(frame).into_iter().map(section).collect();
    json!({ "length": frame.bytes.len(), "sections": sections })
}
