//! The state of a session at one moment, as status documents and forwarding read it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::engine::Moment;
use crate::engine::esp;
use crate::model::{DhGroup, Network};

/// A session at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionState {
    /// Phase one.
    pub ike: IkeState,
    /// Phase two: one tunnel 0.0.0.0/0 (or `::/0`) for a route-based session, one for
    /// each source and destination of a policy-based one.
    pub tunnels: Vec<Tunnel>,
}

/// Phase one at one moment.
#[derive(Clone, Debug, PartialEq)]
pub enum IkeState {
    /// There is no IKE SA, and nobody is at it.
    Down {
        /// Since when.
        since: Moment,
        /// Why.
        reason: DownReason,
    },
    /// Messages are exchanged, or sent and not answered yet.
    Negotiating {
        /// Since when.
        since: Moment,
    },
    /// There is an IKE SA.
    Up {
        /// Since when, rekeying aside.
        since: Moment,
    },
}

/// A tunnel at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Tunnel {
    /// The network on the gateway's side.
    pub local: Network,
    /// The network on the peer's side.
    pub remote: Network,
    /// The identifier of the rule it belongs to, in a policy-based session.
    pub rule: Option<String>,
    /// Whether it is up.
    pub state: TunnelState,
}

/// Whether a tunnel is up.
#[derive(Clone, Debug, PartialEq)]
pub enum TunnelState {
    /// It is not.
    Down {
        /// Why.
        reason: DownReason,
    },
    /// It is.
    Up {
        /// Since when, rekeying aside.
        since: Moment,
        /// What protects its packets.
        sa: EspSa,
    },
}

/// A pair of security associations: what protects the packets of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspSa {
    /// Cipher and digest.
    pub proposal: esp::Proposal,
    /// Whether packets go in UDP, because there is NAT on the way.
    pub nat_traversal: bool,
    /// The Diffie-Hellman group of its own, with perfect forward secrecy.
    pub group: Option<DhGroup>,
}

impl SessionState {
    /// Whether IKE is up.
    pub fn is_up(&self) -> bool {
        matches!(self.ike, IkeState::Up { .. })
    }

    /// Why IKE is down, or else the first tunnel that is down; none where all is up or
    /// about to be.
    pub fn why_down(&self) -> Option<&DownReason> {
        match &self.ike {
            IkeState::Down { reason, .. } => Some(reason),
            IkeState::Negotiating { .. } => None,
            IkeState::Up { .. } => self.tunnels.iter().find_map(|tunnel| match &tunnel.state {
                TunnelState::Down { reason } => Some(reason),
                TunnelState::Up { .. } => None,
            }),
        }
    }

    /// The tunnels that are up.
    pub fn tunnels_up(&self) -> impl Iterator<Item = &Tunnel> {
        self.tunnels.iter().filter(|tunnel| matches!(tunnel.state, TunnelState::Up { .. }))
    }
}

/// Why an IKE session or a tunnel is down. Each way to fail has its own text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DownReason {
    /// Not everything the session refers to is known.
    NotAllKnown,
    /// The session is disabled.
    SessionDisabled,
    /// The VPN service is disabled.
    ServiceDisabled,
    /// The gateway opens the session with the first matching packet, and there was none.
    WaitsForTraffic,
    /// The gateway only answers, and the peer has not begun.
    WaitsForPeer,
    /// IKE is negotiating; a tunnel waits for it.
    Negotiating,
    /// Neither end begins: both only answer.
    NobodyInitiates,
    /// Nobody answered, through all retransmissions.
    NoResponse,
    /// Nobody answered: no peer has the address, and no session of the engine there that
    /// points back.
    NobodyThere,
    /// The peer answered, and stopped answering: dead peer detection.
    PeerDead,
    /// No version of IKE that both speak.
    VersionMismatch {
        /// What the gateway speaks.
        ours: String,
        /// What the peer speaks.
        theirs: String,
    },
    /// No proposal for IKE that both take.
    NoIkeProposal {
        /// What was offered, in words.
        offered: String,
        /// What is taken, in words.
        taken: String,
    },
    /// One proves itself by key, the other by certificate.
    MethodMismatch,
    /// The keys differ.
    KeyMismatch,
    /// The peer identifies itself as somebody else.
    PeerIdMismatch {
        /// Who is expected.
        expected: String,
        /// Who it says it is.
        found: String,
    },
    /// The peer expects the gateway to be somebody else.
    LocalIdMismatch {
        /// Whom the peer expects.
        expected: String,
        /// Who the gateway says it is.
        found: String,
    },
    /// The gateway has no certificate to present.
    NoCertificate,
    /// The peer has no certificate to present.
    PeerHasNoCertificate,
    /// No proposal for the tunnel that both take.
    NoEspProposal {
        /// What was offered, in words.
        offered: String,
        /// What is taken, in words.
        taken: String,
    },
    /// The networks differ from those of the peer.
    SelectorMismatch {
        /// What the gateway asked for.
        asked: String,
        /// What the peer protects.
        protects: String,
    },
    /// At rekeying the peer wanted another Diffie-Hellman group, or none.
    PfsMismatch {
        /// What the gateway wants.
        ours: String,
        /// What the peer wants.
        theirs: String,
    },
    /// IKE is down.
    IkeDown,
}

impl fmt::Display for DownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllKnown => f.write_str("Not everything that the session refers to is known"),
            Self::SessionDisabled => f.write_str("The session is disabled"),
            Self::ServiceDisabled => f.write_str("The VPN service is disabled"),
            Self::WaitsForTraffic => f.write_str("Waiting for the first matching packet (ON_DEMAND)"),
            Self::WaitsForPeer => f.write_str("Waiting for the peer to initiate (RESPOND_ONLY)"),
            Self::Negotiating => f.write_str("IKE is negotiating"),
            Self::NobodyInitiates => f.write_str("Neither end initiates: the gateway and the peer only respond"),
            Self::NobodyThere => f.write_str(
                "No response from the peer: no simulated peer has its address, and no session there points back",
            ),
            Self::NoResponse => f.write_str("No response from the peer: retransmissions timed out"),
            Self::PeerDead => f.write_str("Dead peer detected: probes were not answered"),
            Self::VersionMismatch { ours, theirs } => {
                write!(f, "No common IKE version: the gateway speaks {ours}, the peer {theirs}")
            }
            Self::NoIkeProposal { offered, taken } => {
                write!(f, "No IKE proposal chosen (NO_PROPOSAL_CHOSEN): offered {offered}, accepted {taken}")
            }
            Self::MethodMismatch => {
                f.write_str("Authentication failed: one side uses a pre-shared key, the other a certificate")
            }
            Self::KeyMismatch => {
                f.write_str("Authentication failed (AUTHENTICATION_FAILED): pre-shared keys do not match")
            }
            Self::PeerIdMismatch { expected, found } => {
                write!(f, "Authentication failed: the peer identifies itself as {found}, peer_id is {expected}")
            }
            Self::LocalIdMismatch { expected, found } => {
                write!(
                    f,
                    "Authentication failed: the peer expects {expected}, the local endpoint identifies itself as {found}"
                )
            }
            Self::NoCertificate => f.write_str("Authentication failed: the local endpoint has no certificate"),
            Self::PeerHasNoCertificate => f.write_str("Authentication failed: the peer has no certificate"),
            Self::NoEspProposal { offered, taken } => {
                write!(f, "No tunnel proposal chosen (NO_PROPOSAL_CHOSEN): offered {offered}, accepted {taken}")
            }
            Self::SelectorMismatch { asked, protects } => {
                write!(
                    f,
                    "Traffic selectors do not match (TS_UNACCEPTABLE): asked for {asked}, the peer protects {protects}"
                )
            }
            Self::PfsMismatch { ours, theirs } => {
                write!(f, "Perfect forward secrecy does not match: {ours} here, {theirs} at the peer")
            }
            Self::IkeDown => f.write_str("IKE is down"),
        }
    }
}
