//! The faces of the kinds of objects, one file each.

mod bgp_neighbor;
mod dpd_profile;
mod flow_trace;
mod ike_profile;
mod live_trace;
mod local_endpoint;
mod policy_based_session;
mod prefix_list;
mod route_based_session;
mod segment;
mod segment_port;
mod simulated_device;
mod simulated_flow;
mod simulated_link;
mod simulated_peer;
mod tap_flow;
mod tap_mirror;
mod tap_service;
mod tunnel_profile;
mod tunnel_trace;

use super::face::Face;

/// Every face there is.
pub static FACES: [&Face; 20] = [
    &ike_profile::FACE,
    &tunnel_profile::FACE,
    &dpd_profile::FACE,
    &prefix_list::FACE,
    &bgp_neighbor::FACE,
    &local_endpoint::FACE,
    &route_based_session::FACE,
    &policy_based_session::FACE,
    &segment::FACE,
    &segment_port::FACE,
    &tap_service::FACE,
    &tap_flow::FACE,
    &tap_mirror::FACE,
    &simulated_peer::FACE,
    &simulated_flow::FACE,
    &live_trace::FACE,
    &simulated_device::FACE,
    &simulated_link::FACE,
    &flow_trace::FACE,
    &tunnel_trace::FACE,
];

/// The heading of what makes up a VPN.
const VPN: &str = "VPN";
/// The heading of what exchanges routes.
const ROUTING: &str = "Routing";
/// The heading of the workloads' networks.
const SEGMENTS: &str = "Segments";
/// The heading of what copies packets.
const TAPS: &str = "Taps";

/// The heading of what follows flows and looks at packets.
const TRACES: &str = "Traces";
/// The heading of the world around the SDDC.
const SIMULATION: &str = "Simulation";

/// What `service_path` is.
const SERVICE_PATH: &str = "The path of the VPN service, of a tier-0 or a tier-1 gateway. IPv6 needs its current form, without the locale service: \
                            `/infra/tier-0s/vmc/ipsec-vpn-services/default`.";
