//! What is done with packets, in the words of the manager API: it tells how an action goes
//! apart from what it samples, and names ports and sessions by their UUIDs.

use serde_json::{Map, Value as Json, json};

use super::observation::object;
use crate::model::Tree;

/// An action in both APIs.
pub(super) struct Named {
    /// Its name in the policy API.
    pub policy: &'static str,
    /// Its name in the manager API.
    pub manager: &'static str,
    /// What says which packets are looked at, in the manager API.
    pub kind: &'static str,
}

/// The actions.
pub(super) static ACTIONS: [Named; 4] = [
    Named { policy: "trace_config", manager: "trace_config", kind: "trace_type" },
    Named { policy: "counter_config", manager: "count_config", kind: "count_type" },
    Named { policy: "pktcap_config", manager: "pktcap_config", kind: "pktcap_type" },
    Named { policy: "datapath_stats_config", manager: "datapath_stats_config", kind: "datapath_stats_type" },
];

/// The ways to sample: the type in the manager API, and the number that goes with it.
pub(super) const SAMPLINGS: [(&str, &str); 3] = [
    ("FirstNSampling", "match_number"),
    ("PacketNumberSampling", "sampling_rate"),
    ("IntervalSampling", "sampling_interval"),
];

/// `actions` of a live trace as the manager API has them; `uuid` knows ports and sessions.
pub(super) fn of_policy(actions: &Tree, uuid: impl Fn(&str) -> Option<String>) -> Json {
    let action = |named: &Named| {
        let action = actions.get(named.policy);
        if action.is_null() {
            return None;
        }
        let id = |path: &Tree| path.text().and_then(&uuid);
        let session = id(action.get("dest_ipsec_vpn_config").get("session_path"));
        let sampling = action.get("sampling");
        let sampled = SAMPLINGS.iter().find_map(|(kind, number)| {
            let value = sampling.get(number).int()?;
            Some(json!({ "sampling_type": kind, *number: value }))
        });
        let argument = object([
            (named.kind, action.get("trace_type").to_json()),
            ("dest_lport", json!(id(action.get("dest_port_path")))),
            ("dest_ipsec_vpn_config", session.map_or(Json::Null, |session| json!({ "session_id": session }))),
            ("reverse_filter", action.get("reverse_filter").to_json()),
        ]);
        Some((named.manager.to_owned(), object([("action_argument", argument), ("sampling_argument", json!(sampled))])))
    };
    Json::Object(ACTIONS.iter().filter_map(action).collect::<Map<_, _>>())
}
