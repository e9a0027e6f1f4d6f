//! What Neutron has and the policy API has no field for: tags, as OpenStack's plugin for
//! NSX uses them (vmware-nsxlib).

use serde_json::{Map, Value as Json, json};

/// The scope of the tag with what is plugged into a port.
pub const DEVICE: &str = "os-instance-uuid";
/// The scope of the tag with who uses a port.
pub const DEVICE_OWNER: &str = "os-device-owner";
/// The scope of the tag that is `false` where there is no port security.
pub const PORT_SECURITY: &str = "os-port-security-enabled";
/// What begins the scope of the tag with the name of a subnet; its network follows.
pub const SUBNET_NAME: &str = "os-subnet-name";
/// The same for its description.
pub const SUBNET_DESCRIPTION: &str = "os-subnet-description";
/// The same for its name servers, with commas between them.
pub const SUBNET_NAME_SERVERS: &str = "os-subnet-dns-nameservers";
/// The same for its pools, where DHCP does not give them out: `first-last`, with commas between them.
pub const SUBNET_POOLS: &str = "os-subnet-allocation-pools";
/// The same for that it has no gateway: `true`.
pub const SUBNET_NO_GATEWAY: &str = "os-subnet-no-gateway";

/// What begins the scopes of all tags of a subnet.
pub(super) const OF_SUBNET: [&str; 5] =
    [SUBNET_NAME, SUBNET_DESCRIPTION, SUBNET_NAME_SERVERS, SUBNET_POOLS, SUBNET_NO_GATEWAY];

/// The tag of this scope.
pub(super) fn tag<'a>(fields: &'a Map<String, Json>, scope: &str) -> Option<&'a str> {
    let tags = fields.get("tags").and_then(Json::as_array)?;
    tags.iter().find(|tag| tag["scope"] == scope)?["tag"].as_str()
}

/// Puts a tag in place of the one of this scope; an empty text is none.
pub(super) fn set(fields: &mut Map<String, Json>, scope: &str, value: &str) {
    let tags = fields.remove("tags");
    let mut tags = if let Some(Json::Array(tags)) = tags { tags } else { Vec::new() };
    tags.retain(|tag| tag["scope"] != scope);
    if !value.is_empty() {
        tags.push(json!({ "scope": scope, "tag": value }));
    }
    if !tags.is_empty() {
        fields.insert("tags".to_owned(), Json::Array(tags));
    }
}

/// Whether port security is on, as the tag says; none where there is no tag.
pub(super) fn port_security(fields: &Map<String, Json>) -> Option<bool> {
    tag(fields, PORT_SECURITY).map(|value| value != "false")
}
