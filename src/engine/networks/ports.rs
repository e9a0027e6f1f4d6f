//! Ports: creating, changing and deleting.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::addresses::{Subnet, subnets};
use super::write::{address, changed, create as create_object, lay_common, lay_project, replace};
use super::{Attributes, NetworkFault, read, show, tags};
use crate::engine::object::Object;
use crate::engine::store::{Transaction, View};
use crate::engine::taps::{Fault, Member};
use crate::engine::{Refusal, index, intent};
use crate::model::PORT;

/// The first three bytes of the MAC addresses that are made (`base_mac` of Neutron).
const BASE_MAC: &str = "fa:16:3e";

/// The other ports of a segment, and what they have.
struct Neighbors<'a> {
    segment: &'a Object,
    subnets: Vec<Subnet>,
    used: BTreeSet<IpAddr>,
    macs: BTreeSet<String>,
}

impl<'a> Neighbors<'a> {
    /// Those of `segment` but `own`.
    fn of(view: &(impl View + ?Sized), segment: &'a Object, own: Option<&Object>) -> Result<Self, Refusal> {
        let ports = index::collection(view, segment.path().as_str(), "ports")?;
        let others: Vec<_> = ports.iter().filter(|port| own.is_none_or(|own| own.path() != port.path())).collect();
        let used = others.iter().flat_map(|port| show::addresses(port)).collect();
        let macs = others.iter().filter_map(|port| show::mac_address(port)).map(str::to_owned).collect();
        Ok(Self { segment, subnets: subnets(segment), used, macs })
    }

    fn network(&self) -> String {
        self.segment.unique_id().to_owned()
    }

    /// The next free address of `subnet`.
    fn next(&mut self, subnet: &Subnet) -> Result<IpAddr, NetworkFault> {
        let free = subnet.free(&self.used);
        let address = free.ok_or_else(|| NetworkFault::IpAddressGenerationFailure(self.network()))?;
        self.used.insert(address);
        Ok(address)
    }

    /// One address of each version that the network has.
    fn one_of_each(&mut self) -> Result<Vec<IpAddr>, NetworkFault> {
        let mut found = Vec::new();
        for is_v6 in [false, true] {
            let fitting = self.subnets.iter().filter(|subnet| subnet.network.is_v6() == is_v6);
            let Some(first) = fitting.clone().next() else { continue };
            let with_room = fitting.clone().find(|subnet| subnet.free(&self.used).is_some()).unwrap_or(first).clone();
            found.push(self.next(&with_room)?);
        }
        Ok(found)
    }

    /// The addresses that a request names.
    fn named(&mut self, fixed_ips: &[Json]) -> Result<Vec<IpAddr>, NetworkFault> {
        let mut found = Vec::with_capacity(fixed_ips.len());
        for fixed in fixed_ips {
            let subnet = match fixed["subnet_id"].as_str() {
                None => None,
                Some(id) => Some(self.subnets.iter().find(|subnet| subnet.id == id).cloned().ok_or_else(|| {
                    let network = self.network();
                    NetworkFault::Invalid(format!(
                        "Failed to create port on network {network}, because fixed_ips included invalid subnet {id}"
                    ))
                })?),
            };
            found.push(match (address(fixed.get("ip_address")), subnet) {
                (Some(address), subnet) => self.given(address, subnet)?,
                (None, Some(subnet)) => self.next(&subnet)?,
                (None, None) => {
                    return Err(NetworkFault::Invalid("IP allocation requires subnet_id or ip_address".to_owned()));
                }
            });
        }
        Ok(found)
    }

    /// This address, which has to be free.
    fn given(&mut self, ip: IpAddr, subnet: Option<Subnet>) -> Result<IpAddr, NetworkFault> {
        let holding = || self.subnets.iter().find(|subnet| subnet.network.holds(ip)).cloned();
        let subnet = subnet.or_else(holding).ok_or(NetworkFault::InvalidIpForNetwork(ip))?;
        if !subnet.has_host(ip) {
            return Err(NetworkFault::InvalidIpForSubnet(ip));
        }
        if subnet.gateway() == Some(ip) || !self.used.insert(ip) {
            return Err(NetworkFault::IpAddressAlreadyAllocated { ip, subnet: subnet.id });
        }
        Ok(ip)
    }

    /// This MAC address, or one that is made.
    fn mac(&self, named: Option<&str>) -> Result<String, NetworkFault> {
        let Some(mac) = named else {
            let made = || {
                let random = Uuid::new_v4().into_bytes();
                format!("{BASE_MAC}:{:02x}:{:02x}:{:02x}", random[0], random[1], random[2])
            };
            return Ok(std::iter::repeat_with(made).find(|mac| !self.macs.contains(mac)).unwrap_or_default());
        };
        if self.macs.contains(mac) {
            return Err(NetworkFault::MacAddressInUse { network: self.network(), mac: mac.to_owned() });
        }
        Ok(mac.to_owned())
    }
}

/// The addresses of a port as the segment port declares them. The bindings of addresses that
/// are among those `before` stay; the MAC address `old`, which Neutron shows, becomes `mac`.
fn bindings(before: &[Json], old: Option<&str>, addresses: &[IpAddr], mac: Option<&str>) -> Json {
    let is_of = |binding: &Json, ip: IpAddr| address(binding.get("ip_address")) == Some(ip);
    let known = |ip: IpAddr| before.iter().find(|binding| is_of(binding, ip)).and_then(Json::as_object).cloned();
    let new = |ip: IpAddr| Map::from_iter([("ip_address".to_owned(), json!(ip.to_string()))]);
    let mut bindings: Vec<_> = addresses.iter().map(|ip| known(*ip).unwrap_or_else(|| new(*ip))).collect();
    if bindings.is_empty() && mac.is_some() {
        bindings.push(Map::new());
    }
    for binding in &mut bindings {
        let own = binding.get("mac_address").and_then(Json::as_str);
        if own.is_none() || own == old {
            binding.extend(mac.map(|mac| ("mac_address".to_owned(), json!(mac))));
        }
    }
    json!(bindings)
}

/// Lays what a request says of the device over the fields of the port `id`.
fn lay_device(fields: &mut Map<String, Json>, wanted: &Attributes, id: &str) {
    if let Some(owner) = wanted.get("device_owner").and_then(Json::as_str) {
        tags::set(fields, tags::DEVICE_OWNER, owner);
    }
    let Some(device) = wanted.get("device_id").and_then(Json::as_str) else { return };
    tags::set(fields, tags::DEVICE, device);
    if device.is_empty() {
        fields.remove("attachment");
    } else if fields.get("attachment").is_none_or(|attachment| attachment["id"].is_null()) {
        fields.insert("attachment".to_owned(), json!({ "id": id }));
    }
}

/// What a port is to have; an empty list of `fixed_ips` is none, and not automatic.
fn named<'a>(wanted: &'a Attributes, given: &Attributes) -> Option<&'a [Json]> {
    match (wanted.get("fixed_ips").and_then(Json::as_array), given.get("fixed_ips")) {
        (Some(fixed_ips), _) => Some(fixed_ips),
        (None, Some(Json::Array(_))) => Some(&[]),
        _ => None,
    }
}

/// Creates a port: its UUID, and whether the state is to be settled.
pub(super) fn create(
    tx: &mut dyn Transaction,
    wanted: &Attributes,
    given: &Attributes,
    by: &Member,
) -> Result<(String, bool), Refusal> {
    let network = wanted.get("network_id").and_then(Json::as_str).unwrap_or_default();
    let (segment, _) = read::network(&*tx, network, by)?;
    let id = Uuid::new_v4().to_string();
    let mut neighbors = Neighbors::of(&*tx, &segment, None)?;
    let addresses = match named(wanted, given) {
        Some(fixed_ips) => neighbors.named(fixed_ips),
        None => neighbors.one_of_each(),
    };
    let addresses = addresses.map_err(Fault::from)?;
    let mac = neighbors.mac(wanted.get("mac_address").and_then(Json::as_str)).map_err(Fault::from)?;
    let mut fields = Map::new();
    lay_common(&mut fields, wanted);
    lay_project(&mut fields, wanted);
    lay_device(&mut fields, wanted, &id);
    let tags = wanted.get("tags").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    tags::set_all(&mut fields, tags::TAG, tags.iter().filter_map(Json::as_str));
    fields.insert("address_bindings".to_owned(), bindings(&[], None, &addresses, Some(&mac)));
    let is_due = create_object(tx, &segment.path().child("ports", &id), fields, &id, by)?;
    Ok((id, is_due))
}

/// Changes a port. Whether the state is to be settled.
pub(super) fn update(tx: &mut dyn Transaction, id: &str, given: &Attributes, by: &Member) -> Result<bool, Refusal> {
    let (port, segment, project) = read::port(&*tx, id, by)?;
    let shown = show::port(&port, &segment, &project);
    let wanted = changed(&PORT, &shown, given)?;
    let mut fields = port.declared();
    lay_common(&mut fields, &wanted);
    lay_device(&mut fields, &wanted, port.unique_id());
    if given.contains_key("fixed_ips") || given.contains_key("mac_address") {
        let mut neighbors = Neighbors::of(&*tx, &segment, Some(&port))?;
        let addresses = match named(&wanted, given) {
            Some(fixed_ips) => neighbors.named(fixed_ips).map_err(Fault::from)?,
            None => show::addresses(&port),
        };
        let mac = match wanted.get("mac_address").and_then(Json::as_str) {
            Some(mac) => Some(neighbors.mac(Some(mac)).map_err(Fault::from)?),
            None => show::mac_address(&port).map(str::to_owned),
        };
        let before = port.get("address_bindings").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        fields.insert(
            "address_bindings".to_owned(),
            bindings(before, show::mac_address(&port), &addresses, mac.as_deref()),
        );
    }
    replace(tx, &port, fields, by)
}

/// Deletes a port, with the taps that refer to it. Whether the state is to be settled.
pub(super) fn delete(tx: &mut dyn Transaction, id: &str, by: &Member) -> Result<bool, Refusal> {
    let (port, ..) = read::port(&*tx, id, by)?;
    intent::delete(tx, port.path(), by.caller.now)
}
