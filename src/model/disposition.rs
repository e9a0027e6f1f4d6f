//! What becomes of a packet: one closed vocabulary for forwarding, traces, counters
//! and the documentation.

use super::enumeration::words;

words! {
    /// What becomes of a packet in the end.
    pub enum Disposition {
        /// It reached a segment that the gateway is connected to.
        DeliveredToSegment = "DELIVERED_TO_SEGMENT",
        /// It reached a network behind a peer.
        DeliveredToPeer = "DELIVERED_TO_PEER",
        /// It was for the gateway or the peer itself, such as an address of a tunnel interface.
        Accepted = "ACCEPTED",
        /// It was dropped; a drop reason says why.
        Dropped = "DROPPED",
    }
}

words! {
    /// Why a packet is dropped.
    pub enum DropReason {
        /// Nothing that the engine knows of sends from the source address.
        UnknownSource = "UNKNOWN_SOURCE",
        /// The segment port of the source or the destination is out of operation.
        PortDown = "PORT_DOWN",
        /// The segment of the source or the destination is out of operation.
        SegmentDown = "SEGMENT_DOWN",
        /// The segment of the source is not connected to the gateway, which does not route its networks.
        SegmentDisconnected = "SEGMENT_DISCONNECTED",
        /// The destination is no address that a router forwards to: multicast, broadcast, the address of a subnet itself, link-local or loopback.
        UnroutableDestination = "UNROUTABLE_DESTINATION",
        /// The line of a host of the fabric is out of operation.
        LinkDown = "LINK_DOWN",
        /// The line carries less than is sent to it: the queue before it is full.
        QueueFull = "QUEUE_FULL",
        /// The packet has gone as many hops as it may.
        TtlExpired = "TTL_EXPIRED",
        /// The packet came back to where it had been.
        Loop = "LOOP",
        /// No route leads to the destination.
        NoRoute = "NO_ROUTE",
        /// The route is a summary that is advertised, and nothing within it leads to the destination.
        NullRouted = "NULL_ROUTED",
        /// The session that would take the packet is disabled.
        SessionDisabled = "SESSION_DISABLED",
        /// The VPN service of the session is disabled.
        ServiceDisabled = "SERVICE_DISABLED",
        /// The session waits for traffic; this packet makes it open, and is lost.
        TunnelOnDemand = "TUNNEL_ON_DEMAND",
        /// The session is negotiating.
        TunnelNegotiating = "TUNNEL_NEGOTIATING",
        /// The session or its tunnel is down.
        TunnelDown = "TUNNEL_DOWN",
        /// The packet is larger than what fits the tunnel, and must not be fragmented.
        FragmentationNeeded = "FRAGMENTATION_NEEDED",
        /// The outer packet must not be fragmented and is larger than what the path to the peer carries.
        PathMtuExceeded = "PATH_MTU_EXCEEDED",
        /// The peer is not reachable, and its death has not been noticed yet.
        PeerUnreachable = "PEER_UNREACHABLE",
        /// The receiving end of the tunnel does not protect this traffic.
        SelectorMismatch = "SELECTOR_MISMATCH",
        /// The peer has no route to the destination.
        PeerNoRoute = "PEER_NO_ROUTE",
        /// The peer has no tunnel to send the packet through.
        PeerNoTunnel = "PEER_NO_TUNNEL",
    }
}

impl DropReason {
    /// Whether packets are dropped for it between the hosts of the fabric, and nowhere else.
    pub const fn is_of_the_fabric(self) -> bool {
        matches!(self, Self::LinkDown | Self::QueueFull)
    }
}
