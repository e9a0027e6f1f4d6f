//! When what changes by itself next.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Moment;
use crate::model::PolicyPath;

/// Something that changes by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    /// A VPN session.
    Session(PolicyPath),
    /// A BGP neighbor.
    Neighbor(PolicyPath),
    /// A flow that begins or ends.
    Flow(PolicyPath),
    /// A tap that begins or ends.
    Tap(PolicyPath),
    /// A live trace that ends.
    LiveTrace(PolicyPath),
    /// A packet that opens a session which waits for traffic.
    Packet(PolicyPath),
}

/// When what changes by itself next.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    due: BTreeMap<Item, Moment>,
    order: BTreeSet<(Moment, Item)>,
}

impl Agenda {
    /// Notes when `item` changes next, in place of what was noted of it.
    pub fn set(&mut self, item: Item, at: Option<Moment>) {
        if let Some(before) = self.due.remove(&item) {
            self.order.remove(&(before, item.clone()));
        }
        if let Some(at) = at {
            self.due.insert(item.clone(), at);
            self.order.insert((at, item));
        }
    }

    /// When the next thing changes.
    pub fn next(&self) -> Option<Moment> {
        self.order.first().map(|(at, _)| *at)
    }

    /// When `item` changes next.
    pub fn of(&self, item: &Item) -> Option<Moment> {
        self.due.get(item).copied()
    }

    /// Takes what is due at `now`.
    pub fn take(&mut self, now: Moment) -> Vec<Item> {
        let mut due = Vec::new();
        while let Some((at, _)) = self.order.first()
            && *at <= now
            && let Some((_, item)) = self.order.pop_first()
        {
            self.due.remove(&item);
            due.push(item);
        }
        due
    }
}
