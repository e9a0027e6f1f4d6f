//! The objects that exist from the start, what VMware Cloud on AWS has in every SDDC
//! (seed 002, "System defined objects"), and those that come with another.

use serde_json::{Value as Json, json};

use super::object::Object;
use super::store::{StoreError, StoreExt};
use super::{Caller, Engine, Moment, index, intent};
use crate::model::path::PolicyPath;
use crate::model::{HaMode, LOCALE_SERVICE, TIER_0, system};

/// The key under which it is noted that they were created; its value counts
/// changes of what is created here, and of what the index holds.
pub(super) const MARK: &str = "s/system-objects";
const MARK_VALUE: &[u8] = b"5";

/// The user who created them.
const SYSTEM: &str = "system";

/// Creates those that do not exist yet.
pub(super) fn create(engine: &Engine, now: Moment) -> Result<(), StoreError> {
    if engine.store.read(|view| view.get(MARK))?.as_deref() == Some(MARK_VALUE) {
        return Ok(());
    }
    let by = Caller { user: SYSTEM.to_owned(), now };
    engine.store.write(move |tx| {
        index::name_owner(tx)?;
        index::renew(tx)?;
        for (path, body) in objects() {
            if let Ok(path) = PolicyPath::parse(&path) {
                intent::put_system_object(tx, &path, &body, &by)?;
            }
        }
        tx.put(MARK, MARK_VALUE)
    })
}

/// The prefix list that every tier-0 gateway has (nsx-policy.md A.5).
pub(super) const DEFAULT_OUT_FILTER: &str = "prefixlist-out-default";

/// The path of the out filter that neighbors of the tier-0 gateway at `gateway` have
/// unless they have another.
fn default_out_filter(gateway: &str) -> String {
    format!("{gateway}/prefix-lists/{DEFAULT_OUT_FILTER}")
}

/// A prefix list that permits every route.
fn permits_all() -> Json {
    json!({ "prefixes": [{ "network": "ANY", "action": "PERMIT" }] })
}

/// The locale service of `vmc`: its neighbors are told of the SDDC's segments.
pub(super) fn locale_service_of_vmc() -> Json {
    let rule = json!({ "name": "sddc", "route_redistribution_types": ["TIER1_SEGMENT"] });
    json!({ "route_redistribution_config": { "bgp_enabled": true, "redistribution_rules": [rule] } })
}

/// The compute gateway, which tells `vmc` of its segments.
pub(super) fn compute_gateway() -> Json {
    json!({
        "tier0_path": system::TIER_0,
        "route_advertisement_types": ["TIER1_CONNECTED", "TIER1_IPSEC_LOCAL_ENDPOINT"],
    })
}

/// An object that comes into being with another, and goes with it.
pub(super) struct Companion {
    /// Its path.
    pub path: PolicyPath,
    /// What it declares.
    pub body: Json,
    /// Whether nobody can change it.
    pub is_system_owned: bool,
}

/// What comes with `object`: with a tier-0 gateway its default out filter, with a locale
/// service of one its BGP instance, which has an AS of its own where all edge nodes forward.
pub(super) fn companions(object: &Object, gateway: Option<&Object>) -> Vec<Companion> {
    let path = object.path();
    let companion = |path: String, body, is_system_owned| {
        let path = PolicyPath::parse(&path).ok()?;
        Some(Companion { path, body, is_system_owned })
    };
    let found = if *object.kind() == TIER_0 {
        companion(default_out_filter(path.as_str()), permits_all(), true)
    } else if *object.kind() == LOCALE_SERVICE && !path.is_of_tier1() {
        let mode = gateway.and_then(|gateway| gateway.get("ha_mode")).and_then(Json::as_str);
        let all_forward = mode == Some(HaMode::ActiveActive.word());
        let body = if all_forward { json!({ "local_as_num": "65000" }) } else { json!({}) };
        companion(format!("{path}/bgp"), body, false)
    } else {
        None
    };
    found.into_iter().collect()
}

/// Their paths and bodies, parents first.
fn objects() -> Vec<(String, Json)> {
    let profile = |of: &str, kind: &str| format!("/infra/ipsec-vpn-{kind}-profiles/nsx-default-{of}-{kind}-profile");
    let endpoint = |id: &str| format!("{}/local-endpoints/{id}", system::VPN_SERVICE);
    vec![
        (system::TIER_0.to_owned(), json!({ "ha_mode": "ACTIVE_STANDBY" })),
        (default_out_filter(system::TIER_0), permits_all()),
        (system::LOCALE_SERVICE.to_owned(), locale_service_of_vmc()),
        (system::BGP.to_owned(), json!({ "local_as_num": "65000" })),
        (system::VPN_SERVICE.to_owned(), json!({})),
        (endpoint("Private-IP1"), json!({ "display_name": "Private IP1", "local_address": "10.73.118.66" })),
        (endpoint("Public-IP1"), json!({ "display_name": "Public IP1", "local_address": "203.0.113.66" })),
        (system::COMPUTE_GATEWAY.to_owned(), compute_gateway()),
        (profile("l3vpn", "ike"), json!({})),
        (profile("l2vpn", "ike"), json!({})),
        (profile("l3vpn", "tunnel"), json!({})),
        (profile("l2vpn", "tunnel"), json!({})),
        (profile("l3vpn", "dpd"), json!({})),
    ]
}
