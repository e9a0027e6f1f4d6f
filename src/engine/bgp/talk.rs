//! A neighbor that routes are exchanged with, with everything that the exchange depends
//! on.

use super::best_path::Standing;
use super::speaker::{FarSpeaker, Who, families, instance, shown_as};
use super::{Carrier, Families, NeighborState, Surroundings};
use crate::engine::topology::{Neighbor, Peer, Speaker};
use crate::model::AsNumber;

/// A neighbor that is established, or whose routes are kept while it restarts.
pub(super) struct Talk<'a> {
    pub neighbor: &'a Neighbor,
    pub carrier: Carrier<'a>,
    pub far: FarSpeaker<'a>,
    pub families: Families,
    pub own_as: AsNumber,
    /// Whether both ends are of one AS.
    pub is_internal: bool,
    pub is_stale: bool,
    pub standing: Standing,
}

impl<'a> Talk<'a> {
    pub fn of(neighbor: &'a Neighbor, state: &NeighborState, around: &Surroundings<'a>) -> Option<Self> {
        if !state.is_established() && !state.is_stale() {
            return None;
        }
        let instance = instance(around.topology, neighbor)?;
        let carrier = Carrier::of(neighbor, around).ok()?;
        let far = FarSpeaker::of(neighbor, &carrier, around.topology).ok()?;
        let standing = Standing {
            since: state.established_since,
            as_number: far.as_number,
            router_id: far.router_id,
            address: neighbor.address,
        };
        Some(Self {
            neighbor,
            families: families(neighbor).and(far.families),
            own_as: instance.local_as?,
            is_internal: far.as_number == shown_as(neighbor, instance)?,
            is_stale: !state.is_established(),
            standing,
            carrier,
            far,
        })
    }

    /// The simulated peer it is, if it is one.
    pub fn peer(&self) -> Option<&'a Peer> {
        match self.far.who {
            Who::Peer(peer, _) => Some(peer),
            Who::Gateway(_) => None,
        }
    }

    /// The speaker of the simulated peer it is, if it is one.
    pub fn speaker(&self) -> Option<&'a Speaker> {
        match self.far.who {
            Who::Peer(_, speaker) => Some(speaker),
            Who::Gateway(_) => None,
        }
    }

    /// The other gateway's name for this one, if the far end is a gateway.
    pub fn near(&self) -> Option<&'a Neighbor> {
        match self.far.who {
            Who::Peer(..) => None,
            Who::Gateway(near) => Some(near),
        }
    }
}
