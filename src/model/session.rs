//! What route-based and policy-based VPN sessions share (seed 002, "IPSec VPN
//! Session").

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::path::PolicyPath;
use super::problem::{Place, Problem};
use super::rule::{Facts, belongs_to_an_interface, has_no_space_around, refuse};
use super::system;
use super::tree::Tree;

words! {
    /// How the peers prove who they are.
    pub enum AuthenticationMode {
        /// By a key both know.
        Psk = "PSK",
        /// By certificates; the local endpoint presents its own.
        Certificate = "CERTIFICATE",
    }
}

words! {
    /// Suites of algorithms that standards prescribe. Each sets the IKE and the
    /// tunnel parameters by itself and authenticates by certificate.
    pub enum ComplianceSuite {
        /// Commercial National Security Algorithm Suite.
        Cnsa = "CNSA",
        /// Suite B with AES-GCM and keys of 128 bits (RFC 6379).
        SuiteBGcm128 = "SUITE_B_GCM_128",
        /// Suite B with AES-GCM and keys of 256 bits (RFC 6379).
        SuiteBGcm256 = "SUITE_B_GCM_256",
        /// The UK's PRIME profile.
        Prime = "PRIME",
        /// The UK's Foundation profile.
        Foundation = "FOUNDATION",
        /// Algorithms that FIPS 140 approves.
        Fips = "FIPS",
        /// No suite: the profiles say it all.
        None = "NONE",
    }
}

words! {
    /// Who opens the session.
    pub enum InitiationMode {
        /// The gateway, at once; it answers as well.
        Initiator = "INITIATOR",
        /// The peer; the gateway only answers.
        RespondOnly = "RESPOND_ONLY",
        /// The gateway, when the first matching packet comes; it answers as well.
        OnDemand = "ON_DEMAND",
    }
}

words! {
    /// For connections from which side the MSS is clamped.
    pub enum MssClampingDirection {
        /// None.
        None = "NONE",
        /// Those that come in through the tunnel.
        Inbound = "INBOUND_CONNECTION",
        /// Those that go out through the tunnel.
        Outbound = "OUTBOUND_CONNECTION",
        /// All.
        Both = "BOTH",
    }
}

static MSS_CLAMPING: Record = Record {
    doc: "Lowers the maximum segment size in TCP handshakes, so that segments fit the tunnel.",
    fields: &[
        Field::optional(
            "direction",
            Shape::Enum(&MssClampingDirection::WORDS),
            "For connections from which side the MSS is clamped.",
        )
        .or(Default::Text("NONE")),
        Field::optional(
            "max_segment_size",
            Shape::Int(108, 8_902),
            "The largest segment in bytes. Unset, it follows from the MTU of the uplink.",
        ),
    ],
    rules: &[],
};

fn default_ike_profile(session: &Tree) -> Tree {
    unless_a_suite_rules(session, system::IKE_PROFILE)
}

fn default_tunnel_profile(session: &Tree) -> Tree {
    unless_a_suite_rules(session, system::TUNNEL_PROFILE)
}

fn unless_a_suite_rules(session: &Tree, profile: &str) -> Tree {
    match session.get("compliance_suite") {
        Tree::Unknown => Tree::Unknown,
        Tree::Text(suite) if suite != ComplianceSuite::None.word() => Tree::Null,
        _ => profile.into(),
    }
}

/// The fields of every session; the records of both kinds begin with them.
pub(super) const fn fields() -> [Field; 13] {
    [
        Field::optional("enabled", Shape::Bool, "Whether the session is to be established.").or(Default::Bool(true)),
        Field::required(
            "local_endpoint_path",
            Shape::Path(&["local_endpoint"]),
            "The path of the gateway's end. VMware Cloud on AWS has `Private-IP1` and `Public-IP1`.",
        ),
        Field::required("peer_address", Shape::Address, "The IPv4 or IPv6 address at which the peer's end of the tunnels is reached."),
        Field::required(
            "peer_id",
            Shape::Text(1, 255),
            "How the peer identifies itself: its address, or its private address when it is behind NAT; with \
             certificates the subject's distinguished name.",
        ),
        Field::optional(
            "authentication_mode",
            Shape::Enum(&AuthenticationMode::WORDS),
            "How the peers prove who they are. `CERTIFICATE` needs a local endpoint with a certificate.",
        )
        .or(Default::Text("PSK")),
        Field::optional(
            "psk",
            Shape::Text(0, 128),
            "The pre-shared key. Required with `PSK`, refused with `CERTIFICATE`; `\"\"` is none.",
        )
        .secret(),
        Field::optional(
            "ike_profile_path",
            Shape::Path(&["ike_profile"]),
            "The path of the IKE profile. Must be left out with a compliance suite.",
        )
        .or(Default::Derived(default_ike_profile, "the system's `nsx-default-l3vpn-ike-profile`")),
        Field::optional(
            "tunnel_profile_path",
            Shape::Path(&["tunnel_profile"]),
            "The path of the tunnel profile. Must be left out with a compliance suite.",
        )
        .or(Default::Derived(default_tunnel_profile, "the system's `nsx-default-l3vpn-tunnel-profile`")),
        Field::optional("dpd_profile_path", Shape::Path(&["dpd_profile"]), "The path of the DPD profile.")
            .or(Default::Text(system::DPD_PROFILE)),
        Field::optional(
            "compliance_suite",
            Shape::Enum(&ComplianceSuite::WORDS),
            "A suite of algorithms that a standard prescribes; it takes the place of the IKE and the tunnel profile, and \
             needs `authentication_mode` `CERTIFICATE`.",
        )
        .or(Default::Text("NONE")),
        Field::optional("connection_initiation_mode", Shape::Enum(&InitiationMode::WORDS), "Who opens the session.")
            .or(Default::Text("INITIATOR")),
        Field::optional(
            "tcp_mss_clamping",
            Shape::Record(&MSS_CLAMPING),
            "Lowers the maximum segment size (MSS) in TCP handshakes, so that segments fit the tunnel without being \
             fragmented.",
        ),
        Field::unavailable("site_overrides", "It exists on a Global Manager only."),
    ]
}

pub(super) fn key_fits_authentication(session: &Facts<'_>) -> Vec<Problem> {
    let mode = session.text("authentication_mode").and_then(AuthenticationMode::parse);
    match mode {
        Some(AuthenticationMode::Psk) if session.unset("psk") => vec![refuse(
            "psk",
            "psk is missing",
            "With authentication_mode PSK it is required. Use certificates with authentication_mode CERTIFICATE.",
        )],
        Some(AuthenticationMode::Certificate) if session.set("psk") => vec![refuse(
            "psk",
            "psk cannot be used with authentication_mode CERTIFICATE",
            "Remove psk, or set authentication_mode to PSK.",
        )],
        _ => Vec::new(),
    }
}

pub(super) fn suite_rules_alone(session: &Facts<'_>) -> Vec<Problem> {
    let Some(suite) = session.text("compliance_suite").filter(|suite| *suite != ComplianceSuite::None.word()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for field in ["ike_profile_path", "tunnel_profile_path"] {
        if session.set(field) {
            problems.push(refuse(
                field,
                format!("{field} cannot be used with the compliance suite {suite}"),
                "The suite sets these parameters itself. Remove the profile, or set compliance_suite to NONE.",
            ));
        }
    }
    if session.text("authentication_mode") == Some(AuthenticationMode::Psk.word()) {
        problems.push(refuse(
            "authentication_mode",
            format!("The compliance suite {suite} authenticates by certificate"),
            "Set authentication_mode to CERTIFICATE and use a local endpoint with a certificate.",
        ));
    }
    problems
}

pub(super) fn peer_is_reachable_from_here(session: &Facts<'_>) -> Vec<Problem> {
    let peer = session.text("peer_address");
    let mut problems = ipv6_needs_the_current_address(session, "peer_address", is_v6(peer));
    problems.extend(belongs_to_an_interface(Place::default().field("peer_address"), peer));
    problems
}

pub(super) fn key_has_no_space_around(session: &Facts<'_>) -> Vec<Problem> {
    has_no_space_around(session, "psk").into_iter().collect()
}

/// Whether a known address or network is IPv6.
pub(super) fn is_v6(address: Option<&str>) -> bool {
    address.is_some_and(|address| address.contains(':'))
}

/// The deprecated address of a VPN service, with its locale service in the path,
/// takes no IPv6.
pub(super) fn ipv6_needs_the_current_address(facts: &Facts<'_>, field: &'static str, is_v6: bool) -> Vec<Problem> {
    match facts.parent {
        Some(service) if is_v6 && service.contains("/locale-services/") => vec![refuse(
            field,
            format!("{field} cannot be IPv6 below {service}"),
            format!(
                "The API takes IPv6 only at the service's current address: set service_path to {}, without the locale \
                 service.",
                current_address(service)
            ),
        )],
        _ => Vec::new(),
    }
}

/// The current address of the VPN service at `path`.
fn current_address(path: &str) -> String {
    PolicyPath::parse(path).map_or_else(|_| path.to_owned(), |service| service.current_address())
}

/// What must hold between a session and its local endpoint: certificates need
/// one to present.
pub(super) fn endpoint_fits(session: &Tree, endpoint: &Tree) -> Vec<Problem> {
    let by_certificate = session.get("authentication_mode").text() == Some(AuthenticationMode::Certificate.word());
    if !by_certificate || !endpoint.get("certificate_path").is_null() {
        return Vec::new();
    }
    vec![refuse(
        "local_endpoint_path",
        "The local endpoint has no certificate to present",
        "With authentication_mode CERTIFICATE, use an endpoint of your own that has a certificate_path.",
    )]
}
