//! What is decided of a packet, in short.

use super::{Disposition, DropReason};

/// What becomes of a packet, and which tunnels it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What becomes of it.
    pub disposition: Disposition,
    /// Why it is dropped, if it is.
    pub drop_reason: Option<DropReason>,
    /// The session whose tunnel it took, or would have taken first. Its path is
    /// [`super::Forwarding::session_path`].
    pub session: Option<u32>,
    /// The first two tunnels it went into: out to a peer, or in from one; through a hub
    /// it is both. A packet that is dropped on its way through a tunnel has gone into
    /// it.
    pub crossings: [Option<Crossing>; 2],
    /// The largest packet, in bytes, that gets through unfragmented on this way; none
    /// where no tunnel limits it.
    pub effective_mtu: Option<u32>,
    /// The largest TCP segment, in bytes, that gets through on this way, after clamping;
    /// none where no tunnel limits it.
    pub effective_mss: Option<u32>,
    /// Milliseconds it takes, one way.
    pub latency: u32,
}

/// A packet goes into a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The session, as in [`Decision::session`].
    pub session: u32,
    /// The tunnel's position in the state of the session.
    pub tunnel: u32,
    /// Whether it is the gateway of the session that sends it in; otherwise its far end
    /// does.
    pub is_outward: bool,
    /// Whether it comes out at the other end.
    pub arrives: bool,
    /// Into how many packets it was cut before it was encrypted: 1 when it was not.
    pub packets: u32,
    /// Bytes of these packets.
    pub inner_bytes: u32,
    /// Bytes of the packets that protect them, before these are cut.
    pub outer_bytes: u32,
}
