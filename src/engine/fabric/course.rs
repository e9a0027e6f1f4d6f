//! What has been counted, from one change of the fabric to the next.
//!
//! Nothing is counted while time passes. When the fabric changes, what flows have sent until
//! then is added up by the rates that held, and another load begins. So it costs nothing to
//! let time pass, and little to ask.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::copies::{Mirrored, mirrored};
use super::filters::Filters;
use super::load::{Counted, Load, MirrorCounters, Rates};
use super::net::Net;
use crate::engine::Moment;
use crate::engine::topology::{Collection, Device, Topology};
use crate::model::{
    FLOW_TRACE, Kind, PolicyPath, SIMULATED_DEVICE, SIMULATED_FLOW, SIMULATED_LINK, TUNNEL_TRACE, Tree,
};

/// What interfaces have counted of flows, by the paths of their devices and their names.
type Interfaces = BTreeMap<String, BTreeMap<String, Counted>>;

/// What is stored of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stored {
    /// When what is sent over the fabric changed last.
    since: i64,
    /// When it changed last who is connected to whom.
    connected_since: i64,
    interfaces: Interfaces,
    mirrors: BTreeMap<String, MirrorCounters>,
    filters: Filters,
}

impl Stored {
    /// Whether there has never been a fabric.
    pub fn is_empty(&self) -> bool {
        *self == Self { since: self.since, connected_since: self.connected_since, ..Self::default() }
    }
}

/// What has been counted, and how it goes on.
#[derive(Clone, Debug, Default)]
pub struct Course {
    stored: Arc<Stored>,
    net: OnceLock<Arc<Net>>,
    load: OnceLock<Arc<Load>>,
    /// The filters where the ways lead since the fabric changed.
    filters: OnceLock<Arc<Filters>>,
}

/// What a change at a path does to the fabric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// Nothing.
    None,
    /// Where filters are.
    Filters,
    /// What is sent over it.
    Load,
    /// Who is connected to whom.
    Net,
}

/// What it does to the fabric that an object of `kind` is declared by `tree`, whatever was
/// there.
pub fn touched_by_declared(kind: &Kind, tree: &Tree) -> Touch {
    if *kind != FLOW_TRACE && *kind != TUNNEL_TRACE {
        Touch::None
    } else if !tree.get("mirror_type").is_null() {
        Touch::Load
    } else if tree.get("bw_ingress").bool() == Some(true) {
        Touch::Filters
    } else {
        Touch::None
    }
}

impl Course {
    /// What was stored.
    pub fn restore(stored: Stored) -> Self {
        Self { stored: Arc::new(stored), ..Self::default() }
    }

    /// What is to be stored.
    pub fn stored(&self) -> Stored {
        let mut stored = (*self.stored).clone();
        if let Some(filters) = self.filters.get() {
            stored.filters = (**filters).clone();
        }
        stored
    }

    /// When what is sent over the fabric changed last.
    fn since(&self) -> Moment {
        Moment(self.stored.since)
    }

    /// When it changed last who is connected to whom.
    pub fn connected_since(&self) -> Moment {
        Moment(self.stored.connected_since)
    }

    /// Who is connected to whom.
    pub fn net(&self, topology: &Topology) -> &Arc<Net> {
        self.net.get_or_init(|| Arc::new(Net::of(topology)))
    }

    /// What is sent over it.
    pub fn load(&self, topology: &Topology) -> &Arc<Load> {
        self.load.get_or_init(|| Arc::new(Load::of(self.net(topology), topology, self.since())))
    }

    fn filters(&self, topology: &Topology) -> &Arc<Filters> {
        self.filters.get_or_init(|| {
            let mut filters = self.stored.filters.clone();
            let counts = topology.collections.values().any(|collection| collection.counts);
            if counts || !filters.is_empty() {
                filters.follow(self.net(topology), topology, self.since());
            }
            Arc::new(filters)
        })
    }

    /// What a change at `path`, where `topology` has what it declares, does to the fabric.
    pub fn touched_by(topology: &Topology, path: &PolicyPath) -> Touch {
        if SIMULATED_DEVICE.owns(path) || SIMULATED_LINK.owns(path) {
            Touch::Net
        } else if SIMULATED_FLOW.owns(path) && !topology.devices.is_empty() {
            Touch::Load
        } else if FLOW_TRACE.owns(path) || TUNNEL_TRACE.owns(path) {
            match topology.collections.get(path) {
                Some(collection) if collection.analyzer.is_some() => Touch::Load,
                Some(collection) if collection.counts => Touch::Filters,
                _ => Touch::None,
            }
        } else {
            Touch::None
        }
    }

    /// The fabric of `topology` is about to change at `at`: adds up what has been sent.
    pub fn add_up(&mut self, topology: &Topology, at: Moment) {
        let from = self.since();
        let has_traffic =
            || !topology.flows.is_empty() || topology.devices.values().any(|it| it.is_busy_in_background());
        let counts = at > from && !topology.devices.is_empty() && has_traffic();
        let fabric = counts.then(|| (Arc::clone(self.net(topology)), Arc::clone(self.load(topology))));
        let filters = if counts { Some(Arc::clone(self.filters(topology))) } else { self.filters.get().cloned() };
        let stored = Arc::make_mut(&mut self.stored);
        if let Some(filters) = filters {
            stored.filters = (*filters).clone();
        }
        if let Some((net, load)) = fabric {
            for (device, interface) in load.interfaces() {
                let this = net.device(device);
                let names = stored.interfaces.entry(this.path.to_string()).or_default();
                let counted = names.entry(this.interfaces[interface].name.clone()).or_default();
                *counted = sum(*counted, load.counted(device, interface, from, at));
            }
            for (device, interface) in net.busy_in_background() {
                let this = net.device(device);
                let names = stored.interfaces.entry(this.path.to_string()).or_default();
                let counted = names.entry(this.interfaces[interface].name.clone()).or_default();
                *counted = sum(*counted, in_background(this, interface, from, at));
            }
            for (collection, copies) in load.copies(from, at) {
                stored.mirrors.entry(collection.to_string()).or_default().add(copies);
            }
            stored.filters.count(&net, &load, topology, from, at);
        }
        stored.since = at.0.max(from.0);
        self.load = OnceLock::new();
        self.filters = OnceLock::new();
    }

    /// Who is connected to whom has changed at `at`.
    pub fn forget_net(&mut self, at: Moment) {
        Arc::make_mut(&mut self.stored).connected_since = at.0;
        self.net = OnceLock::new();
    }

    /// The object at `path` was declared, or is gone.
    pub fn declared(&mut self, topology: &Topology, path: &PolicyPath, now: Moment, is_touched: bool) {
        let key = path.as_str();
        if self.stored.interfaces.contains_key(key) {
            let interfaces = &mut Arc::make_mut(&mut self.stored).interfaces;
            match (topology.devices.get(path), interfaces.get_mut(key)) {
                (Some(device), Some(names)) => {
                    names.retain(|name, _| device.interfaces.iter().any(|interface| interface.name == *name));
                }
                _ => drop(interfaces.remove(key)),
            }
        }
        let collection = topology.collections.get(path);
        if collection.is_none() && self.stored.mirrors.contains_key(key) {
            Arc::make_mut(&mut self.stored).mirrors.remove(key);
        }
        if is_touched && (FLOW_TRACE.owns(path) || TUNNEL_TRACE.owns(path)) {
            self.filters(topology);
            let net = Arc::clone(self.net(topology));
            let mut filters = self.filters.take().unwrap_or_default();
            let changed = Arc::make_mut(&mut filters);
            match collection {
                Some(collection) => changed.place(&net, collection, now, true),
                None => changed.remove(key),
            }
            self.filters = OnceLock::from(filters);
        }
    }

    /// What an interface has counted of flows at `at`, which is not before the last change.
    pub fn counted(&self, topology: &Topology, device: usize, interface: usize, at: Moment) -> Counted {
        let this = self.net(topology).device(device);
        let names = self.stored.interfaces.get(this.path.as_str());
        let before = names.and_then(|names| names.get(&this.interfaces[interface].name)).copied().unwrap_or_default();
        let (from, to) = (self.since(), at.max(self.since()));
        let since =
            sum(self.load(topology).counted(device, interface, from, to), in_background(this, interface, from, to));
        sum(before, since)
    }

    /// What is sent over it in a second.
    pub fn rates(&self, topology: &Topology, device: usize, interface: usize, at: Moment) -> Rates {
        let of_flows = self.load(topology).rates(device, interface, at);
        let this = &self.net(topology).device(device).interfaces[interface];
        Rates {
            rx_packets: of_flows.rx_packets + this.received.background_packets,
            rx_bytes: of_flows.rx_bytes + this.received.background_bytes,
            tx_packets: of_flows.tx_packets + this.sent.background_packets,
            tx_bytes: of_flows.tx_bytes + this.sent.background_bytes,
        }
    }

    /// The number of the filter of `collection` at a device, and what it has counted.
    pub fn filter(&self, topology: &Topology, of: &Collection, device: usize, at: Moment) -> Option<(u32, u64)> {
        let fabric = (&**self.net(topology), &**self.load(topology));
        self.filters(topology).read(fabric, of, device, self.since(), at.max(self.since()))
    }

    /// The copies that devices make for the collection at `path`, while nothing changes.
    pub fn copies_of(&self, topology: &Topology, path: &PolicyPath) -> Vec<Mirrored> {
        let Some(collection) = topology.collections.get(path) else { return Vec::new() };
        mirrored(self.net(topology), self.load(topology), collection)
    }

    /// What became of the copies that the collection at `path` has had made, at `at`.
    pub fn mirrored(&self, topology: &Topology, path: &PolicyPath, at: Moment) -> MirrorCounters {
        let mut counted = self.stored.mirrors.get(path.as_str()).copied().unwrap_or_default();
        let since = self.load(topology).copies(self.since(), at.max(self.since()));
        for (_, copies) in since.into_iter().filter(|(collection, _)| *collection == path) {
            counted.add(copies);
        }
        counted
    }
}

/// What an interface of `device` counts of other traffic than flows, which began when the
/// device was created.
fn in_background(device: &Device, interface: usize, from: Moment, to: Moment) -> Counted {
    let this = &device.interfaces[interface];
    let passed = |rate: u64| {
        let until = |at: Moment| {
            let milliseconds = u128::from(at.0.saturating_sub(device.since.0).max(0).unsigned_abs());
            u64::try_from(u128::from(rate) * milliseconds / 1_000).unwrap_or(u64::MAX)
        };
        until(to).saturating_sub(until(from))
    };
    Counted {
        rx_packets: passed(this.received.background_packets),
        rx_bytes: passed(this.received.background_bytes),
        tx_packets: passed(this.sent.background_packets),
        tx_bytes: passed(this.sent.background_bytes),
        tx_dropped: 0,
    }
}

fn sum(one: Counted, other: Counted) -> Counted {
    Counted {
        rx_packets: one.rx_packets + other.rx_packets,
        rx_bytes: one.rx_bytes + other.rx_bytes,
        tx_packets: one.tx_packets + other.tx_packets,
        tx_bytes: one.tx_bytes + other.tx_bytes,
        tx_dropped: one.tx_dropped + other.tx_dropped,
    }
}
