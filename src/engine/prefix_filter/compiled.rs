//! A list, made ready for many routes.
//!
//! The entries lie in a trie by their networks, one for each address family. A
//! route is looked up at the networks that cover it: at most one for each length of a
//! mask, however long the list is. Of the first entries there that match its
//! length, the one that comes first in the list decides.

use std::net::IpAddr;

use prefix_trie::PrefixMap;

use super::entry::{Entry, Lengths, Subject};
use super::{PrefixMatch, Verdict};
use crate::model::{Network, PrefixAction};

/// A prefix list, made ready for many routes.
#[derive(Clone, Debug, Default)]
pub struct PrefixFilter {
    actions: Vec<PrefixAction>,
    /// The position of the first entry that matches everything.
    any: Option<usize>,
    v4: PrefixMap<(u32, u8), Here>,
    v6: PrefixMap<(u128, u8), Here>,
}

/// The entries of one network that can decide, in the order of the list, each with
/// its position there. An entry all of whose lengths earlier ones match cannot, so
/// there are at most as many as there are lengths.
#[derive(Clone, Debug, Default)]
struct Here(Vec<(Lengths, usize)>);

impl Here {
    fn add(&mut self, lengths: Lengths, position: usize) {
        if lengths.all().any(|length| self.first(length).is_none()) {
            self.0.push((lengths, position));
        }
    }

    /// The position of the first entry that matches a mask of `length`.
    fn first(&self, length: u8) -> Option<usize> {
        self.0.iter().find(|(lengths, _)| lengths.has(length)).map(|(_, position)| *position)
    }
}

impl PrefixFilter {
    /// The filter of these entries, whose bounds are read as `mode` says.
    pub fn new(entries: &[Entry], mode: PrefixMatch) -> Self {
        let mut filter = Self::default();
        for entry in entries {
            filter.add(*entry, mode);
        }
        filter
    }

    /// The positions of those entries that can decide. The others can be left out: whatever
    /// one of them matches, entries before it match whose networks cover its own. One that
    /// entries within its network take everything from, piece by piece, is kept.
    pub fn deciding(entries: &[Entry], mode: PrefixMatch) -> Vec<usize> {
        let mut filter = Self::default();
        let decides = |(position, entry): (usize, &Entry)| filter.add(*entry, mode).then_some(position);
        entries.iter().enumerate().filter_map(decides).collect()
    }

    /// Adds an entry at the end of the list, and tells whether it can decide.
    fn add(&mut self, entry: Entry, mode: PrefixMatch) -> bool {
        let position = self.actions.len();
        self.actions.push(entry.action);
        // Nothing gets past an entry for everything.
        if self.any.is_some() {
            return false;
        }
        match entry.subject {
            Subject::Any => {
                self.any = Some(position);
                true
            }
            Subject::Within { network, ge, le } => {
                let lengths = Lengths::new(network, ge, le, mode);
                let decides = lengths.all().any(|length| self.covering(network, length).is_none());
                if decides {
                    self.here(network).add(lengths, position);
                }
                decides
            }
        }
    }

    /// What the list makes of `route`.
    pub fn judge(&self, route: Network) -> Verdict {
        let position = self.covering(route, route.length()).or(self.any);
        match position.and_then(|position| Some((position, *self.actions.get(position)?))) {
            Some((position, action)) => Verdict::Entry { position, action },
            None => Verdict::End,
        }
    }

    /// The position of the first entry whose network covers `network`, and that matches masks of
    /// `length`.
    fn covering(&self, network: Network, length: u8) -> Option<usize> {
        let own = network.length();
        match network.first() {
            IpAddr::V4(address) => first(self.v4.cover_values(&(address.to_bits(), own)), length),
            IpAddr::V6(address) => first(self.v6.cover_values(&(address.to_bits(), own)), length),
        }
    }

    /// The entries of `network`.
    fn here(&mut self, network: Network) -> &mut Here {
        let length = network.length();
        match network.first() {
            IpAddr::V4(address) => self.v4.entry((address.to_bits(), length)).or_default(),
            IpAddr::V6(address) => self.v6.entry((address.to_bits(), length)).or_default(),
        }
    }
}

/// The first of the entries at these networks that matches a mask of `length`.
fn first<'a>(covering: impl Iterator<Item = &'a Here>, length: u8) -> Option<usize> {
    covering.filter_map(|here| here.first(length)).min()
}
