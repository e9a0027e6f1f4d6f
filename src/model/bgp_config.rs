//! The BGP instance of a tier-0 gateway.

use super::bgp_neighbor::GracefulRestartMode;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::problem::Problem;
use super::rule::refuse;
use super::tree::Tree;

static AGGREGATION: Record = Record {
    doc: "A summary of routes that is advertised.",
    fields: &[
        Field::required("prefix", Shape::Network, "The network that stands for all within it."),
        Field::optional("summary_only", Shape::Bool, "Whether the networks within it are kept back.")
            .or(Default::Bool(true)),
    ],
    rules: &[],
};

static RESTART_TIMER: Record = Record {
    doc: "The timers of graceful restart.",
    fields: &[
        Field::optional("restart_timer", Shape::Int(1, 3_600), "Seconds a restarted speaker has to come back.")
            .or(Default::Int(180)),
        Field::optional("stale_route_timer", Shape::Int(1, 3_600), "Seconds routes of a restarted speaker are kept.")
            .or(Default::Int(600)),
    ],
    rules: &[],
};

static GRACEFUL_RESTART: Record = Record {
    doc: "Graceful restart (RFC 4724).",
    fields: &[
        Field::optional("mode", Shape::Enum(&GracefulRestartMode::WORDS), "What of graceful restart is used.")
            .or(Default::Text("HELPER_ONLY")),
        Field::optional("timer", Shape::Record(&RESTART_TIMER), "The timers of graceful restart."),
    ],
    rules: &[],
};

/// Administrative distances can be set only while BGP is disabled.
pub(super) fn distances_change(before: &Tree, after: &Tree) -> Vec<Problem> {
    let enabled = |config: &Tree| config.get("enabled").bool() == Some(true);
    if !enabled(before) || !enabled(after) {
        return Vec::new();
    }
    let changed = ["ebgp_admin_distance", "ibgp_admin_distance"]
        .into_iter()
        .filter(|field| before.get(field) != after.get(field) && !after.get(field).has_unknown());
    changed
        .map(|field| {
            let hint = "Set enabled to false first, and to true again in a later change.";
            refuse(field, format!("{field} can be changed only while BGP is disabled"), hint)
        })
        .collect()
}

/// BGP instances.
pub static BGP_CONFIG: Kind = Kind {
    name: "bgp_config",
    title: "BGP configuration",
    resource_type: "BgpRoutingConfig",
    places: &[&["infra", "tier-0s", "*", "locale-services", "*", "bgp"]],
    record: &Record {
        doc: "The BGP instance of a tier-0 gateway; all route-based sessions share it.",
        fields: &[
            Field::optional(
                "local_as_num",
                Shape::AsNumber,
                "The gateway's own AS number, plain or in dot form. Without one, or with `\"\"`, BGP does not run.",
            ),
            Field::optional("enabled", Shape::Bool, "Whether BGP runs.").or(Default::Bool(true)),
            Field::optional("ecmp", Shape::Bool, "Whether equally good routes are used together.")
                .or(Default::Bool(true)),
            Field::optional(
                "multipath_relax",
                Shape::Bool,
                "Whether routes through different AS paths of the same length count as equally good.",
            )
            .or(Default::Bool(true)),
            Field::optional(
                "inter_sr_ibgp",
                Shape::Bool,
                "Whether the gateway's edges exchange routes. Unset, they do when the gateway is active on all of them.",
            ),
            Field::optional(
                "route_aggregations",
                Shape::Records(&AGGREGATION, 0, 1_000),
                "Summaries of routes that are advertised.",
            )
            .singular("route_aggregation"),
            Field::optional(
                "graceful_restart_config",
                Shape::Record(&GRACEFUL_RESTART),
                "Graceful restart (RFC 4724).",
            ),
            Field::optional(
                "ebgp_admin_distance",
                Shape::Int(1, 255),
                "The administrative distance of eBGP routes. It can be changed only while BGP is disabled.",
            ),
            Field::optional(
                "ibgp_admin_distance",
                Shape::Int(1, 255),
                "The administrative distance of iBGP routes. It can be changed only while BGP is disabled.",
            ),
        ],
        rules: &[],
    },
    default_parent: Some(super::system::LOCALE_SERVICE),
};
