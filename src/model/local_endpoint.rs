//! Local endpoints: the SDDC's end of VPN sessions (seed 002, "System defined
//! objects").

use super::field::{Default, Field, Record, Shape};
use super::kind::{Kind, below_locale_services};
use super::problem::{Place, Problem};
use super::reading::canonical;
use super::rule::{Facts, belongs_to_an_interface};
use super::session::{ipv6_needs_the_current_address, is_v6};
use super::tree::Tree;

/// Where certificates lie. The engine holds none: it takes any such path.
pub(super) const CERTIFICATES: &[&str] = &["/infra/certificates/"];
/// Where certificate revocation lists lie.
const REVOCATION_LISTS: &[&str] = &["/infra/crls/"];

fn own_address(endpoint: &Tree) -> Tree {
    match endpoint.get("local_address") {
        Tree::Null => Tree::Unknown,
        address => canonical(&Shape::Address, address),
    }
}

fn address_is_usable(endpoint: &Facts<'_>) -> Vec<Problem> {
    let address = endpoint.text("local_address");
    let mut problems = ipv6_needs_the_current_address(endpoint, "local_address", is_v6(address));
    problems.extend(belongs_to_an_interface(Place::default().field("local_address"), address));
    problems
}

/// Local endpoints.
pub static LOCAL_ENDPOINT: Kind = Kind {
    name: "local_endpoint",
    title: "local endpoint",
    resource_type: "IPSecVpnLocalEndpoint",
    places: below_locale_services!("ipsec-vpn-services", "*", "local-endpoints", "*"),
    record: &Record {
        doc: "The gateway's end of VPN sessions: its address, its identity and its certificate. VMware Cloud on AWS has \
              two that belong to the system, `Private-IP1` and `Public-IP1`.",
        fields: &[
            Field::required("local_address", Shape::Address, "The IPv4 or IPv6 address at which tunnels end."),
            Field::optional("local_id", Shape::Text(1, 255), "How the endpoint identifies itself to peers, which have it as their peer's identity: an address, a name, or \
                     the subject's distinguished name of the certificate.")
                .or(Default::Derived(own_address, "`local_address`")),
            Field::optional(
                "certificate_path",
                Shape::ForeignPath(CERTIFICATES),
                "The path of the certificate that sessions with `authentication_mode` `CERTIFICATE` present.",
            ),
            Field::optional(
                "trust_ca_paths",
                Shape::Set(&Shape::ForeignPath(CERTIFICATES), 0, usize::MAX),
                "The paths of the certificate authorities whose peers are trusted.",
            ),
            Field::optional(
                "trust_crl_paths",
                Shape::Set(&Shape::ForeignPath(REVOCATION_LISTS), 0, usize::MAX),
                "The paths of the certificate revocation lists that are honoured.",
            ),
            Field::unavailable("scope", "It exists on a Global Manager only."),
        ],
        rules: &[address_is_usable],
    },
    default_parent: Some(super::system::VPN_SERVICE),
};
