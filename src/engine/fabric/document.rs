//! The answers of a compute agent (seed 004, tables 6 to 14).

use serde_json::{Map, Value as Json, json};

use super::course::Course;
use super::run::{Answer, Run, last};
use super::way::Hop;
use crate::engine::Moment;
use crate::engine::topology::{Collection, NextHop, Topology};
use crate::model::PolicyPath;

/// What is asked of at one moment.
struct Seen<'a> {
    course: &'a Course,
    topology: &'a Topology,
    collection: &'a Collection,
}

/// What the last run of `collection` has found at `now`; none where no run has ended, or no
/// hop has answered.
pub(in crate::engine) fn path(
    course: &Course,
    topology: &Topology,
    collection: &Collection,
    now: Moment,
) -> Option<Json> {
    let run = last(course, topology, collection, now)?;
    if run.answers.is_empty() {
        return None;
    }
    let seen = Seen { course, topology, collection };
    let hops: Vec<Json> = run.answers.iter().filter_map(|answer| seen.hop(&run, *answer)).collect();
    Some(json!({ "Path": hops, "ID": id(collection), "Time": seconds(run.at.0, 0) }))
}

/// The same of the collection at `path`, with no hops while no run has ended; none where there
/// is no such collection.
pub(in crate::engine) fn path_of(course: &Course, topology: &Topology, at: &PolicyPath, now: Moment) -> Option<Json> {
    let collection = topology.collections.get(at)?;
    let found = path(course, topology, collection, now);
    Some(found.unwrap_or_else(|| json!({ "Path": [], "ID": id(collection), "Time": 0 })))
}

/// How a collection is told from others, as a tuple of Python (seed 004 prints it so).
pub fn id(collection: &Collection) -> String {
    let tuple = &collection.tuple;
    let (source, destination) = (tuple.source, tuple.destination);
    match &collection.tunnel {
        None => format!(
            "('{source}', '{destination}', {}, {}, {})",
            tuple.protocol, tuple.source_port, tuple.destination_port
        ),
        Some(tunnel) => format!("('{source}', '{destination}', {}, {})", tuple.source_port, tunnel.vnid),
    }
}

/// Milliseconds and microseconds as seconds.
pub(super) fn seconds(milliseconds: i64, microseconds: u64) -> f64 {
    // Exact to a microsecond until the year 2255.
    let microseconds = i128::from(milliseconds) * 1_000 + i128::from(microseconds);
    #[expect(clippy::cast_precision_loss, reason = "a microsecond is told from the next one all the same")]
    let microseconds = microseconds as f64;
    microseconds / 1e6
}

impl Seen<'_> {
    fn hop(&self, run: &Run, answer: Answer) -> Option<Json> {
        let hop = run.way.as_ref()?.hops.get(answer.hop - 1)?;
        let device = self.course.net(self.topology).device(hop.device);
        let at = Moment(run.at.0 + i64::try_from(answer.after / 1_000).ok()?);
        let stamp = (run.at.0 + device.clock_offset) * 1_000 + i64::try_from(answer.after).ok()?;
        let mut shown = json!({
            "HOP": answer.hop,
            "DevName": device.name,
            "DevSerialID": device.serial,
            "DevCPUUtil": f64::from(device.cpu),
            "DevMEMUtil": f64::from(device.memory),
            "Latency": seconds(0, answer.latency),
            "TIMESTAMP": {
                "TimeStamp": stamp.div_euclid(1_000_000),
                "TimeStamp_usec": stamp.rem_euclid(1_000_000),
                "Type": device.clock.word(),
            },
            "IngressIFLAttribute": {
                "IFLList": hop.ingress.map(|interface| self.interface(hop.device, interface, at)).into_iter().collect::<Vec<_>>(),
            },
            "EgressIFLAttribute": self.egress(hop, at),
        });
        if let Some((id, counted)) = self.course.filter(self.topology, self.collection, hop.device, at) {
            shown["Bandwidth_ID"] = json!(id);
            shown["Bandwidth_Counter"] = json!(counted);
        }
        Some(shown)
    }

    /// One interface is shown by itself; several next hops, and a LAG, as ECMP.
    fn egress(&self, hop: &Hop, at: Moment) -> Json {
        let list = |interfaces: &[usize]| -> Vec<Json> {
            interfaces.iter().map(|interface| self.interface(hop.device, *interface, at)).collect()
        };
        match &hop.choices[..] {
            [] => json!({ "IFLList": [] }),
            [(NextHop::Interface(interface), _)] => json!({ "IFLList": list(&[*interface]) }),
            choices => {
                let device = self.course.net(self.topology).device(hop.device);
                let (mut single, mut lags) = (Vec::new(), Vec::new());
                for (next_hop, members) in choices {
                    match next_hop {
                        NextHop::Interface(interface) => single.push(*interface),
                        NextHop::Lag(lag) => lags.push(json!({
                            "AE_IFL_NAME": device.lags[*lag].name,
                            "NumBuckets": members.len(),
                            "IFLList": list(members),
                        })),
                    }
                }
                // In the order of their names, as in the samples, however the next hops are ordered.
                single.sort_by_key(|interface| &device.interfaces[*interface].name);
                let mut ecmp = Map::new();
                ecmp.insert("IFLList".to_owned(), json!(list(&single)));
                ecmp.insert("NumBuckets".to_owned(), json!(choices.len()));
                if !lags.is_empty() {
                    ecmp.insert("L2EcmpList".to_owned(), json!(lags));
                }
                json!({ "L3Ecmp": ecmp })
            }
        }
    }

    /// What an interface has counted. What is zero is left out, as in the samples.
    fn interface(&self, device: usize, interface: usize, at: Moment) -> Json {
        let name = &self.course.net(self.topology).device(device).interfaces[interface].name;
        let counters = counters(self.course, self.topology, device, interface, at);
        let shown = counters.into_iter().filter(|(_, value)| *value > 0);
        let stats: Map<String, Json> = shown.map(|(name, value)| (name.to_owned(), json!(value))).collect();
        json!({ "IFLName": name, "IFLStats": stats })
    }
}

/// The counters of an interface (seed 004, table 14), each with its name.
pub type Counters = [(&'static str, u64); 18];

/// What an interface of the device at a position has counted.
pub(super) fn counters(course: &Course, topology: &Topology, device: usize, interface: usize, at: Moment) -> Counters {
    let this = &course.net(topology).device(device).interfaces[interface];
    let counted = course.counted(topology, device, interface, at);
    let rates = course.rates(topology, device, interface, at);
    let (sent, received) = (&this.sent, &this.received);
    let tx_unicast = sent.unicast + counted.tx_packets;
    let rx_unicast = received.unicast + counted.rx_packets;
    [
        ("TX_PKTS", tx_unicast + sent.broadcast + sent.multicast),
        ("RX_PKTS", rx_unicast + received.broadcast + received.multicast),
        ("TX_UCPKTS", tx_unicast),
        ("RX_UCPKTS", rx_unicast),
        ("TX_BCPKTS", sent.broadcast),
        ("RX_BCPKTS", received.broadcast),
        ("TX_MCPKTS", sent.multicast),
        ("RX_MCPKTS", received.multicast),
        ("TX_PPS", rates.tx_packets),
        ("RX_PPS", rates.rx_packets),
        ("TX_CRCERROR", sent.crc_errors),
        ("RX_CRCERROR", received.crc_errors),
        ("TX_DROPPKT", sent.dropped + counted.tx_dropped),
        ("RX_DROPPKT", received.dropped),
        ("TX_BYTES", sent.bytes + counted.tx_bytes),
        ("RX_BYTES", received.bytes + counted.rx_bytes),
        ("TX_BW", rates.tx_bytes),
        ("RX_BW", rates.rx_bytes),
    ]
}
