//! What Neutron has and the policy API has no field for: tags, as OpenStack's plugin for
//! NSX uses them (vmware-nsxlib).

use serde_json::{Map, Value as Json, json};

/// The scope of the tag with what is plugged into a port.
pub const DEVICE: &str = "os-instance-uuid";
/// The scope of the tag with who uses a port.
pub const DEVICE_OWNER: &str = "os-device-owner";
/// The scope of the tag that is `false` where there is no port security.
pub const PORT_SECURITY: &str = "os-port-security-enabled";
/// The scope of each of the tags that Neutron has itself.
pub const TAG: &str = "os-tag";
/// The most characters of such a tag (`MAX_TAG_LEN` of Neutron).
pub const LONGEST_TAG: usize = 255;
/// What begins the scope of the tag with the name of a subnet; its network follows.
pub const SUBNET_NAME: &str = "os-subnet-name";
/// The same for its description.
pub const SUBNET_DESCRIPTION: &str = "os-subnet-description";
/// The same for its name servers, with commas between them.
pub const SUBNET_NAME_SERVERS: &str = "os-subnet-dns-nameservers";
/// The same for its pools, where `dhcp_ranges` do not tell them: `first-last`, with commas between them.
pub const SUBNET_POOLS: &str = "os-subnet-allocation-pools";
/// The same for that it has no gateway: `true`.
pub const SUBNET_NO_GATEWAY: &str = "os-subnet-no-gateway";

/// The same for each of the tags that it has in Neutron.
pub const SUBNET_TAG: &str = "os-subnet-tag";

/// What begins the scopes of all tags of a subnet.
pub(super) const OF_SUBNET: [&str; 6] =
    [SUBNET_NAME, SUBNET_DESCRIPTION, SUBNET_NAME_SERVERS, SUBNET_POOLS, SUBNET_NO_GATEWAY, SUBNET_TAG];

/// The tag of this scope.
pub(super) fn tag<'a>(fields: &'a Map<String, Json>, scope: &str) -> Option<&'a str> {
    let tags = fields.get("tags").and_then(Json::as_array)?;
    tags.iter().find(|tag| tag["scope"] == scope)?["tag"].as_str()
}

/// All tags of this scope, in the order of their texts.
pub(super) fn all(fields: &Map<String, Json>, scope: &str) -> Vec<String> {
    let tags = fields.get("tags").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_scope = tags.iter().filter(|tag| tag["scope"] == scope);
    let mut found: Vec<_> = of_scope.filter_map(|tag| tag["tag"].as_str().map(str::to_owned)).collect();
    found.sort();
    found
}

/// Puts a tag in place of the one of this scope; an empty text is none.
pub(super) fn set(fields: &mut Map<String, Json>, scope: &str, value: &str) {
    set_all(fields, scope, [value].into_iter().filter(|value| !value.is_empty()));
}

/// Puts tags in place of those of this scope.
pub(super) fn set_all<'a>(fields: &mut Map<String, Json>, scope: &str, values: impl Iterator<Item = &'a str>) {
    let tags = fields.remove("tags");
    let mut tags = if let Some(Json::Array(tags)) = tags { tags } else { Vec::new() };
    tags.retain(|tag| tag["scope"] != scope);
    tags.extend(values.map(|value| json!({ "scope": scope, "tag": value })));
    if !tags.is_empty() {
        fields.insert("tags".to_owned(), Json::Array(tags));
    }
}

/// Whether port security is on, as the tag says; none where there is no tag.
pub(super) fn port_security(fields: &Map<String, Json>) -> Option<bool> {
    tag(fields, PORT_SECURITY).map(|value| value != "false")
}
