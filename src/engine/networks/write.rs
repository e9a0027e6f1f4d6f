//! Networks and subnets: creating, changing and deleting.

use std::net::IpAddr;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::addresses::{Pool, Subnet, all_but, first_host, stand_together, subnets};
use super::{Attributes, NetworkFault, read, show, tags};
use crate::engine::intent::{self, Writing, composed, stands};
use crate::engine::object::Object;
use crate::engine::runtime::journal;
use crate::engine::store::Transaction;
use crate::engine::taps::{Fault, Member, PROJECT_TAG, body};
use crate::engine::{Refusal, index};
use crate::model::{AdminState, Kind, NETWORK, Network, PolicyPath, SUBNET};

/// Creates the object of the policy API that `fields` declare, at the path that has the
/// UUID `id`. Whether the state is to be settled.
pub(super) fn create(
    tx: &mut dyn Transaction,
    path: &PolicyPath,
    fields: Map<String, Json>,
    id: &str,
    by: &Member,
) -> Result<bool, Refusal> {
    let object = composed(&*tx, path, None, None, &Json::Object(fields), &by.caller, Writing::Put)?;
    let object = object.with("unique_id", json!(id)).with("realization_id", json!(id));
    stands(&*tx, &object, true)?;
    index::put(tx, &object, None)?;
    Ok(journal::note(tx, by.caller.now, path, None)?)
}

/// Puts what `fields` declare in place of what `before` does. Whether the state is to be
/// settled.
pub(super) fn replace(
    tx: &mut dyn Transaction,
    before: &Object,
    mut fields: Map<String, Json>,
    by: &Member,
) -> Result<bool, Refusal> {
    fields.insert("_revision".to_owned(), json!(before.revision()));
    let fields = Json::Object(fields);
    let object = composed(&*tx, before.path(), None, Some(before), &fields, &by.caller, Writing::Put)?;
    if object == *before {
        return Ok(false);
    }
    stands(&*tx, &object, false)?;
    index::put(tx, &object, Some(before))?;
    Ok(journal::note(tx, by.caller.now, before.path(), Some(before))?)
}

/// The attributes of an object of `kind`, which is shown as `shown`, after a change: those
/// that the change gives.
pub(super) fn changed(kind: &Kind, shown: &Attributes, given: &Attributes) -> Result<Attributes, Refusal> {
    let settable = |name: &str| kind.field(name).is_some_and(crate::model::Field::is_configurable);
    let before = shown.iter().filter(|(name, value)| settable(name) && !value.is_null());
    let before = before.map(|(name, value)| (name.clone(), value.clone())).collect();
    let after = body::to_change(kind, before, given)?;
    Ok(after.into_iter().filter(|(name, _)| given.contains_key(name)).collect())
}

/// Lays the name, the description and the administrative state over `fields`.
pub(super) fn lay_common(fields: &mut Map<String, Json>, wanted: &Attributes) {
    for (name, field) in [("name", "display_name"), ("description", "description")] {
        if let Some(text) = wanted.get(name).and_then(Json::as_str) {
            fields.remove(field);
            if !text.is_empty() {
                fields.insert(field.to_owned(), json!(text));
            }
        }
    }
    if let Some(is_up) = wanted.get("admin_state_up").and_then(Json::as_bool) {
        let state = if is_up { AdminState::Up } else { AdminState::Down };
        fields.insert("admin_state".to_owned(), json!(state.word()));
    }
    if let Some(has) = wanted.get("port_security_enabled").and_then(Json::as_bool) {
        tags::set(fields, tags::PORT_SECURITY, if has { "true" } else { "false" });
    }
}

/// The project that the new object is of.
pub(super) fn lay_project(fields: &mut Map<String, Json>, wanted: &Attributes) {
    tags::set(fields, PROJECT_TAG, wanted.get("project_id").and_then(Json::as_str).unwrap_or_default());
}

/// Creates a network: its UUID, and whether the state is to be settled.
pub(super) fn create_network(
    tx: &mut dyn Transaction,
    wanted: &Attributes,
    by: &Member,
) -> Result<(String, bool), Refusal> {
    let id = Uuid::new_v4().to_string();
    let path = PolicyPath::parse(&format!("/infra/segments/{id}")).map_err(|_| Refusal::InvalidPath(id.clone()))?;
    let mut fields = Map::new();
    lay_common(&mut fields, wanted);
    lay_project(&mut fields, wanted);
    let is_due = create(tx, &path, fields, &id, by)?;
    Ok((id, is_due))
}

/// Changes a network. Whether the state is to be settled, as for all that follow.
pub(super) fn update_network(
    tx: &mut dyn Transaction,
    id: &str,
    given: &Attributes,
    by: &Member,
) -> Result<bool, Refusal> {
    let (segment, project) = read::network(&*tx, id, by)?;
    let wanted = changed(&NETWORK, &show::network(&segment, &project), given)?;
    let mut fields = segment.declared();
    lay_common(&mut fields, &wanted);
    replace(tx, &segment, fields, by)
}

/// Deletes a network without ports.
pub(super) fn delete_network(tx: &mut dyn Transaction, id: &str, by: &Member) -> Result<bool, Refusal> {
    let (segment, _) = read::network(&*tx, id, by)?;
    match intent::delete(tx, segment.path(), by.caller.now) {
        Err(Refusal::InUse { .. }) => Err(Fault::from(NetworkFault::NetworkInUse(id.to_owned())).into()),
        done => done,
    }
}

/// An address of a request.
pub(super) fn address(value: Option<&Json>) -> Option<IpAddr> {
    value?.as_str()?.parse().ok()
}

/// That a subnet is to have no gateway is not taken: a segment always names one.
fn has_a_gateway(given: &Attributes) -> Result<(), Fault> {
    if given.get("gateway_ip").is_some_and(Json::is_null) {
        let reason = "a subnet of a segment has a gateway address".to_owned();
        return Err(Fault::Invalid { attribute: "gateway_ip", reason });
    }
    Ok(())
}

fn is_given(given: &Attributes, name: &str) -> bool {
    given.get(name).is_some_and(|value| !value.is_null())
}

/// The pools that a request names.
fn pools(wanted: &Attributes, network: Network) -> Result<Vec<Pool>, NetworkFault> {
    let named = wanted.get("allocation_pools").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    named.iter().map(|pool| Pool::of_request(pool, network)).collect()
}

/// A subnet as the segment declares it.
fn declared(gateway: IpAddr, network: Network, ranges: &[Pool]) -> Json {
    let mut declared = json!({ "gateway_address": format!("{gateway}/{}", network.length()) });
    if !ranges.is_empty() {
        declared["dhcp_ranges"] = ranges.iter().map(Pool::to_string).collect();
    }
    declared
}

fn invalid(what: impl Into<String>) -> Refusal {
    Fault::from(NetworkFault::Invalid(what.into())).into()
}

/// What DHCP gives out: the pools, if it gives out anything.
fn ranges(pools: Vec<Pool>, has_dhcp: bool, gateway: IpAddr, network: Network) -> Result<Vec<Pool>, Refusal> {
    let known = |fault: NetworkFault| Refusal::from(Fault::from(fault));
    if !network.holds(gateway) {
        return Err(invalid("Gateway is not valid on subnet"));
    }
    stand_together(&pools, gateway, network).map_err(known)?;
    if !has_dhcp && !pools.is_empty() {
        let reason = "only a subnet with DHCP has pools of its own".to_owned();
        return Err(Fault::Invalid { attribute: "allocation_pools", reason }.into());
    }
    Ok(if has_dhcp && pools.is_empty() { all_but(network, gateway) } else { pools })
}

/// Creates a subnet: its UUID, and whether the state is to be settled.
pub(super) fn create_subnet(
    tx: &mut dyn Transaction,
    wanted: &Attributes,
    given: &Attributes,
    by: &Member,
) -> Result<(String, bool), Refusal> {
    has_a_gateway(given)?;
    let text = |name: &str| wanted.get(name).and_then(Json::as_str).unwrap_or_default();
    let (segment, project) = read::network(&*tx, text("network_id"), by)?;
    let names_another = ["project_id", "tenant_id"].iter().any(|name| is_given(given, name));
    if names_another && text("project_id") != project {
        let reason = "a subnet is of the project of its network".to_owned();
        return Err(Fault::Invalid { attribute: "project_id", reason }.into());
    }
    let network: Network = text("cidr").parse().map_err(|_| invalid("Invalid CIDR given as IP prefix"))?;
    let others = subnets(&segment);
    if others.iter().any(|other| other.network.covers(network) || network.covers(other.network)) {
        let id = segment.unique_id();
        let what = format!("Requested subnet with cidr: {network} for network: {id} overlaps with another subnet");
        return Err(invalid(what));
    }
    let gateway = address(wanted.get("gateway_ip")).unwrap_or_else(|| first_host(network));
    let has_dhcp = wanted.get("enable_dhcp").and_then(Json::as_bool).unwrap_or(true);
    let named = pools(wanted, network).map_err(Fault::from)?;
    let ranges = ranges(named, has_dhcp, gateway, network)?;
    let mut fields = segment.declared();
    match fields.entry("subnets").or_insert_with(|| json!([])) {
        Json::Array(subnets) => subnets.push(declared(gateway, network, &ranges)),
        other => *other = json!([declared(gateway, network, &ranges)]),
    }
    for (scope, value) in [(tags::SUBNET_NAME, text("name")), (tags::SUBNET_DESCRIPTION, text("description"))] {
        tags::set(&mut fields, &format!("{scope}/{network}"), value);
    }
    let is_due = replace(tx, &segment, fields, by)?;
    let id = Uuid::parse_str(segment.unique_id()).unwrap_or_default();
    Ok((Uuid::new_v5(&id, network.to_string().as_bytes()).to_string(), is_due))
}

/// Changes a subnet.
pub(super) fn update_subnet(
    tx: &mut dyn Transaction,
    id: &str,
    given: &Attributes,
    by: &Member,
) -> Result<bool, Refusal> {
    has_a_gateway(given)?;
    let (segment, subnet, project) = read::subnet(&*tx, id, by)?;
    let wanted = changed(&SUBNET, &show::subnet(&segment, &subnet, &project), given)?;
    let mut fields = segment.declared();
    for (name, scope) in ["name", "description"].into_iter().zip(show::scopes(&subnet)) {
        if let Some(text) = wanted.get(name).and_then(Json::as_str) {
            tags::set(&mut fields, &scope, text);
        }
    }
    if ["gateway_ip", "allocation_pools", "enable_dhcp"].iter().any(|name| given.contains_key(*name)) {
        let network = subnet.network;
        let gateway = address(wanted.get("gateway_ip")).unwrap_or(subnet.gateway);
        let has_dhcp = wanted.get("enable_dhcp").and_then(Json::as_bool);
        let has_dhcp = has_dhcp.unwrap_or(!subnet.dhcp_ranges.is_empty());
        let named = if given.contains_key("allocation_pools") {
            pools(&wanted, network).map_err(Fault::from)?
        } else if has_dhcp {
            subnet.dhcp_ranges.clone()
        } else {
            Vec::new()
        };
        let ranges = ranges(named, has_dhcp, gateway, network)?;
        if let Some(Json::Array(subnets)) = fields.get_mut("subnets")
            && let Some(place) = subnets.get_mut(subnet.position)
        {
            *place = declared(gateway, network, &ranges);
        }
    }
    replace(tx, &segment, fields, by)
}

/// Deletes a subnet of which no port has an address.
pub(super) fn delete_subnet(tx: &mut dyn Transaction, id: &str, by: &Member) -> Result<bool, Refusal> {
    let (segment, subnet, _) = read::subnet(&*tx, id, by)?;
    let ports = index::collection(&*tx, segment.path().as_str(), "ports")?;
    if ports.iter().any(|port| show::addresses(port).into_iter().any(|address| subnet.network.holds(address))) {
        return Err(Fault::from(NetworkFault::SubnetInUse(id.to_owned())).into());
    }
    let mut fields = segment.declared();
    remove(&mut fields, &subnet);
    replace(tx, &segment, fields, by)
}

fn remove(fields: &mut Map<String, Json>, subnet: &Subnet) {
    for scope in show::scopes(subnet) {
        tags::set(fields, &scope, "");
    }
    if let Some(Json::Array(subnets)) = fields.get_mut("subnets") {
        subnets.remove(subnet.position);
        if subnets.is_empty() {
            fields.remove("subnets");
        }
    }
}
