//! BGP neighbors: who teaches and learns routes over the tunnels (seed 002, "BGP
//! Neighbor").

use std::collections::BTreeSet;

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::problem::{Place, Problem};
use super::rule::{Facts, belongs_to_an_interface, has_no_space_around, refuse};
use super::session::is_v6;
use super::tree::{Fields, Tree};

words! {
    /// What of graceful restart (RFC 4724) is used.
    pub enum GracefulRestartMode {
        /// Nothing.
        Disable = "DISABLE",
        /// The gateway keeps forwarding while it restarts, and helps peers that do.
        GrAndHelper = "GR_AND_HELPER",
        /// The gateway helps peers that restart.
        HelperOnly = "HELPER_ONLY",
    }
}

words! {
    /// Families of routes.
    pub enum AddressFamily {
        /// IPv4 routes.
        Ipv4 = "IPV4",
        /// IPv6 routes.
        Ipv6 = "IPV6",
        /// Ethernet VPN routes (RFC 7432).
        L2vpnEvpn = "L2VPN_EVPN",
    }
}

words! {
    /// How the neighbor's own local AS changes AS paths.
    pub enum AsPathModifier {
        /// It is not put before the paths of routes that come in.
        NoPrepend = "NO_PREPEND",
        /// Besides, it takes the gateway's AS's place in routes that go out.
        NoPrependReplaceAs = "NO_PREPEND_REPLACE_AS",
    }
}

const IN_FILTERS_DOC: &str = "The path of the prefix list that learned routes must pass. The path of a route map is \
                              refused, since the embedded engine has none.";
const OUT_FILTERS_DOC: &str = "The path of the prefix list that advertised routes must pass; unset, that is the API's own \
                               `prefixlist-out-default`. The path of a route map is refused, since the embedded engine \
                               has none.";

/// The API takes route maps as well. The engine has none, so that the path of one
/// is refused as one that does not exist.
const FILTERS: Shape = Shape::List(&Shape::Path(&["prefix_list", "route_map"]), 0, 1);

/// The deprecated fields of the neighbor itself, which `route_filtering` has as well.
const OLD_FILTERS: [&str; 2] = ["in_route_filters", "out_route_filters"];

static ROUTE_FILTERING: Record = Record {
    doc: "Which routes of one family are exchanged.",
    fields: &[
        Field::optional("enabled", Shape::Bool, "Whether routes of the family are exchanged at all.")
            .or(Default::Bool(true)),
        Field::optional(
            "address_family",
            Shape::Enum(&AddressFamily::WORDS),
            "The family of routes. Unset, it is that of the neighbor's address.",
        ),
        Field::optional("in_route_filters", FILTERS, IN_FILTERS_DOC),
        Field::optional("out_route_filters", FILTERS, OUT_FILTERS_DOC),
        Field::optional(
            "maximum_routes",
            Shape::Int(1, 1_000_000),
            "How many routes of the family the neighbor may teach.",
        ),
    ],
    rules: &[],
};

static BFD: Record = Record {
    doc: "Bidirectional forwarding detection (RFC 5880): notices a dead neighbor in less than the hold time.",
    fields: &[
        Field::optional("enabled", Shape::Bool, "Whether BFD runs.").or(Default::Bool(false)),
        Field::optional("interval", Shape::Int(50, 60_000), "Milliseconds between control packets.")
            .or(Default::Int(500)),
        Field::optional(
            "multiple",
            Shape::Int(2, 16),
            "How many packets in a row are missed before the neighbor is taken for dead.",
        )
        .or(Default::Int(3)),
    ],
    rules: &[],
};

static LOCAL_AS: Record = Record {
    doc: "An AS number the gateway shows this neighbor instead of its own.",
    fields: &[
        Field::required("local_as_num", Shape::AsNumber, "The AS number, plain or in dot form."),
        Field::optional(
            "as_path_modifier_type",
            Shape::Enum(&AsPathModifier::WORDS),
            "How AS paths change. Unset, the number is put before the paths of routes in both directions.",
        ),
    ],
    rules: &[],
};

fn hold_time_covers_keepalive(neighbor: &Facts<'_>) -> Vec<Problem> {
    let (Some(hold), Some(keepalive)) = (neighbor.int("hold_down_time"), neighbor.int("keep_alive_time")) else {
        return Vec::new();
    };
    if hold >= keepalive {
        return Vec::new();
    }
    vec![refuse(
        "hold_down_time",
        format!("hold_down_time {hold} is below keep_alive_time {keepalive}"),
        "The neighbor would be declared dead before its next keepalive. Three times keep_alive_time is usual (RFC 4271).",
    )]
}

fn hold_time_is_long_enough(neighbor: &Facts<'_>) -> Vec<Problem> {
    match neighbor.int("hold_down_time") {
        Some(hold @ 1..=2) => vec![refuse(
            "hold_down_time",
            format!("hold_down_time cannot be {hold}"),
            "RFC 4271 refuses hold times of one and two seconds. Use 3 or more.",
        )],
        _ => Vec::new(),
    }
}

fn far_neighbor_needs_a_source(neighbor: &Facts<'_>) -> Vec<Problem> {
    let none =
        neighbor.unset("source_addresses") || neighbor.texts("source_addresses").is_some_and(|all| all.is_empty());
    match neighbor.int("maximum_hop_limit") {
        Some(hops) if hops > 1 && none => vec![refuse(
            "source_addresses",
            format!("source_addresses is missing although maximum_hop_limit is {hops}"),
            "A neighbor more than one hop away needs to know where from it is spoken to: give the gateway's address.",
        )],
        _ => Vec::new(),
    }
}

fn addresses_can_talk(neighbor: &Facts<'_>) -> Vec<Problem> {
    let address = neighbor.text("neighbor_address");
    let mut problems = Vec::new();
    problems.extend(belongs_to_an_interface(Place::default().field("neighbor_address"), address));
    for (position, source) in neighbor.items("source_addresses").iter().enumerate() {
        let (place, source) = (Place::default().field("source_addresses").item(position), source.text());
        problems.extend(belongs_to_an_interface(place.clone(), source));
        if let (Some(address), Some(source)) = (address, source)
            && is_v6(Some(address)) != is_v6(Some(source))
        {
            problems.push(Problem::refused(
                place,
                format!("{source} is not of the same IP version as {address}"),
                "The connection to the neighbor is of one IP version. Give addresses of that of neighbor_address.",
            ));
        }
    }
    problems
}

fn password_has_no_space_around(neighbor: &Facts<'_>) -> Vec<Problem> {
    has_no_space_around(neighbor, "password").into_iter().collect()
}

fn families_differ(neighbor: &Facts<'_>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for (position, filtering) in neighbor.items("route_filtering").iter().enumerate() {
        let family = filtering.get("address_family");
        let family = family.text().or(family.is_null().then(|| own_family(neighbor)).flatten());
        if let Some(family) = family
            && !seen.insert(family)
        {
            problems.push(Problem::refused(
                Place::default().field("route_filtering").item(position).field("address_family"),
                format!("{family} is filtered twice"),
                "Put everything about a family into one route_filtering.",
            ));
        }
    }
    problems
}

/// The family of routes that the neighbor's own address belongs to.
fn own_family(neighbor: &Facts<'_>) -> Option<&'static str> {
    neighbor.text("neighbor_address").map(family_of)
}

fn family_of(address: &str) -> &'static str {
    if address.contains(':') { AddressFamily::Ipv6 } else { AddressFamily::Ipv4 }.word()
}

/// The deprecated filters of the neighbor must not contradict those of its own
/// family.
fn old_filters_agree(neighbor: &Facts<'_>) -> Vec<Problem> {
    let Some(family) = own_family(neighbor) else { return Vec::new() };
    let filtering = neighbor.items("route_filtering").iter().find(|filtering| {
        let given = filtering.get("address_family");
        given.is_null() || given.text() == Some(family)
    });
    OLD_FILTERS
        .into_iter()
        .filter_map(|field| {
            let (old, new) = (neighbor.record.get(field), filtering?.get(field));
            let differ = !old.is_null() && !new.is_null() && !old.has_unknown() && !new.has_unknown() && old != new;
            differ.then(|| {
                let hint = "The field of the neighbor itself is deprecated: leave it out.";
                refuse(field, format!("{field} differs from that of route_filtering"), hint)
            })
        })
        .collect()
}

/// The fields of a neighbor with its filters in the deprecated fields, if `wanted` has them
/// there and all that `route_filtering` says can be said there: the API repeats it in both.
pub(super) fn filters_as_written(mut fields: Fields, wanted: &Fields) -> Fields {
    let is_said = |name: &str| wanted.get(name).is_some_and(|value| !value.is_null());
    let is_empty = |value: &Tree| !value.has_unknown() && value.items().is_empty();
    let wants_old = OLD_FILTERS.into_iter().any(is_said) && wanted.get("route_filtering").is_none_or(is_empty);
    let [filtering] = fields.get("route_filtering").map(Tree::items).unwrap_or_default() else { return fields };
    let address = fields.get("neighbor_address").and_then(Tree::text);
    let own_family = address.map(family_of);
    let Tree::Object(said) = filtering else { return fields };
    let can_be_said = said.iter().all(|(name, value)| match name.as_str() {
        _ if value.is_null() => true,
        "enabled" => value.bool() == Some(true),
        "address_family" => value.text() == own_family,
        name => OLD_FILTERS.contains(&name),
    });
    if !wants_old || !can_be_said {
        return fields;
    }
    let old: Vec<_> =
        OLD_FILTERS.into_iter().filter_map(|name| Some((name.to_owned(), said.get(name)?.clone()))).collect();
    fields.remove("route_filtering");
    fields.extend(old.into_iter().filter(|(_, value)| !value.is_null()));
    fields
}

fn hold_time_bears_a_loss(neighbor: &Facts<'_>) -> Vec<Problem> {
    match (neighbor.int("hold_down_time"), neighbor.int("keep_alive_time")) {
        (Some(hold), Some(keepalive)) if hold >= keepalive && hold < keepalive.saturating_mul(3) => {
            vec![Problem::surprising(
                Place::default().field("hold_down_time"),
                format!("hold_down_time {hold} is below three times keep_alive_time {keepalive}"),
                "One or two lost keepalives end the session. RFC 4271 suggests a hold time of three times the keepalive.",
            )]
        }
        _ => Vec::new(),
    }
}

/// BGP neighbors.
pub static BGP_NEIGHBOR: Kind = Kind {
    name: "bgp_neighbor",
    title: "BGP neighbor",
    resource_type: "BgpNeighborConfig",
    places: &[&["infra", "tier-0s", "*", "locale-services", "*", "bgp", "neighbors", "*"]],
    record: &Record {
        doc: "A BGP speaker the gateway exchanges routes with. For a route-based session it is the peer's end of the \
              tunnel; the session cannot be deleted before the neighbor.",
        fields: &[
            Field::required(
                "neighbor_address",
                Shape::Address,
                "The address of the neighbor: for a route-based session, the other address in the tunnel interface's \
                 subnet.",
            ),
            Field::required("remote_as_num", Shape::AsNumber, "The AS number of the neighbor, plain or in dot form."),
            Field::optional("enabled", Shape::Bool, "Whether the gateway talks to the neighbor.")
                .or(Default::Bool(true)),
            Field::optional(
                "source_addresses",
                Shape::Set(&Shape::Address, 0, 8),
                "The gateway's addresses the neighbor is spoken to from, of the same IP version as `neighbor_address`. Required when `maximum_hop_limit` is above 1.",
            ),
            Field::optional(
                "password",
                Shape::Text(0, 32),
                "The key that protects the connection (TCP MD5, RFC 2385). `\"\"` is no password.",
            )
            .secret(),
            Field::optional("keep_alive_time", Shape::Int(1, 65_535), "Seconds between keepalive messages.")
                .or(Default::Int(60)),
            Field::optional(
                "hold_down_time",
                Shape::Int(1, 65_535),
                "Seconds without a message after which the neighbor is taken for dead. Not below `keep_alive_time`, and not \
                 1 or 2; three times `keep_alive_time` is usual.",
            )
            .or(Default::Int(180)),
            Field::optional("maximum_hop_limit", Shape::Int(1, 255), "How many hops away the neighbor may be. 1 is the other end of the tunnel.")
                .or(Default::Int(1)),
            Field::optional(
                "allow_as_in",
                Shape::Bool,
                "Whether routes are learned although their AS path holds the gateway's own AS.",
            )
            .or(Default::Bool(false)),
            Field::optional(
                "graceful_restart_mode",
                Shape::Enum(&GracefulRestartMode::WORDS),
                "What of graceful restart (RFC 4724) is used.",
            )
            .or(Default::Text("HELPER_ONLY")),
            Field::optional(
                "route_filtering",
                Shape::Records(&ROUTE_FILTERING, 0, 3),
                "Which routes are exchanged: one block for each family of routes. Without any, no list of yours filters them.",
            ),
            Field::optional(
                "bfd",
                Shape::Record(&BFD),
                "Bidirectional forwarding detection (RFC 5880): notices a dead neighbor in less than the hold time.",
            ),
            Field::optional(
                "neighbor_local_as_config",
                Shape::Record(&LOCAL_AS),
                "An AS number the gateway shows this neighbor instead of its own.",
            ),
            Field::optional("in_route_filters", FILTERS, IN_FILTERS_DOC)
                .deprecated("Use in_route_filters of route_filtering instead."),
            Field::optional(
                "out_route_filters",
                FILTERS,
                OUT_FILTERS_DOC,
            )
            .deprecated("Use out_route_filters of route_filtering instead."),
        ],
        rules: &[
            hold_time_is_long_enough,
            hold_time_covers_keepalive,
            hold_time_bears_a_loss,
            far_neighbor_needs_a_source,
            addresses_can_talk,
            password_has_no_space_around,
            families_differ,
            old_filters_agree,
        ],
    },
    default_parent: Some(super::system::BGP),
};
