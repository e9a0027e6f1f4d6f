//! Why a neighbor is not established, and why it no longer is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use super::ConnectionState;
use crate::engine::negotiation::DownReason;
use crate::model::{AsNumber, PolicyPath};

/// Why a neighbor is not established. Each has its own text.
#[derive(Clone, Debug, PartialEq)]
pub enum Obstacle {
    /// The gateway has no BGP instance, or it is disabled.
    BgpDisabled,
    /// The BGP instance has no AS number.
    NoLocalAs,
    /// The neighbor is disabled.
    NeighborDisabled,
    /// No family of routes is exchanged.
    NoFamily,
    /// The AS number the gateway shows this neighbor is the neighbor's own (FRR refuses to
    /// be configured so).
    LocalAsIsRemoteAs {
        /// The AS number.
        number: AsNumber,
    },
    /// The neighbor's address is the gateway's own.
    OwnAddress {
        /// The address.
        address: IpAddr,
    },
    /// The address lies in no tunnel subnet.
    NotConnected {
        /// The address.
        address: IpAddr,
    },
    /// The address is a peer's, beyond the tunnel's end.
    HopLimit {
        /// The address.
        address: IpAddr,
        /// The session that leads there.
        session: PolicyPath,
    },
    /// The neighbor may be some hops away, and no session leads to it.
    NoWay {
        /// The address.
        address: IpAddr,
    },
    /// The tunnel is down.
    TunnelDown {
        /// The session.
        session: PolicyPath,
        /// Why, where the session says.
        reason: Option<DownReason>,
    },
    /// Packets do not reach the peer.
    NoResponse {
        /// The address.
        address: IpAddr,
    },
    /// The BGP speaker at the other end has other addresses.
    WrongAddress {
        /// The neighbor's address.
        expected: IpAddr,
        /// Those of the speaker.
        found: Vec<IpAddr>,
    },
    /// The other end has no BGP speaker.
    NoSpeaker {
        /// The address.
        address: IpAddr,
    },
    /// The BGP speaker at the other end does not run.
    SpeakerStopped {
        /// The address.
        address: IpAddr,
    },
    /// The passwords differ, so that neither end hears the other (RFC 2385).
    PasswordMismatch,
    /// The neighbor is of another AS than expected.
    WrongAs {
        /// The AS it has to be of.
        expected: AsNumber,
        /// The AS it says it is of.
        found: AsNumber,
    },
    /// The neighbor expects the gateway to be of another AS.
    RefusedAs {
        /// The AS the neighbor expects.
        expected: AsNumber,
        /// The AS the gateway shows it.
        found: AsNumber,
    },
    /// A neighbor of the gateway's own AS has its BGP identifier (RFC 6286).
    SameIdentifier {
        /// The identifier.
        identifier: Ipv4Addr,
    },
    /// A hold time of one or two seconds (RFC 4271, section 4.2).
    HoldTime {
        /// Seconds.
        seconds: u32,
    },
    /// The families of routes that the ends exchange have none in common.
    NoCommonFamily,
    /// The neighbor taught more routes than it may.
    TooManyRoutes {
        /// How many it may.
        maximum: u32,
    },
    /// The connection is being opened.
    Connecting,
    /// The last connection ended a moment ago.
    Waiting,
}

impl Obstacle {
    /// Whether a connection comes about, and its first message is refused.
    pub(super) const fn refuses_open(&self) -> bool {
        matches!(
            self,
            Self::WrongAs { .. }
                | Self::RefusedAs { .. }
                | Self::SameIdentifier { .. }
                | Self::HoldTime { .. }
                | Self::NoCommonFamily
        )
    }

    /// The state in which the obstacle keeps a neighbor. Nobody answers: CONNECT. The
    /// connection is refused: ACTIVE. There is nothing to try: IDLE.
    pub(super) const fn state(&self) -> ConnectionState {
        match self {
            Self::NoResponse { .. } | Self::WrongAddress { .. } | Self::PasswordMismatch | Self::Connecting => {
                ConnectionState::Connect
            }
            Self::NoSpeaker { .. } | Self::SpeakerStopped { .. } => ConnectionState::Active,
            Self::BgpDisabled
            | Self::NoLocalAs
            | Self::NeighborDisabled
            | Self::NoFamily
            | Self::LocalAsIsRemoteAs { .. }
            | Self::OwnAddress { .. }
            | Self::NotConnected { .. }
            | Self::HopLimit { .. }
            | Self::NoWay { .. }
            | Self::TunnelDown { .. }
            | Self::WrongAs { .. }
            | Self::RefusedAs { .. }
            | Self::SameIdentifier { .. }
            | Self::HoldTime { .. }
            | Self::NoCommonFamily
            | Self::TooManyRoutes { .. }
            | Self::Waiting => ConnectionState::Idle,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BgpDisabled => f.write_str("BGP is disabled on the gateway"),
            Self::NoLocalAs => f.write_str("The gateway has no AS number (local_as_num)"),
            Self::NeighborDisabled => f.write_str("The neighbor is disabled"),
            Self::NoFamily => f.write_str("No address family is enabled for the neighbor"),
            Self::LocalAsIsRemoteAs { number } => {
                write!(f, "neighbor_local_as_config has the neighbor's own AS {number}")
            }
            Self::OwnAddress { address } => write!(f, "{address} is the gateway's own address"),
            Self::NotConnected { address } => {
                write!(f, "{address} is in no tunnel subnet, and maximum_hop_limit is 1")
            }
            Self::HopLimit { address, session } => {
                write!(f, "{address} lies beyond the tunnel of {}: it needs a maximum_hop_limit above 1", session.id())
            }
            Self::NoWay { address } => write!(f, "No session leads to {address}"),
            Self::TunnelDown { session, reason: Some(reason) } => {
                write!(f, "The tunnel of {} is down: {reason}", session.id())
            }
            Self::TunnelDown { session, reason: None } => write!(f, "The tunnel of {} is down", session.id()),
            Self::NoResponse { address } => write!(f, "{address} does not answer: packets are lost on the way"),
            Self::WrongAddress { expected, found } if found.is_empty() => {
                write!(f, "Nobody answers at {expected}: the peer has no address in the tunnel")
            }
            Self::WrongAddress { expected, found } => {
                let found: Vec<_> = found.iter().map(ToString::to_string).collect();
                write!(f, "Nobody answers at {expected}: the peer's BGP speaker is at {}", found.join(", "))
            }
            Self::NoSpeaker { address } => write!(f, "Connection refused: nobody speaks BGP at {address}"),
            Self::SpeakerStopped { address } => {
                write!(f, "Connection refused: the BGP speaker at {address} does not run")
            }
            Self::PasswordMismatch => f.write_str("No answer: the passwords of the two ends differ (TCP MD5)"),
            Self::WrongAs { expected, found } => {
                write!(f, "Bad peer AS (OPEN error 2/2): remote_as_num is {expected}, the neighbor is of AS {found}")
            }
            Self::RefusedAs { expected, found } => {
                write!(
                    f,
                    "Bad peer AS (OPEN error 2/2): the neighbor expects AS {expected}, the gateway shows it {found}"
                )
            }
            Self::SameIdentifier { identifier } => {
                write!(f, "Bad BGP identifier (OPEN error 2/3): both ends are {identifier}")
            }
            Self::HoldTime { seconds } => {
                write!(f, "Unacceptable hold time (OPEN error 2/6): {seconds} s is neither 0 nor at least 3 s")
            }
            Self::NoCommonFamily => {
                f.write_str("Unsupported capability (OPEN error 2/7): the ends have no address family in common")
            }
            Self::TooManyRoutes { maximum } => {
                write!(f, "Maximum number of prefixes reached (CEASE 6/1): maximum_routes is {maximum}")
            }
            Self::Connecting => f.write_str("The connection is being opened"),
            Self::Waiting => f.write_str("The last connection has just ended"),
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reset {
    /// Something it had been opened with was changed.
    ConfigurationChanged,
    /// BGP or the neighbor was disabled, or its way taken away.
    Shutdown,
    /// Its tunnel went down.
    TunnelDown,
    /// No message came for the hold time.
    HoldTimer,
    /// No BFD packet came for the detection time.
    BfdDown,
    /// The neighbor's speaker stopped.
    Closed,
    /// The neighbor's speaker was changed or taken away.
    PeerChanged,
    /// The neighbor taught more routes than it may.
    TooManyRoutes {
        /// How many it may.
        maximum: u32,
    },
}

impl Reset {
    /// Whether the gateway tells the neighbor, with a NOTIFICATION message. Where the
    /// tunnel is down it would not arrive.
    pub(super) const fn is_notified(self) -> bool {
        match self {
            Self::ConfigurationChanged
            | Self::Shutdown
            | Self::HoldTimer
            | Self::BfdDown
            | Self::TooManyRoutes { .. } => true,
            Self::TunnelDown | Self::Closed | Self::PeerChanged => false,
        }
    }
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigurationChanged => f.write_str("Configuration changed (CEASE 6/6)"),
            Self::Shutdown => f.write_str("Administrative shutdown (CEASE 6/2)"),
            Self::TunnelDown => f.write_str("Tunnel down"),
            Self::HoldTimer => f.write_str("Hold timer expired (4/0)"),
            Self::BfdDown => f.write_str("BFD down (CEASE 6/10)"),
            Self::Closed => f.write_str("The neighbor closed the connection"),
            Self::PeerChanged => f.write_str("The neighbor's configuration changed"),
            Self::TooManyRoutes { maximum } => write!(f, "More than {maximum} prefixes (CEASE 6/1)"),
        }
    }
}
