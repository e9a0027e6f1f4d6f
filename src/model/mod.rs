//! The nouns: every kind of object, declared once.
//!
//! A [`Kind`] has a [`Record`] of [`Field`]s, each with its name, shape, default
//! and description, and [`rule`]s between them. From that one declaration come the
//! JSON on the wire, the Terraform schema, every check with its message, and the
//! documentation. To add a field, add one line to the record of its kind; to add a
//! kind, add one file here and one entry to [`KINDS`], or to [`NEUTRON_KINDS`].
//!
//! The room has no I/O and no clock, and knows neither Terraform nor HTTP.
//! Outside data enters through [`reading::read`], which checks it and brings it
//! into its one spelling; inside, nothing is checked again.

pub mod as_number;
pub mod change;
pub mod common;
pub mod community;
pub mod enumeration;
pub mod field;
pub mod hold;
pub mod kind;
pub mod network;
pub mod neutron;
pub mod path;
pub mod problem;
pub mod reading;
pub mod reference;
pub mod result;
pub mod rule;
pub mod timestamp;
pub mod tree;
pub mod wording;

mod bgp_config;
mod bgp_neighbor;
mod bgp_troubleshoot;
mod disposition;
mod dpd_profile;
pub mod flow_trace;
mod gateway;
mod ike_profile;
mod live_trace;
mod local_endpoint;
mod locale_service;
mod neutron_network;
mod policy_based_session;
mod prefix_list;
mod route_based_session;
mod route_map;
mod segment;
mod segment_port;
mod session;
mod simulated_device;
mod simulated_flow;
mod simulated_link;
mod simulated_peer;
mod tap_flow;
pub mod tap_mirror;
mod tap_service;
mod tunnel_profile;
mod vpn_service;

#[cfg(test)]
mod tests;

pub use as_number::AsNumber;
pub use bgp_config::BGP_CONFIG;
pub use bgp_neighbor::{AddressFamily, AsPathModifier, BGP_NEIGHBOR, GracefulRestartMode};
pub use bgp_troubleshoot::BGP_TROUBLESHOOT;
pub use community::Community;
pub use disposition::{Disposition, DropReason};
pub use dpd_profile::{DPD_PROFILE, DpdProbeMode};
pub use field::{Default, Field, Presence, Record, Shape};
pub use flow_trace::{FLOW_TRACE, TUNNEL_TRACE, Transport as FlowTransport};
pub use gateway::{AdvertisementAction, AdvertisementType, Connectivity, FailoverMode, HaMode};
pub use gateway::{PoolAllocation, PrefixOperator, Tier1Type};
pub use gateway::{TIER_0, TIER_1};
pub use hold::Hold;
pub use ike_profile::{DhGroup, Digest, IKE_PROFILE, IkeEncryption, IkeVersion};
pub use kind::{Api, Kind, kind_named, kind_of_record, kind_of_type, kinds_at};
pub use live_trace::{FilterType, LIVE_TRACE, TraceType, TransportProtocol};
pub use local_endpoint::LOCAL_ENDPOINT;
pub use locale_service::{LOCALE_SERVICE, RedistributionDestination, RedistributionType};
pub use network::Network;
pub use neutron::NeutronStatus;
pub use neutron_network::{NETWORK, PORT, SUBNET};
pub use path::PolicyPath;
pub use policy_based_session::POLICY_BASED_SESSION;
pub use policy_based_session::{BypassAction, ProtectAction};
pub use prefix_list::{ENTRY as PREFIX_LIST_ENTRY, PREFIX_LIST, PrefixAction};
pub use problem::{Gravity, Nature, Place, Problem};
pub use reading::{Reading, read};
pub use route_based_session::ROUTE_BASED_SESSION;
pub use route_map::ROUTE_MAP;
pub use segment::SEGMENT;
pub use segment::{AdminState, ReplicationMode, SegmentType, UrpfMode};
pub use segment_port::SEGMENT_PORT;
pub use segment_port::{AllocateAddresses, AttachmentType, InitState};
pub use session::{AuthenticationMode, ComplianceSuite, InitiationMode, MssClampingDirection};
pub use simulated_device::{ClockType, SIMULATED_DEVICE};
pub use simulated_flow::{FlowProtocol, SIMULATED_FLOW};
pub use simulated_link::SIMULATED_LINK;
pub use simulated_peer::{RouteOrigin, SIMULATED_PEER};
pub use tap_flow::{TAP_FLOW, TapDirection};
pub use tap_mirror::{LAST_ERSPAN_SESSION, MirrorType, TAP_MIRROR};
pub use tap_service::TAP_SERVICE;
pub use tree::Tree;
pub use tunnel_profile::{DfPolicy, EspEncryption, TUNNEL_PROFILE};
pub use vpn_service::IkeLogLevel;
pub use vpn_service::VPN_SERVICE;

/// Every kind of the policy API, those that others refer to first.
pub static KINDS: [&Kind; 23] = [
    &TIER_0,
    &TIER_1,
    &LOCALE_SERVICE,
    &BGP_CONFIG,
    &BGP_TROUBLESHOOT,
    &VPN_SERVICE,
    &IKE_PROFILE,
    &TUNNEL_PROFILE,
    &DPD_PROFILE,
    &LOCAL_ENDPOINT,
    &PREFIX_LIST,
    &BGP_NEIGHBOR,
    &ROUTE_BASED_SESSION,
    &POLICY_BASED_SESSION,
    &SEGMENT,
    &SEGMENT_PORT,
    &SIMULATED_PEER,
    &SIMULATED_FLOW,
    &LIVE_TRACE,
    &SIMULATED_DEVICE,
    &SIMULATED_LINK,
    &FLOW_TRACE,
    &TUNNEL_TRACE,
];

/// Every kind of Neutron, those that others refer to first.
pub static NEUTRON_KINDS: [&Kind; 3] = [&TAP_SERVICE, &TAP_FLOW, &TAP_MIRROR];

/// Kinds of Neutron of which the engine holds no object: they show segments and what
/// belongs to them.
pub static NEUTRON_VIEWS: [&Kind; 3] = [&NETWORK, &SUBNET, &PORT];

/// Kinds that others may refer to, and of which the engine holds no object: a
/// reference to one never finds it.
pub static KINDS_ELSEWHERE: [&Kind; 1] = [&ROUTE_MAP];

/// The gateways and services that exist from the start, as VMware Cloud on AWS
/// names them (seed 002, "System defined objects").
pub mod system {
    /// The tier-0 gateway.
    pub const TIER_0: &str = "/infra/tier-0s/vmc";
    /// The compute gateway, a tier-1.
    pub const COMPUTE_GATEWAY: &str = "/infra/tier-1s/cgw";
    /// The locale service of the tier-0 gateway.
    pub const LOCALE_SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default";
    /// The one BGP instance.
    pub const BGP: &str = "/infra/tier-0s/vmc/locale-services/default/bgp";
    /// The VPN service.
    pub const VPN_SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
    /// The IKE profile a session gets that names none.
    pub const IKE_PROFILE: &str = "/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile";
    /// The tunnel profile a session gets that names none.
    pub const TUNNEL_PROFILE: &str = "/infra/ipsec-vpn-tunnel-profiles/nsx-default-l3vpn-tunnel-profile";
    /// The DPD profile a session gets that names none.
    pub const DPD_PROFILE: &str = "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile";
}
