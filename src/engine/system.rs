//! The objects that exist from the start: what VMware Cloud on AWS has in every
//! SDDC (seed 002, "System defined objects").

use serde_json::{Value as Json, json};

use super::store::{StoreError, StoreExt};
use super::{Caller, Engine, Moment, index, intent};
use crate::model::path::PolicyPath;
use crate::model::system;

/// The key under which it is noted that they were created; its value counts
/// changes of what is created here.
const MARK: &str = "s/system-objects";
const MARK_VALUE: &[u8] = b"2";

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

/// Their paths and bodies, parents first.
fn objects() -> Vec<(String, Json)> {
    let profile = |of: &str, kind: &str| format!("/infra/ipsec-vpn-{kind}-profiles/nsx-default-{of}-{kind}-profile");
    let endpoint = |id: &str| format!("{}/local-endpoints/{id}", system::VPN_SERVICE);
    vec![
        (system::TIER_0.to_owned(), json!({})),
        (system::LOCALE_SERVICE.to_owned(), json!({})),
        (system::BGP.to_owned(), json!({ "local_as_num": "65000" })),
        (system::VPN_SERVICE.to_owned(), json!({})),
        (endpoint("Private-IP1"), json!({ "display_name": "Private IP1", "local_address": "10.73.118.66" })),
        (endpoint("Public-IP1"), json!({ "display_name": "Public IP1", "local_address": "203.0.113.66" })),
        (system::COMPUTE_GATEWAY.to_owned(), json!({ "tier0_path": system::TIER_0 })),
        (profile("l3vpn", "ike"), json!({})),
        (profile("l2vpn", "ike"), json!({})),
        (profile("l3vpn", "tunnel"), json!({})),
        (profile("l2vpn", "tunnel"), json!({})),
        (profile("l3vpn", "dpd"), json!({})),
    ]
}
