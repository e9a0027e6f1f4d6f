//! Segments and segment ports as Neutron shows them.

use std::net::IpAddr;

use serde_json::{Value as Json, json};

use super::addresses::{Subnet, subnets};
use super::{Attributes, tags};
use crate::engine::Object;
use crate::model::timestamp::Timestamp;
use crate::model::{AdminState, NeutronStatus};

/// What every object of Neutron has: those of its segment or port.
fn common(object: &Object, id: &str, name: &str, description: &str, project: &str) -> Attributes {
    let at = |field: &str| {
        let milliseconds = object.get(field).and_then(Json::as_i64).unwrap_or_default();
        Timestamp(milliseconds.div_euclid(1_000) * 1_000).to_string()
    };
    let Json::Object(shown) = json!({
        "id": id,
        "name": name,
        "description": description,
        "project_id": project,
        "tenant_id": project,
        "created_at": at("_create_time"),
        "updated_at": at("_last_modified_time"),
        "revision_number": object.revision(),
    }) else {
        return Attributes::new();
    };
    shown
}

/// The name: none where the policy API shows the id in its place.
fn name(object: &Object) -> &str {
    let name = text(object, "display_name");
    if name == object.unique_id() { "" } else { name }
}

fn text<'a>(object: &'a Object, field: &str) -> &'a str {
    object.get(field).and_then(Json::as_str).unwrap_or_default()
}

fn is_up(object: &Object) -> bool {
    text(object, "admin_state") != AdminState::Down.word()
}

fn status(is_active: bool) -> &'static str {
    if is_active { NeutronStatus::Active.word() } else { NeutronStatus::Down.word() }
}

/// A segment as a network.
pub(super) fn network(segment: &Object, project: &str) -> Attributes {
    let mut shown = common(segment, segment.unique_id(), name(segment), text(segment, "description"), project);
    let ids: Vec<_> = subnets(segment).into_iter().map(|subnet| subnet.id).collect();
    for (name, value) in [
        ("admin_state_up", json!(is_up(segment))),
        ("status", json!(status(is_up(segment)))),
        ("shared", json!(false)),
        ("router:external", json!(false)),
        ("port_security_enabled", json!(has_port_security(segment, None))),
        ("subnets", json!(ids)),
        ("tags", json!(tags::all(segment.fields(), tags::TAG))),
    ] {
        shown.insert(name.to_owned(), value);
    }
    shown
}

/// Whether a port has port security, or ports of a segment have it.
pub(super) fn has_port_security(object: &Object, segment: Option<&Object>) -> bool {
    let of_segment = || segment.and_then(|segment| tags::port_security(segment.fields()));
    tags::port_security(object.fields()).or_else(of_segment).unwrap_or(true)
}

/// A subnet of a segment.
pub(super) fn subnet(segment: &Object, subnet: &Subnet, project: &str) -> Attributes {
    let tagged = |scope| tags::tag(segment.fields(), &format!("{scope}/{}", subnet.network)).unwrap_or_default();
    let (name, description) = (tagged(tags::SUBNET_NAME), tagged(tags::SUBNET_DESCRIPTION));
    let mut shown = common(segment, &subnet.id, name, description, project);
    let pools: Vec<_> = subnet.pools.iter().map(|pool| pool.to_json()).collect();
    for (name, value) in [
        ("network_id", json!(segment.unique_id())),
        ("ip_version", json!(if subnet.network.is_v6() { 6 } else { 4 })),
        ("cidr", json!(subnet.network.to_string())),
        ("gateway_ip", json!(subnet.gateway().map(|gateway| gateway.to_string()))),
        ("allocation_pools", json!(pools)),
        ("enable_dhcp", json!(subnet.has_dhcp)),
        ("dns_nameservers", json!(subnet.name_servers)),
        ("host_routes", json!([])),
        ("tags", json!(tags::all(segment.fields(), &format!("{}/{}", tags::SUBNET_TAG, subnet.network)))),
    ] {
        shown.insert(name.to_owned(), value);
    }
    shown
}

/// The addresses of a port.
pub(super) fn addresses(port: &Object) -> Vec<IpAddr> {
    let bindings = port.get("address_bindings").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    bindings.iter().filter_map(|binding| binding["ip_address"].as_str()?.parse().ok()).collect()
}

/// The MAC address of a port; none where it was not said.
pub(super) fn mac_address(port: &Object) -> Option<&str> {
    let bindings = port.get("address_bindings").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    bindings.iter().find_map(|binding| binding["mac_address"].as_str())
}

/// What is plugged in.
fn attachment(port: &Object) -> &str {
    port.get("attachment").and_then(|attachment| attachment["id"].as_str()).unwrap_or_default()
}

/// A port of `segment`.
pub(super) fn port(port: &Object, segment: &Object, project: &str) -> Attributes {
    let mut shown = common(port, port.unique_id(), name(port), text(port, "description"), project);
    let of = subnets(segment);
    let fixed = |address: IpAddr| {
        let subnet = of.iter().find(|subnet| subnet.network.holds(address)).map(|subnet| subnet.id.as_str());
        json!({ "subnet_id": subnet, "ip_address": address.to_string() })
    };
    let attached = attachment(port);
    let device = tags::tag(port.fields(), tags::DEVICE);
    let device = device.unwrap_or(if attached == port.unique_id() { "" } else { attached });
    for (name, value) in [
        ("network_id", json!(segment.unique_id())),
        ("admin_state_up", json!(is_up(port))),
        ("status", json!(status(is_up(port) && !attached.is_empty()))),
        ("mac_address", json!(mac_address(port))),
        ("fixed_ips", addresses(port).into_iter().map(fixed).collect()),
        ("device_id", json!(device)),
        ("device_owner", json!(tags::tag(port.fields(), tags::DEVICE_OWNER).unwrap_or_default())),
        ("port_security_enabled", json!(has_port_security(port, Some(segment)))),
        ("security_groups", json!([])),
        ("tags", json!(tags::all(port.fields(), tags::TAG))),
    ] {
        shown.insert(name.to_owned(), value);
    }
    shown
}
