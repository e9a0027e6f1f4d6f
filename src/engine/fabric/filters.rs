//! What devices count of the flows that are collected: each device on the path has a filter
//! for the flow, with a number of its own.
//!
//! A filter is new when the collection begins, is changed, or comes to lead over the device.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::load::Load;
use super::net::Net;
use super::way::MOST_HOPS;
use crate::engine::Moment;
use crate::engine::topology::{Collection, Topology};
use crate::model::PolicyPath;

/// The filters that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// By the paths of the collection and of the device.
    set: BTreeMap<String, BTreeMap<String, Filter>>,
    /// How many each device has had.
    had: BTreeMap<String, u32>,
}

/// A filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Filter {
    id: u32,
    since: i64,
    /// What it had counted when the fabric changed last.
    counted: u64,
}

impl Filters {
    /// Whether there are none, and never were.
    pub fn is_empty(&self) -> bool {
        self.had.is_empty()
    }

    /// Counts what arrives at each device from `from` until just before `to`.
    pub fn count(&mut self, net: &Net, load: &Load, topology: &Topology, from: Moment, to: Moment) {
        for (path, collection) in &topology.collections {
            let Some(filters) = self.set.get_mut(path.as_str()) else { continue };
            for (device, filter) in filters {
                let Some(device) = net.position(device) else { continue };
                let since = from.max(Moment(filter.since));
                filter.counted += load.arrivals(&collection.tuple, device, since.min(to), to);
            }
        }
    }

    /// Puts the filters where the ways of the collections lead, `now`.
    pub fn follow(&mut self, net: &Net, topology: &Topology, now: Moment) {
        self.set.retain(|path, _| {
            let collection = PolicyPath::parse(path).ok().and_then(|path| topology.collections.get(&path));
            collection.is_some_and(|collection| collection.counts)
        });
        for collection in topology.collections.values().filter(|collection| collection.counts) {
            self.place(net, collection, now, false);
        }
    }

    /// Puts the filters of one collection where its way leads; new ones, if it `is_anew`.
    pub fn place(&mut self, net: &Net, collection: &Collection, now: Moment, is_anew: bool) {
        let old = self.set.remove(collection.path.as_str()).filter(|_| !is_anew).unwrap_or_default();
        if !collection.counts {
            return;
        }
        let Some(way) = net.way(&collection.tuple, MOST_HOPS) else { return };
        let mut filters = BTreeMap::new();
        for hop in &way.hops {
            let device = net.device(hop.device);
            let path = device.path.as_str();
            let new = || {
                let had = self.had.entry(path.to_owned()).or_default();
                *had += 1;
                let first = u32::try_from(xxh3_64(device.serial.as_bytes()) >> 32).unwrap_or_default();
                Filter { id: first.wrapping_add(*had), since: now.0, counted: 0 }
            };
            let filter = old.get(path).copied().unwrap_or_else(new);
            filters.insert(path.to_owned(), filter);
        }
        self.set.insert(collection.path.to_string(), filters);
    }

    /// The collection at `path` is gone.
    pub fn remove(&mut self, path: &str) {
        self.set.remove(path);
    }

    /// The number of the filter of a collection at a device, and what it has counted at `at`,
    /// when the fabric has not changed since `from`.
    pub fn read(
        &self,
        (net, load): (&Net, &Load),
        collection: &Collection,
        device: usize,
        from: Moment,
        at: Moment,
    ) -> Option<(u32, u64)> {
        let filter = self.set.get(collection.path.as_str())?.get(net.device(device).path.as_str())?;
        let since = from.max(Moment(filter.since));
        let more = load.arrivals(&collection.tuple, device, since.min(at), at);
        Some((filter.id, filter.counted + more))
    }
}
