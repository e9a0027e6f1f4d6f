//! Networks and subnets: creating, changing and deleting.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::addresses::{Pool, Subnet, all_but, first_host, is_connected, stand_together, subnets, without};
use super::{Attributes, NetworkFault, Tagging, Target, read, show, tags};
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

/// Changes the tags of a network, a subnet or a port.
pub(super) fn tag(tx: &mut dyn Transaction, of: &Target, change: &Tagging, by: &Member) -> Result<bool, Refusal> {
    let (object, scope) = read::tagged(&*tx, of.kind, &of.id, by)?;
    let mut tags: BTreeSet<String> = tags::all(object.fields(), &scope).into_iter().collect();
    match change {
        Tagging::Replace(all) => tags = all.iter().cloned().collect(),
        Tagging::Add(tag) => drop(tags.insert(tag.clone())),
        Tagging::Remove(tag) if !tags.remove(tag) => {
            return Err(Fault::from(NetworkFault::TagNotFound(tag.clone())).into());
        }
        Tagging::Remove(_) => {}
    }
    let mut fields = object.declared();
    tags::set_all(&mut fields, &scope, tags.iter().map(String::as_str));
    replace(tx, &object, fields, by)
}

/// An address of a request.
pub(super) fn address(value: Option<&Json>) -> Option<IpAddr> {
    value?.as_str()?.parse().ok()
}

/// The most name servers of a subnet (`max_dns_nameservers` of Neutron).
const MOST_NAME_SERVERS: usize = 5;

/// The name servers that a request names, for a subnet that Neutron calls `subnet`.
fn name_servers(wanted: &Attributes, network: Network, subnet: &str) -> Result<Vec<String>, Refusal> {
    let named = wanted.get("dns_nameservers").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let named: Vec<&str> = named.iter().filter_map(Json::as_str).collect();
    let is_again = |(position, name): &(usize, &&str)| named[..*position].contains(name);
    if let Some((_, name)) = named.iter().enumerate().find(is_again) {
        let reason = format!("Duplicate nameserver '{name}'");
        return Err(Fault::Invalid { attribute: "dns_nameservers", reason }.into());
    }
    if named.len() > MOST_NAME_SERVERS {
        let (subnet, limit) = (subnet.to_owned(), MOST_NAME_SERVERS);
        return Err(Fault::from(NetworkFault::DnsNameServersExhausted { subnet, limit }).into());
    }
    let is_other = |name: &&&str| name.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6() != network.is_v6());
    if let Some(name) = named.iter().find(is_other) {
        let version = if network.is_v6() { 6 } else { 4 };
        return Err(invalid(format!("dns_nameserver '{name}' does not match the ip_version '{version}'")));
    }
    Ok(named.into_iter().map(str::to_owned).collect())
}

/// What is to become of a gateway: the address, and whether it is there. A segment always names
/// an address; one that is connected has a gateway at it.
fn gateway(
    given: &Attributes,
    wanted: &Attributes,
    segment: &Object,
    known: (IpAddr, bool),
) -> Result<(IpAddr, bool), Fault> {
    match given.get("gateway_ip") {
        None => Ok(known),
        Some(Json::Null) if is_connected(segment) => {
            let reason = "the segment is connected to a gateway".to_owned();
            Err(Fault::Invalid { attribute: "gateway_ip", reason })
        }
        Some(Json::Null) => Ok((known.0, false)),
        Some(_) => Ok((address(wanted.get("gateway_ip")).unwrap_or(known.0), true)),
    }
}

fn is_given(given: &Attributes, name: &str) -> bool {
    given.get(name).is_some_and(|value| !value.is_null())
}

/// The characters there is room for in a tag.
const LONGEST_TAG: usize = 256;

/// The pools that a request names; none where it names none.
fn pools(wanted: &Attributes, given: &Attributes, network: Network) -> Result<Option<Vec<Pool>>, Fault> {
    if given.get("allocation_pools").and_then(Json::as_array).is_some_and(Vec::is_empty) {
        let reason = "a subnet has pools; leave it out for all addresses".to_owned();
        return Err(Fault::Invalid { attribute: "allocation_pools", reason });
    }
    let Some(named) = wanted.get("allocation_pools").and_then(Json::as_array) else { return Ok(None) };
    let named: Result<_, NetworkFault> = named.iter().map(|pool| Pool::of_request(pool, network)).collect();
    Ok(Some(named?))
}

fn invalid(what: impl Into<String>) -> Refusal {
    Fault::from(NetworkFault::Invalid(what.into())).into()
}

/// A subnet as it is to be.
struct Wanted {
    network: Network,
    /// The address that the segment is to name for a gateway.
    address: IpAddr,
    has_gateway: bool,
    pools: Vec<Pool>,
    has_dhcp: bool,
}

impl Wanted {
    /// The gateway, if one is to be there.
    fn gateway(&self) -> Option<IpAddr> {
        self.has_gateway.then_some(self.address)
    }

    /// What DHCP gives out, as far as a segment can say it: not the address that it names for a
    /// gateway, whether one is there or not.
    fn ranges(&self) -> Vec<Pool> {
        without(&self.pools, self.address)
    }

    /// That it can be.
    fn stands(&self) -> Result<(), Fault> {
        if !self.network.holds(self.address) {
            return Err(NetworkFault::Invalid("Gateway is not valid on subnet".to_owned()).into());
        }
        stand_together(&self.pools, self.gateway(), self.network)?;
        if self.has_dhcp && self.ranges().is_empty() {
            let reason = "there is no address that DHCP could give out".to_owned();
            return Err(Fault::Invalid { attribute: "enable_dhcp", reason });
        }
        Ok(())
    }

    /// As the segment declares it.
    fn declared(&self) -> Json {
        let mut declared = json!({ "gateway_address": format!("{}/{}", self.address, self.network.length()) });
        if self.has_dhcp {
            declared["dhcp_ranges"] = self.ranges().iter().map(Pool::to_string).collect();
        }
        declared
    }

    /// Lays over `fields` what a segment has no fields for.
    fn lay_tags(&self, fields: &mut Map<String, Json>) -> Result<(), Fault> {
        let usual = if self.has_dhcp { self.ranges() } else { all_but(self.network, self.gateway()) };
        let is_said = self.pools == usual;
        let pools: Vec<_> = self.pools.iter().filter(|_| !is_said).map(Pool::to_string).collect();
        let pools = pools.join(",");
        if pools.len() > LONGEST_TAG {
            let reason = "there is no room for so many pools".to_owned();
            return Err(Fault::Invalid { attribute: "allocation_pools", reason });
        }
        let no_gateway = if self.has_gateway { "" } else { "true" };
        for (scope, value) in [(tags::SUBNET_POOLS, pools.as_str()), (tags::SUBNET_NO_GATEWAY, no_gateway)] {
            tags::set(fields, &format!("{scope}/{}", self.network), value);
        }
        Ok(())
    }
}

/// Creates a subnet: its UUID, and whether the state is to be settled.
pub(super) fn create_subnet(
    tx: &mut dyn Transaction,
    wanted: &Attributes,
    given: &Attributes,
    by: &Member,
) -> Result<(String, bool), Refusal> {
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
    let (address, has_gateway) = gateway(given, wanted, &segment, (first_host(network), true))?;
    let usual = || all_but(network, has_gateway.then_some(address));
    let pools = pools(wanted, given, network)?.unwrap_or_else(usual);
    let has_dhcp = wanted.get("enable_dhcp").and_then(Json::as_bool).unwrap_or(true);
    let servers = name_servers(wanted, network, "new subnet")?;
    let subnet = Wanted { network, address, has_gateway, pools, has_dhcp };
    subnet.stands()?;
    let mut fields = segment.declared();
    match fields.entry("subnets").or_insert_with(|| json!([])) {
        Json::Array(subnets) => subnets.push(subnet.declared()),
        other => *other = json!([subnet.declared()]),
    }
    subnet.lay_tags(&mut fields)?;
    for (scope, value) in [
        (tags::SUBNET_NAME, text("name")),
        (tags::SUBNET_DESCRIPTION, text("description")),
        (tags::SUBNET_NAME_SERVERS, &servers.join(",")),
    ] {
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
    let (segment, subnet, project) = read::subnet(&*tx, id, by)?;
    let wanted = changed(&SUBNET, &show::subnet(&segment, &subnet, &project), given)?;
    let network = subnet.network;
    let mut fields = segment.declared();
    for (name, scope) in [("name", tags::SUBNET_NAME), ("description", tags::SUBNET_DESCRIPTION)] {
        if let Some(text) = wanted.get(name).and_then(Json::as_str) {
            tags::set(&mut fields, &format!("{scope}/{network}"), text);
        }
    }
    if given.contains_key("dns_nameservers") {
        let servers = name_servers(&wanted, network, id)?;
        tags::set(&mut fields, &format!("{}/{network}", tags::SUBNET_NAME_SERVERS), &servers.join(","));
    }
    if ["gateway_ip", "allocation_pools", "enable_dhcp"].iter().any(|name| given.contains_key(*name)) {
        let (address, has_gateway) = gateway(given, &wanted, &segment, (subnet.address, subnet.has_gateway))?;
        let pools = pools(&wanted, given, network)?.unwrap_or_else(|| subnet.pools.clone());
        let has_dhcp = wanted.get("enable_dhcp").and_then(Json::as_bool).unwrap_or(subnet.has_dhcp);
        let after = Wanted { network, address, has_gateway, pools, has_dhcp };
        after.stands()?;
        if let Some(ip) = after.gateway().filter(|ip| subnet.gateway() != Some(*ip)) {
            is_no_ports(tx, &segment, &subnet, ip)?;
        }
        after.lay_tags(&mut fields)?;
        if let Some(Json::Array(subnets)) = fields.get_mut("subnets")
            && let Some(place) = subnets.get_mut(subnet.position)
        {
            *place = after.declared();
        }
    }
    replace(tx, &segment, fields, by)
}

/// That no port of the segment has the address `ip`, which is to be the gateway's.
fn is_no_ports(tx: &mut dyn Transaction, segment: &Object, subnet: &Subnet, ip: IpAddr) -> Result<(), Refusal> {
    let ports = index::collection(&*tx, segment.path().as_str(), "ports")?;
    if ports.iter().any(|port| show::addresses(port).contains(&ip)) {
        let subnet = subnet.id.clone();
        return Err(Fault::from(NetworkFault::IpAddressAlreadyAllocated { ip, subnet }).into());
    }
    Ok(())
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
    for scope in tags::OF_SUBNET {
        tags::set(fields, &format!("{scope}/{}", subnet.network), "");
    }
    if let Some(Json::Array(subnets)) = fields.get_mut("subnets") {
        subnets.remove(subnet.position);
        if subnets.is_empty() {
            fields.remove("subnets");
        }
    }
}
