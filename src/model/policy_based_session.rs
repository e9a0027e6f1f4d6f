//! Policy-based sessions: rules choose the traffic that is protected (seed 002,
//! "Policy-based IPSec VPN").

use super::common::{DESCRIPTION, KEPT_OF_AN_INNER_OBJECT, TAGS};
use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::problem::Problem;
use super::rule::{Facts, refuse};
use super::session::{
    self, ipv6_needs_the_current_address, is_v6, key_fits_authentication, key_has_no_space_around,
    peer_is_reachable_from_here, suite_rules_alone,
};
use super::tree::Tree;

words! {
    /// What becomes of traffic that a session's rule matches.
    pub enum ProtectAction {
        /// It goes through the session's tunnels.
        Protect = "PROTECT",
    }
}

words! {
    /// What becomes of traffic that a service's rule matches.
    pub enum BypassAction {
        /// No policy-based session takes it.
        Bypass = "BYPASS",
    }
}

/// Longer identifiers made of what a rule matches are cut, and end in a digest of
/// the whole.
const LONGEST_DERIVED_ID: usize = 80;

const SUBNETS: Shape = Shape::SetIn("subnet", &Shape::Network, 0, 128);

const fn rule_fields(action: Field) -> [Field; 31] {
    let own: [Field; 11] = [
        Field::optional("id", Shape::Id, "The identifier of the rule, by which a rule is told from the others.")
            .or(Default::Derived(derived_id, "made of the display name, or else of what the rule matches")),
        Field::optional("display_name", Shape::Text(1, 255), "The name people see.")
            .or(Default::Derived(derived_name, "the identifier")),
        DESCRIPTION,
        TAGS,
        Field::optional(
            "sources",
            SUBNETS,
            "Networks on the gateway's side, in CIDR form. Without any, every address matches.",
        ),
        Field::optional(
            "destinations",
            SUBNETS,
            "Networks on the peer's side, in CIDR form. Without any, every address matches.",
        ),
        action,
        Field::optional("sequence_number", Shape::Int(0, i64::MAX), "The rule with the lowest number is tried first.")
            .or(Default::Int(0)),
        Field::optional("enabled", Shape::Bool, "Whether the rule applies.").or(Default::Bool(true)),
        Field::optional("logged", Shape::Bool, "Whether matches are logged.").or(Default::Bool(false)),
        Field::read_only("resource_type", Shape::Text(0, 0), "").or(Default::Text("IPSecVpnRule")),
    ];
    super::field::concat(own, KEPT_OF_AN_INNER_OBJECT)
}

/// The identifier of a rule that has none, always the same for the same rule.
fn derived_id(rule: &Tree) -> Tree {
    match rule.get("display_name") {
        Tree::Unknown => return Tree::Unknown,
        Tree::Text(name) => {
            if let Some(id) = super::path::id_from_name(name) {
                return id.into();
            }
        }
        _ => {}
    }
    let (sources, destinations) = (rule.get("sources"), rule.get("destinations"));
    if sources.has_unknown() || destinations.has_unknown() {
        return Tree::Unknown;
    }
    let side = |tree: &Tree| match super::reading::canonical(&SUBNETS, tree) {
        Tree::List(items) if !items.is_empty() => items
            .iter()
            .filter_map(|item| item.get("subnet").text())
            .map(|network| network.replace('/', "_"))
            .collect::<Vec<_>>()
            .join("+"),
        _ => "any".to_owned(),
    };
    let id = format!("{}-to-{}", side(sources), side(destinations));
    if id.len() <= LONGEST_DERIVED_ID {
        return id.into();
    }
    // Networks are ASCII; what is none is refused, but not here.
    let digest = xxhash_rust::xxh3::xxh3_64(id.as_bytes());
    format!("{}-{digest:016x}", &id[..id.floor_char_boundary(LONGEST_DERIVED_ID - 17)]).into()
}

fn derived_name(rule: &Tree) -> Tree {
    let id = rule.get("id");
    if id.is_null() { derived_id(rule) } else { id.clone() }
}

/// A rule of a policy-based session.
pub static PROTECT_RULE: Record = Record {
    doc: "Traffic that goes through the session. A tunnel is negotiated for each pair of source and destination.",
    fields: &rule_fields(
        Field::optional("action", Shape::Enum(&ProtectAction::WORDS), "What becomes of traffic that matches.")
            .or(Default::Text("PROTECT")),
    ),
    rules: &[networks_are_reachable_from_here, some_pair_is_of_one_family],
};

/// A rule of a VPN service.
pub static BYPASS_RULE: Record = Record {
    doc: "Traffic that no policy-based session takes.",
    fields: &rule_fields(
        Field::optional("action", Shape::Enum(&BypassAction::WORDS), "What becomes of traffic that matches.")
            .or(Default::Text("BYPASS")),
    ),
    rules: &[some_pair_is_of_one_family],
};

/// A packet has a source and a destination of one IP version: between networks of
/// different versions there is none.
fn some_pair_is_of_one_family(rule: &Facts<'_>) -> Vec<Problem> {
    let versions = |side: &str| -> Option<Vec<bool>> {
        let networks = rule.items(side).iter();
        networks.map(|network| Some(is_v6(Some(network.get("subnet").text()?)))).collect()
    };
    let (Some(sources), Some(destinations)) = (versions("sources"), versions("destinations")) else {
        return Vec::new();
    };
    let meet = sources.is_empty() || destinations.is_empty() || sources.iter().any(|it| destinations.contains(it));
    if meet {
        return Vec::new();
    }
    vec![refuse(
        "destinations",
        "No source and destination of the rule are of the same IP version",
        "Nothing can match the rule. Give it sources and destinations of one IP version, or leave one side out.",
    )]
}

fn networks_are_reachable_from_here(rule: &Facts<'_>) -> Vec<Problem> {
    ["sources", "destinations"]
        .into_iter()
        .flat_map(|side| {
            let v6 = rule.items(side).iter().any(|network| is_v6(network.get("subnet").text()));
            ipv6_needs_the_current_address(rule, side, v6)
        })
        .collect()
}

const OWN: [Field; 1] = [Field::required(
    "rules",
    Shape::RecordSet(&PROTECT_RULE, "id", 1, usize::MAX),
    "The traffic that goes through the session. The peer needs the same networks, with sources and destinations \
     exchanged.",
)
.singular("rule")];

const FIELDS: [Field; 14] = super::field::concat(session::fields(), OWN);

/// Policy-based sessions.
pub static POLICY_BASED_SESSION: Kind = Kind {
    name: "policy_based_session",
    title: "policy-based VPN session",
    resource_type: "PolicyBasedIPSecVpnSession",
    places: super::route_based_session::ROUTE_BASED_SESSION.places,
    record: &Record {
        doc: "An IPSec VPN session whose traffic is chosen by rules: each pair of source and destination network gets \
              a tunnel of its own.",
        fields: &FIELDS,
        rules: &[key_fits_authentication, key_has_no_space_around, suite_rules_alone, peer_is_reachable_from_here],
    },
    default_parent: Some(super::system::VPN_SERVICE),
};
