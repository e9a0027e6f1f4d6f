//! The status and the statistics of a VPN session.

use super::{COUNT, Field, Record, Shape, TEXT, told};
use crate::model::field::Default;

static IKE_STATUS: Record = Record {
    doc: "Phase one.",
    fields: &[
        told("ike_session_state", TEXT, "`UP`, `DOWN` or `NEGOTIATING`."),
        told("fail_reason", TEXT, "Why it is down; empty otherwise."),
    ],
    rules: &[],
};

static TRAFFIC: Record = Record {
    doc: "Packets and bytes since the tunnels came up first, or since the counters were reset.",
    fields: &[
        told("packets_in", COUNT, "Packets received from the peer."),
        told("packets_out", COUNT, "Packets sent to the peer."),
        told("bytes_in", COUNT, "Bytes received, as the packets are within the tunnel."),
        told("bytes_out", COUNT, "Bytes sent, as the packets are within the tunnel."),
        told("dropped_packets_in", COUNT, "Received packets that were dropped."),
        told("dropped_packets_out", COUNT, "Packets that were dropped instead of sent."),
    ],
    rules: &[],
};

static TUNNEL: Record = Record {
    doc: "A tunnel: a pair of security associations.",
    fields: &[
        told("tunnel_status", TEXT, "`UP` or `DOWN`."),
        told("tunnel_down_reason", TEXT, "Why it is down; empty while it is up."),
        told("packets_in", COUNT, "Packets received from the peer."),
        told("packets_out", COUNT, "Packets sent to the peer."),
        told("bytes_in", COUNT, "Bytes received, as the packets are within the tunnel."),
        told("bytes_out", COUNT, "Bytes sent, as the packets are within the tunnel."),
        told("packets_received_other_error", COUNT, "Received packets dropped for a reason that no other field has."),
        told("replay_errors", COUNT, "Received packets dropped because their sequence number had been seen."),
        told("integrity_failures", COUNT, "Received packets dropped because they had been changed on the way."),
        told("decryption_failures", COUNT, "Received packets dropped because they could not be decrypted."),
        told(
            "packets_sent_other_error",
            COUNT,
            "Packets dropped instead of sent for a reason that no other field has, such as their size.",
        ),
        told("seq_number_overflow_error", COUNT, "Packets dropped because the sequence numbers were used up."),
        told("encryption_failures", COUNT, "Packets dropped because they could not be encrypted."),
        told("sa_mismatch_errors_in", COUNT, "Received packets for which there is no security association."),
        told("nomatching_policy_errors", COUNT, "Received packets that the tunnel's networks do not match."),
        told("sa_mismatch_errors_out", COUNT, "Packets for which there is no security association."),
        told("peer_subnet", TEXT, "The network on the peer's side."),
        told("local_subnet", TEXT, "The network on the gateway's side."),
        told("dropped_packets_in", COUNT, "Received packets that were dropped."),
        told("dropped_packets_out", COUNT, "Packets that were dropped instead of sent."),
    ],
    rules: &[],
};

static POLICY: Record = Record {
    doc: "The tunnels of a rule, or of the tunnel interface.",
    fields: &[
        told("tunnel_interface_path", TEXT, "The path of the tunnel interface of a route-based session."),
        told("rule_path", TEXT, "The path of the rule of a policy-based session."),
        told("tunnel_statistics", Shape::Records(&TUNNEL, 0, usize::MAX), "The tunnels."),
        told("aggregate_traffic_counters", Shape::Record(&TRAFFIC), "The traffic of all of them."),
    ],
    rules: &[],
};

const LAST_UPDATE: Field = told("last_update_timestamp", COUNT, "When this was found out, in milliseconds since 1970.");
const DISPLAY_NAME: Field = told("display_name", TEXT, "The name of the session.");
const ENFORCEMENT_POINT: Field =
    told("enforcement_point_path", TEXT, "The path of the enforcement point, where the session runs.");
const RESOURCE_TYPE: Field = told("resource_type", TEXT, "The type of the answer in the API.");
const IKE: Field = told("ike_status", Shape::Record(&IKE_STATUS), "Phase one.");
const AGGREGATE: Field = told(
    "aggregate_traffic_counters",
    Shape::Record(&TRAFFIC),
    "The traffic of all tunnels, since they came up first or were reset.",
);

static SECURITY_ASSOCIATIONS: Record = Record {
    doc: "What the two ends have chosen from their proposals.",
    fields: &[
        told("initiator", TEXT, "Who opened the session: `GATEWAY` or `PEER`."),
        told("ike_version", TEXT, "`IKE_V1` or `IKE_V2`."),
        told("ike_proposal", TEXT, "What protects IKE: cipher, digest and group, as `AES_128/SHA2_256/GROUP14`."),
        told("ike_life_time", COUNT, "Seconds the security association of IKE lives: the smaller number of the ends."),
        told("ike_rekeys", COUNT, "How often it has been replaced since the session came up."),
        told(
            "esp_proposal",
            TEXT,
            "What protects the first tunnel that is up: cipher, digest and the group of its own, as far as there are some. With IKE_V2 the first association has no group of its own. Empty while no tunnel is up.",
        ),
        told("esp_life_time", COUNT, "Seconds the security associations of tunnels live."),
        told("esp_rekeys", COUNT, "How often those of the tunnels have been replaced, all together."),
    ],
    rules: &[],
};

/// The answer of `…/sessions/ID/detailed-status`, of one enforcement point.
pub static SESSION_STATUS: Record = Record {
    doc: "How a VPN session is at this moment: IKE, its tunnels, and their traffic altogether.",
    fields: &[
        told(
            "runtime_status",
            TEXT,
            "`UP` when IKE and all tunnels are up, `DOWN` when IKE or all tunnels are down, `NEGOTIATING` while IKE is, `DEGRADED` otherwise.",
        ),
        told(
            "reason",
            TEXT,
            "Why the session, or the first of its tunnels that is down, is not up; empty when all is up. The API has no such field.",
        ),
        IKE,
        told("total_tunnels", COUNT, "How many tunnels the session has."),
        told("negotiated_tunnels", COUNT, "How many of them are up."),
        told("failed_tunnels", COUNT, "How many of them are down."),
        told(
            "security_associations",
            Shape::Record(&SECURITY_ASSOCIATIONS),
            "What the two ends have chosen from their proposals, while IKE is up. The API has no such field.",
        ),
        AGGREGATE,
        LAST_UPDATE,
        DISPLAY_NAME,
        ENFORCEMENT_POINT,
        RESOURCE_TYPE,
    ],
    rules: &[],
};

/// The answer of `…/sessions/ID/statistics`, of one enforcement point.
pub static SESSION_STATISTICS: Record = Record {
    doc: "The traffic of a VPN session, tunnel by tunnel: one tunnel for a route-based session, one for each pair of \
          source and destination for a policy-based one.",
    fields: &[
        IKE,
        told("policy_statistics", Shape::Records(&POLICY, 0, usize::MAX), "The tunnels, by rule or tunnel interface."),
        AGGREGATE,
        LAST_UPDATE,
        DISPLAY_NAME,
        ENFORCEMENT_POINT,
        RESOURCE_TYPE,
    ],
    rules: &[],
};

const WAIT: Field = Field::optional(
    "wait_seconds",
    Shape::Int(0, 600),
    "How long to wait, in seconds, for what is still being negotiated. What will not be over by then is not waited for.",
)
.or(Default::Int(10));

pub(super) static SESSION_INPUT: Record = Record {
    doc: "",
    fields: &[
        Field::required(
            "session_path",
            Shape::Path(&["route_based_session", "policy_based_session"]),
            "The path of the session.",
        ),
        WAIT,
    ],
    rules: &[],
};

pub(super) const WAIT_FOR_NEIGHBOR: Field = WAIT;
