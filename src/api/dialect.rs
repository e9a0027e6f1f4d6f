//! Which API an address is of, and errors in its form.

use serde_json::Value as Json;

use super::compute_agent::{self, AgentError};
use super::error::ApiError;
use super::identity::KeystoneError;
use super::netmaster::{self, NetMasterError};
use super::neutron::NeutronError;

/// The API that an address is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The policy API of NSX, and all else.
    Policy,
    /// The network API of OpenStack.
    Neutron,
    /// The identity API of OpenStack.
    Keystone,
    /// The packet traces of NetMaster.
    NetMaster,
    /// The API of a compute agent.
    ComputeAgent,
}

impl Dialect {
    /// That of an address that begins like this.
    pub fn of(path: &str) -> Self {
        let is_below = |root: &str| {
            let rest = path.strip_prefix(root);
            rest.is_some_and(|rest| rest.chars().next().is_none_or(|next| matches!(next, '/' | '?' | ' ')))
        };
        if is_below("/v2.0") {
            Self::Neutron
        } else if is_below("/v3") || is_below("/identity") {
            Self::Keystone
        } else if is_below(netmaster::ROOT) {
            Self::NetMaster
        } else if compute_agent::ROOTS.into_iter().any(is_below) {
            Self::ComputeAgent
        } else {
            Self::Policy
        }
    }

    /// The body that says what `error` does.
    pub fn body(self, error: &ApiError) -> Json {
        match self {
            Self::Policy => error.body().clone(),
            Self::Neutron => NeutronError::from(error.clone()).body(),
            Self::Keystone => KeystoneError::from(error.clone()).body(),
            Self::NetMaster => NetMasterError::from(error.clone()).body(),
            Self::ComputeAgent => AgentError::from(error.clone()).body(),
        }
    }
}
