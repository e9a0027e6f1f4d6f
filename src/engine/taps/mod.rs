//! Tap services, tap flows and tap mirrors, as Neutron keeps them (facts: "Neutron
//! Tap-as-a-Service"; seed 003).
//!
//! | module | what it holds |
//! |---|---|
//! | [`fault`] | why Neutron refuses a request |
//! | `body` | bodies of requests, checked in Neutron's order and words |
//! | `life` | how far an object is, by the clock |
//! | `ports` | Neutron's ports: segment ports, by their UUIDs, and whose they are |
//! | `read` | reading and listing |
//! | `write` | creating, changing and deleting, with what goes along |
//! | `keys` | what the store's index holds of them |
//! | [`frames`] | copies as the frames that arrive, and as a capture file |
//!
//! What a tap does with packets is the business of
//! [`forwarding`](super::forwarding).

pub(super) mod body;
pub mod fault;
pub mod frames;
pub(super) mod keys;
mod life;
pub(super) mod ports;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use body::truth;
pub use fault::Fault;
pub use life::{AGENT_INTERVAL, Life};
pub(super) use write::port_deleted;

use super::Caller;
use crate::model::{Kind, PolicyPath, TAP_FLOW, TAP_SERVICE};

/// The project of ports that say nothing of theirs, and of who is nobody else: the one of
/// the samples in seed 003.
pub const DEFAULT_PROJECT: &str = "97e1586d580745d7b311406697aaf097";

/// The scope of the tag that tells the project of a port, or of its segment: OpenStack's
/// plugin for NSX tags what it creates with it (vmware-nsxlib).
pub const PROJECT_TAG: &str = "os-project-id";

/// The scope of the tag by which that plugin tells which port of Neutron a segment port is.
pub const PORT_TAG: &str = "os-neutron-port-id";

/// The VLANs by which services are told from each other where their packets are carried:
/// each has one, and one that is free is given again.
pub const FIRST_TAAS_ID: u16 = 3_900;
/// The last of them.
pub const LAST_TAAS_ID: u16 = 4_000;

/// Who makes a request to Neutron.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name, and when.
    pub caller: Caller,
    /// The project the caller is logged in to.
    pub project: String,
    /// Whether the caller sees and changes what is of other projects.
    pub is_admin: bool,
}

impl Member {
    /// An administrator of the project that everything is of which says nothing else.
    pub fn admin(caller: Caller) -> Self {
        Self { caller, project: DEFAULT_PROJECT.to_owned(), is_admin: true }
    }

    /// Whether what is of `project` can be seen.
    pub fn sees(&self, project: &str) -> bool {
        self.is_admin || self.project == project
    }
}

/// How many objects of a kind a project may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The project.
    pub project: String,
    /// How many.
    pub most: usize,
    /// Those that it has, but for those that are on their way out.
    pub holders: Vec<PolicyPath>,
    /// Why another one is refused.
    pub fault: Fault,
}

/// How many objects a project may have; none: as many as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Tap services.
    pub tap_services: Option<u32>,
    /// Tap flows.
    pub tap_flows: Option<u32>,
}

impl Quotas {
    /// No limits.
    pub const UNLIMITED: Self = Self { tap_services: None, tap_flows: None };

    /// What Neutron has unless it is set otherwise.
    pub const OF_NEUTRON: Self = Self { tap_services: Some(1), tap_flows: Some(10) };

    /// Quotas as Neutron's settings `quota_tap_service` and `quota_tap_flow` have them: a
    /// negative number is no limit.
    pub fn of_settings(tap_services: i64, tap_flows: i64) -> Self {
        let limit = |setting: i64| (setting >= 0).then(|| u32::try_from(setting).unwrap_or(u32::MAX));
        Self { tap_services: limit(tap_services), tap_flows: limit(tap_flows) }
    }

    /// The limit for objects of `kind`, and why one more is refused; none where there is no limit.
    fn of(self, kind: &Kind) -> Option<(usize, Fault)> {
        let (limit, fault) = match kind {
            kind if *kind == TAP_SERVICE => (self.tap_services, Fault::TapServiceLimitReached),
            kind if *kind == TAP_FLOW => (self.tap_flows, Fault::OverQuota(TAP_FLOW.name)),
            _ => return None,
        };
        limit.map(|limit| (limit as usize, fault))
    }
}
