//! Why a route that one side of a neighbor has is not used by the other.

use std::fmt;
use std::net::IpAddr;

use super::{Fate, Ribs};
use crate::model::{Network, PolicyPath};

/// Why a route that one side has is not used at the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptOut {
    /// This prefix list, of either side, does not let it pass.
    List(PolicyPath),
    /// The AS of who receives it is in its AS path.
    Loop,
    /// Its next hop is in no tunnel that is up.
    NextHopUnreachable,
    /// No routes of its IP version are exchanged.
    OtherFamily,
}

/// How it goes on after the name of the route.
impl fmt::Display for KeptOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => write!(f, "the prefix list {} keeps it out", list.id()),
            Self::Loop => f.write_str("the AS of who receives it is in its AS path already"),
            Self::NextHopUnreachable => f.write_str("its next hop is in no tunnel that is up"),
            Self::OtherFamily => f.write_str("no routes of its IP version are exchanged"),
        }
    }
}

impl KeptOut {
    /// What kept out a route with this fate; the lists are those of the sender and of the
    /// receiver.
    pub(super) fn of<'a>(
        fate: Fate,
        sender: impl FnOnce() -> Option<&'a PolicyPath>,
        receiver: impl FnOnce() -> Option<&'a PolicyPath>,
    ) -> Option<Self> {
        match fate {
            Fate::Accepted => None,
            Fate::Filtered(_) => receiver().cloned().map(Self::List),
            Fate::Withheld(_) => sender().cloned().map(Self::List),
            Fate::Loop => Some(Self::Loop),
            Fate::NextHopUnreachable => Some(Self::NextHopUnreachable),
            Fate::OtherFamily => Some(Self::OtherFamily),
        }
    }
}

/// What can be asked about routes that are not used: of those that would have led to a
/// destination, the longest, and why it is not used.
pub trait Unused: fmt::Debug + Send + Sync {
    /// Of those that the neighbor has, and the gateway does not use.
    fn not_learned(&self, neighbor: &PolicyPath, destination: IpAddr) -> Option<(Network, KeptOut)>;

    /// Of those that the gateway has, and a simulated peer does not use.
    fn not_taught(&self, neighbor: &PolicyPath, destination: IpAddr) -> Option<(Network, KeptOut)>;
}

impl Unused for Ribs {
    fn not_learned(&self, neighbor: &PolicyPath, destination: IpAddr) -> Option<(Network, KeptOut)> {
        let exchange = self.neighbors.get(neighbor)?;
        // Another gateway of the engine may keep it back.
        let far = exchange.far.as_ref().and_then(|far| self.neighbors.get(far));
        let withheld = far.into_iter().flat_map(|far| far.not_taught(|network| network.holds(destination)));
        longest(exchange.not_learned(|network| network.holds(destination)).chain(withheld))
    }

    fn not_taught(&self, neighbor: &PolicyPath, destination: IpAddr) -> Option<(Network, KeptOut)> {
        longest(self.neighbors.get(neighbor)?.not_taught(|network| network.holds(destination)))
    }
}

fn longest(routes: impl Iterator<Item = (Network, KeptOut)>) -> Option<(Network, KeptOut)> {
    routes.max_by_key(|(network, _)| network.length())
}
