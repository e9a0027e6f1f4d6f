//! What there is besides the core of the API. Clients look for the aliases before they use
//! it.

use serde_json::{Value as Json, json};

use super::NeutronError;

/// An extension: its alias, its name, and what it is.
const ALL: [(&str, &str, &str); 16] = [
    ("empty-string-filtering", "Empty String Filtering", "A filter may be an empty text."),
    ("filter-validation", "Filter parameters validation", "A list is not filtered by what is no attribute."),
    ("ip-substring-filtering", "IP address substring filtering", "fixed_ips=ip_address_substr=… of lists of ports."),
    ("pagination", "Pagination support", "limit, marker and page_reverse."),
    ("port-security", "Port Security", "port_security_enabled of networks and ports."),
    ("project-id", "project_id field enabled", "project_id beside tenant_id."),
    ("revision-if-match", "If-Match constraints based on revision_number", "If-Match: revision_number=N."),
    ("sorting", "Sorting support", "sort_key and sort_dir."),
    ("standard-attr-revisions", "Resource revision numbers", "revision_number of networks, subnets and ports."),
    ("standard-attr-tag", "Tag support", "Tags of networks, subnets and ports."),
    ("standard-attr-timestamp", "Resource timestamps", "created_at and updated_at of networks, subnets and ports."),
    ("taas", "Neutron Tap as a Service", "Tap services and tap flows."),
    ("taas-vlan-filter", "Tap as a Service vlan filter", "vlan_filter of tap flows."),
    ("tag-ports-during-bulk-creation", "Tag Ports During Bulk Creation", "tags of ports that are created."),
    ("tap-mirror", "Tap as a Service mirror", "Tap mirrors: copies through GRE and ERSPAN tunnels."),
    ("tap-mirror-both-direction", "Tap as a Service mirror, BOTH", "BOTH among the directions of tap mirrors."),
];

fn shown((alias, name, description): &(&str, &str, &str)) -> Json {
    json!({ "alias": alias, "name": name, "description": description, "links": [] })
}

/// All of them.
pub(super) fn all() -> Json {
    json!({ "extensions": ALL.iter().map(shown).collect::<Vec<_>>() })
}

/// The one of this alias.
pub(super) fn one(alias: &str) -> Result<Json, NeutronError> {
    let found = ALL.iter().find(|(known, ..)| *known == alias).map(shown);
    found.map(|extension| json!({ "extension": extension })).ok_or_else(|| {
        let message = format!("Extension with alias {alias} does not exist");
        NeutronError::new(axum::http::StatusCode::NOT_FOUND, "HTTPNotFound", message)
    })
}
