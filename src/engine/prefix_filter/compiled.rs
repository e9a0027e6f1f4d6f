//! A list, made ready for many routes.
//!
//! The entries lie in a trie by their networks, one for each address family. At a
//! network the filter keeps, for every length of a mask, the first entry that
//! matches it. A route is looked up at the networks that cover it: at most as many
//! as an address has bits, however long the list is.

use prefix_trie::PrefixMap;

use super::entry::{Entry, Lengths, Subject};
use super::{PrefixMatch, Verdict};
use crate::model::{Network, PrefixAction};
use std::net::IpAddr;

/// A prefix list, made ready for many routes.
#[derive(Clone, Debug, Default)]
pub struct PrefixFilter {
    actions: Vec<PrefixAction>,
    /// The position of the first entry that matches everything.
    any: Option<usize>,
    v4: PrefixMap<(u32, u8), Here>,
    v6: PrefixMap<(u128, u8), Here>,
}

/// The entries of one network.
#[derive(Clone, Debug, Default)]
struct Here {
    /// The length of the network itself.
    own: u8,
    /// The position of the first entry that matches a mask of the own length, of
    /// one bit more, and so on.
    first: Vec<Option<usize>>,
}

impl Here {
    fn add(&mut self, lengths: Lengths, position: usize) {
        let Some(longest) = lengths.longest() else { return };
        let needed = usize::from(longest.saturating_sub(self.own)) + 1;
        if self.first.len() < needed {
            self.first.resize(needed, None);
        }
        for (length, first) in (self.own..=longest).zip(&mut self.first) {
            if lengths.has(length) {
                first.get_or_insert(position);
            }
        }
    }

    /// The position of the first entry that matches a mask of `length`.
    fn first(&self, length: u8) -> Option<usize> {
        let more = length.checked_sub(self.own)?;
        self.first.get(usize::from(more)).copied().flatten()
    }
}

impl PrefixFilter {
    /// The filter of these entries, whose bounds are read as `mode` says.
    pub fn new(entries: &[Entry], mode: PrefixMatch) -> Self {
        let mut filter = Self { actions: entries.iter().map(|entry| entry.action).collect(), ..Self::default() };
        for (position, entry) in entries.iter().enumerate() {
            match entry.subject {
                // Nothing gets past this one.
                Subject::Any => {
                    filter.any = Some(position);
                    break;
                }
                Subject::Within { network, ge, le } => {
                    filter.here(network).add(Lengths::new(network, ge, le, mode), position);
                }
            }
        }
        filter
    }

    /// What the list makes of `route`.
    pub fn judge(&self, route: Network) -> Verdict {
        let length = route.length();
        let within = match route.first() {
            IpAddr::V4(address) => first(self.v4.cover_values(&(address.to_bits(), length)), length),
            IpAddr::V6(address) => first(self.v6.cover_values(&(address.to_bits(), length)), length),
        };
        let position = within.or(self.any);
        match position.and_then(|position| Some((position, *self.actions.get(position)?))) {
            Some((position, action)) => Verdict::Entry { position, action },
            None => Verdict::End,
        }
    }

    /// The entries of `network`.
    fn here(&mut self, network: Network) -> &mut Here {
        let length = network.length();
        let new = || Here { own: length, first: Vec::new() };
        match network.first() {
            IpAddr::V4(address) => self.v4.entry((address.to_bits(), length)).or_insert_with(new),
            IpAddr::V6(address) => self.v6.entry((address.to_bits(), length)).or_insert_with(new),
        }
    }
}

/// The first of the entries at these networks that matches a mask of `length`.
fn first<'a>(covering: impl Iterator<Item = &'a Here>, length: u8) -> Option<usize> {
    covering.filter_map(|here| here.first(length)).min()
}
