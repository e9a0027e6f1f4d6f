//! Why packets are dropped, in the API's words (nsx-fields.md part C, "Observations").

use crate::engine::esp::IpVersion;
use crate::engine::forwarding::DropReason;

/// What the API says of a drop.
pub(super) struct Said {
    /// Why.
    pub reason: &'static str,
    /// Why a tunnel did not take the packet, or what came out of it was refused.
    pub ipsec: Option<&'static str>,
}

/// What the API says of a packet of this version that is dropped for `reason`, by a tunnel of
/// a route-based session or of another one; none where the packet had left the API's sight.
pub(super) fn said(reason: DropReason, version: IpVersion, is_route_based: bool) -> Option<Said> {
    let plain = |reason| Some(Said { reason, ipsec: None });
    let tunnel = |ipsec| Some(Said { reason: if is_route_based { "IPSEC_VTI" } else { "IPSEC" }, ipsec: Some(ipsec) });
    match reason {
        DropReason::PortDown => plain("IFACE"),
        DropReason::SegmentDown | DropReason::SegmentDisconnected => plain("LSWITCH"),
        DropReason::UnroutableDestination | DropReason::Loop | DropReason::NullRouted => plain("LROUTER"),
        DropReason::NoRoute => plain("NO_ROUTE"),
        DropReason::TtlExpired => plain(match version {
            IpVersion::V4 => "TTL_ZERO",
            IpVersion::V6 => "HOP_LIMIT_ZERO",
        }),
        DropReason::SessionDisabled | DropReason::ServiceDisabled if is_route_based => tunnel("IPSEC_TUN_IFACE_DOWN"),
        DropReason::SessionDisabled
        | DropReason::ServiceDisabled
        | DropReason::TunnelOnDemand
        | DropReason::TunnelNegotiating
        | DropReason::TunnelDown => tunnel("IPSEC_SA_NOT_FOUND"),
        DropReason::FragmentationNeeded => tunnel("IPSEC_FRAG_NEEDED"),
        DropReason::SelectorMismatch => tunnel("IPSEC_POLICY_NOMATCH"),
        DropReason::UnknownSource
        | DropReason::LinkDown
        | DropReason::QueueFull
        | DropReason::PathMtuExceeded
        | DropReason::PeerUnreachable
        | DropReason::PeerNoRoute
        | DropReason::PeerNoTunnel => None,
    }
}
