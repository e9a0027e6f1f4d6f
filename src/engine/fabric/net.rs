//! Who is connected to whom, and which next hops lead where.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::topology::{Device, EcmpGroup, FiveTuple, Guest, Host, Line, NextHop, Topology, VXLAN_PORT};
use crate::model::PolicyPath;

use super::hash;

/// What is at the other end of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The position of the other device.
    pub device: usize,
    /// The position of its interface.
    pub interface: usize,
    /// The link between them.
    pub line: Line,
}

/// Devices from another one: how many links away each is.
type Distances = Arc<Vec<u32>>;

/// So far away is what cannot be reached.
const FAR: u32 = u32::MAX;

/// The fabric at one moment.
#[derive(Debug)]
pub struct Net {
    devices: Vec<Arc<Device>>,
    /// The positions of devices, by their paths.
    index: HashMap<String, usize>,
    /// By device and interface.
    ports: Vec<Vec<Option<Port>>>,
    /// By device and interface: the LAG it is a member of.
    lags: Vec<Vec<Option<usize>>>,
    /// The device, and the position of the host there.
    hosts: HashMap<IpAddr, (usize, usize)>,
    /// The host of each guest.
    guests: HashMap<(u32, IpAddr), (IpAddr, Guest)>,
    /// The VXLANs in which an address is.
    vnids: HashMap<IpAddr, Vec<u32>>,
    /// To each device that somebody asked for.
    distances: Mutex<HashMap<usize, Distances>>,
}

/// Where a flow enters the fabric, and what it looks like there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What its packets look like, outside.
    pub tuple: FiveTuple,
    /// The VXLAN they are in.
    pub vnid: Option<u32>,
}

impl Net {
    /// The fabric that is declared.
    pub fn of(topology: &Topology) -> Self {
        let devices: Vec<_> = topology.devices.values().cloned().collect();
        let index: HashMap<String, usize> = topology.devices.keys().map(PolicyPath::to_string).zip(0..).collect();
        let mut ports: Vec<Vec<Option<Port>>> = devices.iter().map(|it| vec![None; it.interfaces.len()]).collect();
        for link in topology.links.values().filter(|link| link.line.up) {
            let end = |(path, name): &(PolicyPath, String)| {
                let device = *index.get(path.as_str())?;
                let interface = devices[device].interfaces.iter().position(|it| it.name == *name)?;
                Some((device, interface))
            };
            if let (Some(one), Some(other)) = (end(&link.ends[0]), end(&link.ends[1])) {
                for ((device, interface), (far, at)) in [(one, other), (other, one)] {
                    ports[device][interface] = Some(Port { device: far, interface: at, line: link.line });
                }
            }
        }
        let (mut hosts, mut guests) = (HashMap::new(), HashMap::new());
        let mut vnids: HashMap<IpAddr, Vec<u32>> = HashMap::new();
        let mut lags = Vec::with_capacity(devices.len());
        for (position, device) in devices.iter().enumerate() {
            for (number, host) in device.hosts.iter().enumerate() {
                hosts.entry(host.address).or_insert((position, number));
                for guest in &host.guests {
                    guests.entry((guest.vnid, guest.address)).or_insert((host.address, guest.clone()));
                    vnids.entry(guest.address).or_default().push(guest.vnid);
                }
            }
            let mut of_device = vec![None; device.interfaces.len()];
            for (number, lag) in device.lags.iter().enumerate() {
                for member in &lag.members {
                    of_device[*member] = Some(number);
                }
            }
            lags.push(of_device);
        }
        Self { devices, index, ports, lags, hosts, guests, vnids, distances: Mutex::default() }
    }

    /// The device at this position, to be kept.
    pub fn shared_device(&self, position: usize) -> Arc<Device> {
        Arc::clone(&self.devices[position])
    }

    /// The device at this position.
    pub fn device(&self, position: usize) -> &Device {
        &self.devices[position]
    }

    /// The position of the device at this path.
    pub fn position(&self, path: &str) -> Option<usize> {
        self.index.get(path).copied()
    }

    /// The devices and interfaces that carry other traffic than that of flows.
    pub fn busy_in_background(&self) -> impl Iterator<Item = (usize, usize)> {
        self.devices.iter().enumerate().flat_map(|(device, this)| {
            let busy = this.interfaces.iter().enumerate().filter(|(_, interface)| interface.is_busy_in_background());
            busy.map(move |(interface, _)| (device, interface))
        })
    }

    /// The host with this address, and the position of its device.
    pub fn host(&self, address: IpAddr) -> Option<(usize, &Host)> {
        let (device, number) = *self.hosts.get(&address)?;
        Some((device, self.devices[device].hosts.get(number)?))
    }

    /// The guest with this address in this VXLAN.
    pub fn guest(&self, vnid: u32, address: IpAddr) -> Option<&Guest> {
        self.guests.get(&(vnid, address)).map(|(_, guest)| guest)
    }

    /// What is at the other end of an interface, while its link is up.
    pub fn port(&self, device: usize, interface: usize) -> Option<&Port> {
        self.ports.get(device)?.get(interface)?.as_ref()
    }

    /// How packets of a flow between these two look in the fabric; none if its source is
    /// neither a host nor a guest of one.
    pub fn entry(&self, inner: &FiveTuple) -> Option<Entry> {
        if self.hosts.contains_key(&inner.source) {
            return Some(Entry { tuple: *inner, vnid: None });
        }
        self.entry_in(inner, *self.vxlans(inner).first()?)
    }

    /// The VXLANs in which packets of a flow between guests may be, the lowest first: those in
    /// which both are, or where there is none, those of the source.
    pub fn vxlans(&self, inner: &FiveTuple) -> Vec<u32> {
        let of = |address: IpAddr| self.vnids.get(&address).map(Vec::as_slice).unwrap_or_default();
        let (from, to) = (of(inner.source), of(inner.destination));
        let shared: Vec<u32> = from.iter().filter(|vnid| to.contains(vnid)).copied().collect();
        let mut found = if shared.is_empty() { from.to_vec() } else { shared };
        found.sort_unstable();
        found
    }

    /// How packets of a flow between guests in this VXLAN look in the fabric; none if its source
    /// is not in it.
    pub fn entry_in(&self, inner: &FiveTuple, vnid: u32) -> Option<Entry> {
        let vtep = |address| self.guests.get(&(vnid, address)).map(|(vtep, _)| *vtep);
        let tuple = FiveTuple {
            source: vtep(inner.source)?,
            // Where nobody has the address, the VTEP knows nobody to send to.
            destination: vtep(inner.destination).unwrap_or(inner.destination),
            protocol: 17,
            source_port: hash::vxlan_source_port(inner),
            destination_port: VXLAN_PORT,
        };
        Some(Entry { tuple, vnid: Some(vnid) })
    }

    /// The next hops of `device` towards `address`, which is at the device `end`, each with the
    /// interfaces that lead there: one, or the members of a LAG that are in operation.
    pub fn next_hops(&self, device: usize, address: IpAddr, end: Option<usize>) -> Vec<(NextHop, Vec<usize>)> {
        let this = &self.devices[device];
        let holds = |group: &&EcmpGroup| {
            group.destinations.iter().filter(|network| network.holds(address)).map(|network| network.length()).max()
        };
        let group = this.groups.iter().filter(|group| holds(group).is_some()).max_by_key(|group| holds(group));
        if let Some(group) = group {
            let members = |next_hop: &NextHop| match next_hop {
                NextHop::Interface(interface) => vec![*interface],
                NextHop::Lag(lag) => this.lags[*lag].members.clone(),
            };
            let up = |next_hop: &NextHop| {
                let mut members = members(next_hop);
                members.retain(|interface| self.port(device, *interface).is_some());
                (!members.is_empty()).then_some((*next_hop, members))
            };
            return group.next_hops.iter().filter_map(up).collect();
        }
        let Some(end) = end else { return Vec::new() };
        let distances = self.distances_to(end);
        let own = distances[device];
        let mut found: Vec<(NextHop, Vec<usize>)> = Vec::new();
        for (interface, port) in self.ports[device].iter().enumerate() {
            let Some(port) = port.filter(|port| own != FAR && distances[port.device].checked_add(1) == Some(own))
            else {
                continue;
            };
            debug_assert!(port.line.up);
            let next_hop = self.lags[device][interface].map_or(NextHop::Interface(interface), NextHop::Lag);
            match found.iter_mut().find(|(known, _)| *known == next_hop) {
                Some((_, members)) => members.push(interface),
                None => found.push((next_hop, vec![interface])),
            }
        }
        found
    }

    /// How many links each device is away from `end`.
    fn distances_to(&self, end: usize) -> Distances {
        let mut known = self.distances.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(end).or_insert_with(|| {
            let mut distances = vec![FAR; self.devices.len()];
            distances[end] = 0;
            let mut next = VecDeque::from([end]);
            while let Some(device) = next.pop_front() {
                for port in self.ports[device].iter().flatten() {
                    if distances[port.device] == FAR {
                        distances[port.device] = distances[device] + 1;
                        next.push_back(port.device);
                    }
                }
            }
            Arc::new(distances)
        }))
    }
}
