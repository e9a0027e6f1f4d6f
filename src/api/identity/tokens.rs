//! What a token says, and the catalog.

use serde_json::{Value as Json, json};

use crate::api::auth::{Auth, Granted, Project, made_id, role_name, user_id};
use crate::api::host::Base;
use crate::model::timestamp::Timestamp;

/// The id of the one domain.
pub(super) const DOMAIN_ID: &str = "default";
/// Its name.
pub(super) const DOMAIN_NAME: &str = "Default";
/// The one region.
const REGION: &str = "RegionOne";

/// The domain, as others name it.
pub(super) fn domain() -> Json {
    json!({ "id": DOMAIN_ID, "name": DOMAIN_NAME })
}

/// A project, as tokens name it.
fn project(project: &Project) -> Json {
    json!({ "id": project.id, "name": project.name, "domain": domain() })
}

/// What a token says; with the catalog of what is at `base`, if it is to be there and the
/// token is for a project.
pub(super) fn told(auth: &Auth, granted: &Granted, base: Option<&Base>) -> Json {
    let at = |seconds: i64| Timestamp(seconds.saturating_mul(1_000)).to_string().replace('Z', ".000000Z");
    let identity = &granted.identity;
    let mut token = json!({
        "methods": [granted.method],
        "user": {
            "id": user_id(&identity.name),
            "name": &*identity.name,
            "domain": domain(),
            "password_expires_at": null,
        },
        "audit_ids": [granted.id],
        "issued_at": at(granted.issued),
        "expires_at": at(granted.expires),
    });
    if let Some(of) = identity.project.as_deref().and_then(|id| auth.project(id)) {
        let role = role_name(identity.role);
        token["project"] = project(of);
        token["is_domain"] = json!(false);
        token["roles"] = json!([{ "id": made_id("role", role), "name": role }]);
        if let Some(base) = base {
            token["catalog"] = catalog(base);
        }
    }
    json!({ "token": token })
}

/// What there is, and where.
pub(super) fn catalog(base: &Base) -> Json {
    let service = |sort: &str, name: &str, address: &str| {
        let endpoint = |interface: &str| {
            json!({
                "id": made_id("endpoint", &format!("{sort}/{interface}")),
                "interface": interface,
                "region": REGION,
                "region_id": REGION,
                "url": format!("{base}{address}"),
            })
        };
        let endpoints: Vec<_> = ["public", "internal", "admin"].into_iter().map(endpoint).collect();
        json!({ "id": made_id("service", sort), "type": sort, "name": name, "endpoints": endpoints })
    };
    json!([service("network", "neutron", ""), service("identity", "keystone", "/identity")])
}
