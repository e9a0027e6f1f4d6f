//! The path of a packet as people are shown it: names in place of positions, what interfaces
//! have counted, and what a collection of the same flow has found.

use std::net::IpAddr;
use std::sync::Arc;

use super::document::{Counters, counters};
use super::net::{Entry, Net};
use super::run::{Run, last};
use super::way::{Fate, Hop, MOST_HOPS, Way};
use crate::engine::topology::{Collection, Device, FiveTuple, Line, NextHop};
use crate::engine::{EngineView, Moment};
use crate::model::PolicyPath;

/// Why there is no path to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unseen {
    /// No device is declared.
    #[error("there is no fabric: no simulated device is declared")]
    NoFabric,
    /// Nobody sends from the address.
    #[error("{0} is no host of the fabric, and no guest of one")]
    NoHost(IpAddr),
    /// The packet may be in several VXLANs.
    #[error("{0} and {1} are in more than one VXLAN")]
    ManyVxlans(IpAddr, IpAddr, Vec<u32>),
    /// The source is not in the VXLAN.
    #[error("{0} is not in VXLAN {1}")]
    NotInVxlan(IpAddr, u32, Vec<u32>),
    /// The source is a host itself, whose packets are in no VXLAN.
    #[error("{0} is a host: its packets are in no VXLAN")]
    InNoVxlan(IpAddr),
}

/// The path of a packet.
#[derive(Clone, Debug)]
pub struct Sight {
    /// What it looks like on the fabric.
    pub entry: Entry,
    /// The line from its source to the first device.
    pub first: Option<Line>,
    /// The devices, in the order of the path.
    pub hops: Vec<SeenHop>,
    /// What becomes of it.
    pub fate: Fate,
    /// Microseconds to where it ends.
    pub latency: u64,
    /// Whether its destination is a host of the fabric.
    pub leads_to_a_host: bool,
    /// What is collected of packets that look like it.
    pub probed: Option<Probed>,
}

/// A collection on the path.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The collection.
    pub collection: Arc<Collection>,
    /// When the last run began that has ended; none while none has.
    pub at: Option<Moment>,
}

/// A device on the path.
#[derive(Clone, Debug)]
pub struct SeenHop {
    /// Its position, from 1.
    pub number: usize,
    /// The device.
    pub device: Arc<Device>,
    /// Where the packet arrives.
    pub ingress: Option<SeenInterface>,
    /// The next hops that are equally good.
    pub next_hops: Vec<SeenNextHop>,
    /// Where it leaves, and the line there; none where it goes no further.
    pub egress: Option<(SeenInterface, Line)>,
    /// Microseconds from the source to here.
    pub latency: u64,
    /// What the last run of the collection met here; none where none was sent.
    pub probe: Option<Probe>,
    /// The number of the collection's filter here, and how many packets it has counted.
    pub filter: Option<(u32, u64)>,
}

/// An interface, and what it has counted.
#[derive(Clone, Debug)]
pub struct SeenInterface {
    /// Its name.
    pub name: String,
    /// Its counters.
    pub counters: Counters,
}

/// One of several next hops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNextHop {
    /// The name of the interface, or of the LAG.
    pub name: String,
    /// The members in operation of a LAG; none for an interface.
    pub members: Option<Vec<String>>,
    /// Whether the packet takes it.
    pub is_chosen: bool,
}

/// What became of the probes to a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The device answered.
    Answered {
        /// Microseconds from sending the probe to its answer.
        latency: u64,
        /// How many probes were sent.
        tries: u32,
    },
    /// It did not.
    Lost {
        /// How many probes were sent.
        tries: u32,
        /// Microseconds that were waited for each.
        timeout: u64,
    },
}

/// Where the packets of a flow are on the fabric; those of a guest in the VXLAN `vnid`, if it
/// is said.
fn entry(net: &Net, inner: &FiveTuple, vnid: Option<u32>) -> Result<Entry, Unseen> {
    let (source, destination) = (inner.source, inner.destination);
    if net.host(source).is_some() {
        return match vnid {
            None => Ok(Entry { tuple: *inner, vnid: None }),
            Some(_) => Err(Unseen::InNoVxlan(source)),
        };
    }
    let vnids = net.vxlans(inner);
    match (vnid, &vnids[..]) {
        (_, []) => Err(Unseen::NoHost(source)),
        (Some(vnid), _) => net.entry_in(inner, vnid).ok_or(Unseen::NotInVxlan(source, vnid, vnids)),
        (None, [vnid]) => net.entry_in(inner, *vnid).ok_or(Unseen::NoHost(source)),
        (None, _) => Err(Unseen::ManyVxlans(source, destination, vnids)),
    }
}

impl EngineView {
    /// The path of packets of a flow over the fabric, as they are sent by a host or a guest of
    /// one and may go so many hops. `vnid` says which VXLAN is meant where there are several.
    ///
    /// # Errors
    /// When nobody there sends such packets.
    pub fn across_fabric(&self, inner: &FiveTuple, hops: usize, vnid: Option<u32>) -> Result<Sight, Unseen> {
        if self.topology.devices.is_empty() {
            return Err(Unseen::NoFabric);
        }
        let net = self.fabric.net(&self.topology);
        let entry = entry(net, inner, vnid)?;
        // A VTEP says by itself how far its packets may go.
        let hops = if entry.vnid.is_some() { usize::from(super::load::OUTER_HOPS) } else { hops };
        let is_like = |collection: &&Arc<Collection>| {
            let within = collection.tunnel.as_ref().map(|it| (it.vnid, it.source, it.destination));
            collection.tuple == entry.tuple && within == entry.vnid.map(|vnid| (vnid, inner.source, inner.destination))
        };
        let collection = self.topology.collections.values().find(is_like).cloned();
        let way = net.way(&entry.tuple, hops).ok_or(Unseen::NoHost(entry.tuple.source))?;
        Ok(self.seen(entry, &way, collection))
    }

    /// The path of the probes of the collection at `path`; none if there is no such collection.
    pub fn collected_across_fabric(&self, path: &PolicyPath) -> Option<Result<Sight, Unseen>> {
        let collection = self.topology.collections.get(path)?;
        if self.topology.devices.is_empty() {
            return Some(Err(Unseen::NoFabric));
        }
        let entry = Entry { tuple: collection.tuple, vnid: collection.tunnel.as_ref().map(|tunnel| tunnel.vnid) };
        let Some(way) = self.fabric.net(&self.topology).way(&entry.tuple, MOST_HOPS) else {
            return Some(Err(Unseen::NoHost(entry.tuple.source)));
        };
        Some(Ok(self.seen(entry, &way, Some(Arc::clone(collection)))))
    }

    /// The hosts of the fabric and their guests: who they are, and where.
    pub fn hosts_of_fabric(&self) -> impl Iterator<Item = String> {
        self.topology.devices.values().flat_map(|device| {
            device.hosts.iter().flat_map(|host| {
                let at = device.interfaces.get(host.interface).map(|it| it.name.as_str()).unwrap_or_default();
                let own = format!("{} at {} {at}", host.address, device.name);
                let guest = |guest: &crate::engine::topology::Guest| {
                    format!("{} in VXLAN {} on {}", guest.address, guest.vnid, host.address)
                };
                let guests: Vec<_> = host.guests.iter().map(guest).collect();
                std::iter::once(own).chain(guests)
            })
        })
    }

    fn seen(&self, entry: Entry, way: &Way, collection: Option<Arc<Collection>>) -> Sight {
        let run = collection.as_ref().and_then(|it| last(&self.fabric, &self.topology, it, self.now));
        let at = Look { view: self, collection: collection.as_deref(), run: run.as_ref() };
        let hops = (1..).zip(&way.hops).map(|(number, hop)| at.hop(number, hop)).collect();
        let leads_to_a_host = self.fabric.net(&self.topology).host(entry.tuple.destination).is_some();
        let probed = collection.map(|collection| Probed { collection, at: run.as_ref().map(|run| run.at) });
        Sight { entry, first: way.first, hops, fate: way.fate, latency: way.latency, leads_to_a_host, probed }
    }
}

/// What hops are looked at with.
struct Look<'a> {
    view: &'a EngineView,
    collection: Option<&'a Collection>,
    run: Option<&'a Run>,
}

impl Look<'_> {
    fn hop(&self, number: usize, hop: &Hop) -> SeenHop {
        let EngineView { topology, fabric, now, .. } = self.view;
        let net = fabric.net(topology);
        let device = net.shared_device(hop.device);
        let name = |interface: &usize| device.interfaces[*interface].name.clone();
        let interface = |interface: usize| SeenInterface {
            name: name(&interface),
            counters: counters(fabric, topology, hop.device, interface, *now),
        };
        let leaves_by = hop.egress.map(|(interface, _)| interface);
        let next_hop = |(next_hop, members): &(NextHop, Vec<usize>)| SeenNextHop {
            name: match next_hop {
                NextHop::Interface(interface) => name(interface),
                NextHop::Lag(lag) => device.lags[*lag].name.clone(),
            },
            members: matches!(next_hop, NextHop::Lag(_)).then(|| members.iter().map(name).collect()),
            is_chosen: leaves_by.is_some_and(|interface| members.contains(&interface)),
        };
        SeenHop {
            number,
            ingress: hop.ingress.map(interface),
            next_hops: hop.choices.iter().map(next_hop).collect(),
            egress: hop.egress.map(|(out, line)| (interface(out), line)),
            latency: hop.latency,
            probe: self.probe(number),
            filter: self.collection.and_then(|it| fabric.filter(topology, it, hop.device, *now)),
            device,
        }
    }

    fn probe(&self, number: usize) -> Option<Probe> {
        let (run, collection) = (self.run?, self.collection?);
        let answer = run.answers.iter().find(|answer| answer.hop == number);
        let answered = answer.map(|answer| Probe::Answered { latency: answer.latency, tries: answer.tries });
        let lost = || Probe::Lost { tries: collection.tries, timeout: collection.timeout };
        answered.or_else(|| run.lost.contains(&number).then(lost))
    }
}
