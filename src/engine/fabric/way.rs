//! The way of a packet, device by device.

use std::collections::HashSet;
use std::net::IpAddr;

use super::hash::{self, Layer};
use super::net::Net;
use crate::engine::forwarding::DropReason;
use crate::engine::topology::{FiveTuple, Line, NextHop};

/// The way of a packet through the fabric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The line from the source to the first device; none for what a device sends.
    pub first: Option<Line>,
    /// The devices.
    pub hops: Vec<Hop>,
    /// What becomes of it.
    pub fate: Fate,
    /// Microseconds to where it ends.
    pub latency: u64,
}

/// A device on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Its position in the [`Net`].
    pub device: usize,
    /// The interface at which the packet arrives; none at the device that sends it.
    pub ingress: Option<usize>,
    /// The next hops that are equally good, and the interfaces of each.
    pub choices: Vec<(NextHop, Vec<usize>)>,
    /// The interface it leaves by, and the line there; none where it goes no further.
    pub egress: Option<(usize, Line)>,
    /// Microseconds from the source to here.
    pub latency: u64,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Delivered,
    /// It is dropped at the last device of its way.
    Dropped(DropReason),
}

/// So many devices may a packet cross that says nothing else.
pub const MOST_HOPS: usize = 255;

impl Net {
    /// The way of a packet of this flow that may go so many hops, from the host that is its
    /// source; none if there is no such host.
    pub fn way(&self, tuple: &FiveTuple, hops: usize) -> Option<Way> {
        let (device, host) = self.host(tuple.source)?;
        let to = self.host(tuple.destination);
        let way = Way { first: Some(host.line), hops: Vec::new(), fate: Fate::Delivered, latency: 0 };
        if !host.line.up {
            return Some(Way { fate: Fate::Dropped(DropReason::LinkDown), ..way });
        }
        // Between guests of one host.
        if tuple.source == tuple.destination {
            return Some(way);
        }
        let start = Start { device, ingress: Some(host.interface), latency: host.line.latency };
        Some(self.walk(way, start, to.map(|(device, _)| device), tuple, hops))
    }

    /// The way of what `device` itself sends.
    pub fn way_from(&self, device: usize, tuple: &FiveTuple) -> Way {
        let way = Way { first: None, hops: Vec::new(), fate: Fate::Delivered, latency: 0 };
        let to = self.host(tuple.destination);
        let start = Start { device, ingress: None, latency: 0 };
        self.walk(way, start, to.map(|(device, _)| device), tuple, MOST_HOPS)
    }

    fn walk(&self, mut way: Way, start: Start, end: Option<usize>, tuple: &FiveTuple, hops: usize) -> Way {
        let Start { mut device, mut ingress, mut latency } = start;
        let mut met = HashSet::new();
        loop {
            let step = self.step(device, tuple, end, way.hops.len() + 1 >= hops);
            let is_loop = !met.insert(device);
            let hop = Hop { device, ingress, choices: step.choices, egress: step.egress, latency };
            way.latency = latency;
            if is_loop {
                way.hops.push(Hop { egress: None, ..hop });
                return Way { fate: Fate::Dropped(DropReason::Loop), ..way };
            }
            way.hops.push(hop);
            match step.then {
                Then::Ends(fate) => return Way { fate, ..way },
                Then::Arrives(line) => return Way { latency: latency + line.latency, ..way },
                Then::Goes(to, at, line) => {
                    (device, ingress) = (to, Some(at));
                    latency += line.latency;
                }
            }
        }
    }

    fn step(&self, device: usize, tuple: &FiveTuple, end: Option<usize>, is_last: bool) -> Step {
        let dropped = |reason| Step { choices: Vec::new(), egress: None, then: Then::Ends(Fate::Dropped(reason)) };
        let address: IpAddr = tuple.destination;
        if let Some((_, host)) = self.host(address).filter(|_| end == Some(device)) {
            if !host.line.up {
                return dropped(DropReason::LinkDown);
            }
            let choices = vec![(NextHop::Interface(host.interface), vec![host.interface])];
            if is_last {
                return Step { choices, egress: None, then: Then::Ends(Fate::Dropped(DropReason::TtlExpired)) };
            }
            let egress = Some((host.interface, host.line));
            return Step { choices, egress, then: Then::Arrives(host.line) };
        }
        let choices = self.next_hops(device, address, end);
        if choices.is_empty() {
            return dropped(DropReason::NoRoute);
        }
        let serial = &self.device(device).serial;
        let (_, members) = &choices[hash::choose(choices.len(), serial, Layer::Three, tuple)];
        let interface = members[hash::choose(members.len(), serial, Layer::Two, tuple)];
        let Some(port) = self.port(device, interface) else { return dropped(DropReason::NoRoute) };
        let (egress, then) = if is_last {
            (None, Then::Ends(Fate::Dropped(DropReason::TtlExpired)))
        } else {
            (Some((interface, port.line)), Then::Goes(port.device, port.interface, port.line))
        };
        Step { choices, egress, then }
    }
}

#[derive(Clone, Copy)]
struct Start {
    device: usize,
    ingress: Option<usize>,
    latency: u64,
}

struct Step {
    choices: Vec<(NextHop, Vec<usize>)>,
    egress: Option<(usize, Line)>,
    then: Then,
}

enum Then {
    /// It goes no further.
    Ends(Fate),
    /// It arrives over this line.
    Arrives(Line),
    /// It goes on to the interface of another device.
    Goes(usize, usize, Line),
}
