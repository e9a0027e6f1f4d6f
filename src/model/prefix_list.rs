//! Prefix lists: which routes a BGP neighbor may teach or learn (seed 002,
//! "Prefix-list definition").

use std::collections::BTreeMap;

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::network::Network;
use super::problem::{Place, Problem};
use super::rule::{Facts, refuse};
use super::tree::Tree;

words! {
    /// What becomes of a route that an entry matches.
    pub enum PrefixAction {
        /// The route passes.
        Permit = "PERMIT",
        /// The route is dropped.
        Deny = "DENY",
    }
}

/// `length <= ge <= le <= 32 or 128`, as every router has it.
fn lengths_are_in_order(entry: &Facts<'_>) -> Vec<Problem> {
    let (ge, le) = (entry.int("ge"), entry.int("le"));
    let mut problems = Vec::new();
    match entry.text("network") {
        Some("ANY") => {
            for (field, _) in [("ge", ge), ("le", le)].into_iter().filter(|(_, bound)| bound.is_some()) {
                let hint = "ANY matches networks of every length. Leave it out, or use 0.0.0.0/0 or ::/0.";
                problems.push(refuse(field, format!("{field} cannot be used with the network ANY"), hint));
            }
        }
        Some(text) => {
            if let Ok(network) = text.parse::<Network>() {
                problems.extend(bounds(network, "ge", ge));
                problems.extend(bounds(network, "le", le));
            }
        }
        None => {}
    }
    if let (Some(ge), Some(le)) = (ge, le)
        && ge > le
    {
        let hint = "Networks with a mask of ge to le bits match: ge must not be the larger one.";
        problems.push(refuse("ge", format!("ge {ge} is larger than le {le}"), hint));
    }
    problems
}

/// An entry that matches just what an earlier one matches never decides. Routers
/// take it.
fn entries_differ(list: &Facts<'_>) -> Vec<Problem> {
    let mut seen = BTreeMap::new();
    let mut problems = Vec::new();
    for (position, entry) in list.items("prefixes").iter().enumerate() {
        let bound = |field| match entry.get(field) {
            Tree::Null => Some(None),
            bound => bound.int().map(Some),
        };
        let (Some(network), Some(ge), Some(le)) = (entry.get("network").text(), bound("ge"), bound("le")) else {
            continue;
        };
        if let Some(earlier) = seen.insert((network, ge, le), position + 1) {
            seen.insert((network, ge, le), earlier);
            problems.push(Problem::surprising(
                Place::default().field("prefixes").item(position),
                format!("Entry {} matches the same networks as entry {earlier}", position + 1),
                "The first one that matches decides, so that this one never does. Remove one of them.",
            ));
        }
    }
    problems
}

fn bounds(network: Network, field: &'static str, bound: Option<i64>) -> Option<Problem> {
    let bound = bound?;
    let (length, longest) = (i64::from(network.length()), i64::from(network.longest()));
    let hint = format!(
        "{field} bounds the mask length of the networks within {network}: it is {length} to {longest}, and ge must \
         not exceed le."
    );
    if bound < length {
        return Some(refuse(
            field,
            format!("{field} {bound} is shorter than the network's own length of {length}"),
            hint,
        ));
    }
    (bound > longest).then(|| refuse(field, format!("{field} {bound} is longer than {longest}"), hint))
}

/// An entry of a prefix list.
pub static ENTRY: Record = Record {
    doc: "An entry of the list. The first entry that matches a route decides.",
    fields: &[
        Field::required(
            "network",
            Shape::NetworkOrAny,
            "The network in CIDR form, or `ANY`, in capitals or not, for all networks. Without `ge` and `le` only this very network matches, \
             and none of its parts.",
        ),
        Field::optional("action", Shape::Enum(&PrefixAction::WORDS), "What becomes of a route that matches.")
            .or(Default::Text("PERMIT")),
        Field::optional(
            "ge",
            Shape::Int(1, 128),
            "The fewest bits of the mask of networks within `network` that match. Not below the length of `network`, \
             and not above `le`. Without `le`, networks match up to single addresses.",
        ),
        Field::optional(
            "le",
            Shape::Int(1, 128),
            "The most bits of the mask of networks within `network` that match: with 26, those of `10.0.0.0/8` from /8 \
             to /26. At most 32 for IPv4, 128 for IPv6.",
        ),
    ],
    rules: &[lengths_are_in_order],
};

/// Prefix lists.
pub static PREFIX_LIST: Kind = Kind {
    name: "prefix_list",
    title: "prefix list",
    resource_type: "PrefixList",
    places: &[&["infra", "tier-0s", "*", "prefix-lists", "*"], &["infra", "routing-config", "prefix-lists", "*"]],
    record: &Record {
        doc: "An ordered list of networks that filters the routes exchanged with a BGP neighbor. The first entry that \
              matches a route decides; a route that no entry matches is dropped.",
        fields: &[Field::required(
            "prefixes",
            Shape::Records(&ENTRY, 1, usize::MAX),
            "The entries, in order: the first one that matches a route decides.",
        )
        .singular("prefix")],
        rules: &[entries_differ],
    },
    default_parent: Some(super::system::TIER_0),
};
