//! The state of a neighbor at one moment, as status documents and routing read it.

use std::net::{IpAddr, Ipv4Addr};

use super::{Obstacle, Reset};
use crate::engine::Moment;
use crate::model::enumeration::words;
use crate::model::{GracefulRestartMode, PolicyPath};

words! {
    /// States of a connection (RFC 4271, section 8.2.2, and what the API adds).
    pub enum ConnectionState {
        /// There is no such connection.
        Invalid = "INVALID",
        /// Nothing is tried, or the last attempt was refused in BGP's own words.
        Idle = "IDLE",
        /// A TCP connection is tried, and nobody has answered yet.
        Connect = "CONNECT",
        /// The TCP connection was refused, and is tried again later.
        Active = "ACTIVE",
        /// The OPEN message is sent.
        OpenSent = "OPEN_SENT",
        /// The neighbor's OPEN message is accepted.
        OpenConfirm = "OPEN_CONFIRM",
        /// Routes are exchanged.
        Established = "ESTABLISHED",
        /// Nothing is known of it.
        Unknown = "UNKNOWN",
    }
}

words! {
    /// Whether a neighbor is there, by BFD (RFC 5880, section 6.2).
    pub enum BfdState {
        /// It is.
        Up = "UP",
        /// It is not, or does not run BFD.
        Down = "DOWN",
    }
}

/// The families of routes that are exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Families {
    /// IPv4 routes.
    pub v4: bool,
    /// IPv6 routes.
    pub v6: bool,
}

impl Families {
    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { v4: self.v4 && other.v4, v6: self.v6 && other.v6 }
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        !self.v4 && !self.v6
    }

    /// How many there are.
    pub fn count(self) -> u64 {
        u64::from(self.v4) + u64::from(self.v6)
    }

    /// Whether routes to networks of IPv6, or of IPv4, are exchanged.
    pub const fn has(self, is_v6: bool) -> bool {
        if is_v6 { self.v6 } else { self.v4 }
    }
}

/// The end of a connection, looked back at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LastReset {
    /// When it ended.
    pub at: Moment,
    /// Why.
    pub why: Reset,
}

/// A neighbor at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighborState {
    /// The state of the connection.
    pub connection: ConnectionState,
    /// Why it is not established; none when it is.
    pub reason: Option<Obstacle>,
    /// Why the last connection ended, if there was one.
    pub last_reset: Option<LastReset>,
    /// Since when it is established.
    pub established_since: Option<Moment>,
    /// The session it is spoken to through.
    pub session: Option<PolicyPath>,
    /// The gateway's address it is spoken to from.
    pub source_address: Option<IpAddr>,
    /// Seconds without a message after which it is taken for dead: negotiated, and
    /// without a connection what is declared.
    pub hold_time: u32,
    /// Seconds between keepalives of the gateway: negotiated, and without a connection
    /// what is declared.
    pub keep_alive_interval: u32,
    /// The gateway's TCP port; 0 without a connection.
    pub local_port: u16,
    /// The neighbor's TCP port; 0 without a connection.
    pub remote_port: u16,
    /// Messages sent so far, those of former connections included.
    pub messages_sent: u64,
    /// Messages received so far, those of former connections included.
    pub messages_received: u64,
    /// How many connections ended that had been established.
    pub connection_drop_count: u64,
    /// How many connections were established.
    pub established_connection_count: u64,
    /// The neighbor's BGP identifier; 0.0.0.0 without a connection.
    pub neighbor_router_id: Ipv4Addr,
    /// The families of routes that are exchanged; none without a connection.
    pub families: Families,
    /// The capabilities the gateway announces, by their names at IANA; none without a
    /// connection.
    pub announced_capabilities: Vec<&'static str>,
    /// Those that the neighbor announces as well.
    pub negotiated_capability: Vec<&'static str>,
    /// What of graceful restart the gateway uses.
    pub graceful_restart: GracefulRestartMode,
    /// Seconds the neighbor's routes are kept while it restarts, when both ends know
    /// graceful restart.
    pub restart_time: Option<u32>,
    /// Until when the neighbor's routes are kept although the connection ended: it is
    /// taken to restart.
    pub stale_until: Option<Moment>,
    /// BFD, if the gateway runs it with the neighbor.
    pub bfd: Option<BfdState>,
}

impl NeighborState {
    /// Whether it is established.
    pub const fn is_established(&self) -> bool {
        matches!(self.connection, ConnectionState::Established)
    }

    /// Whether its routes are kept although it is not established.
    pub const fn is_stale(&self) -> bool {
        self.stale_until.is_some()
    }
}
