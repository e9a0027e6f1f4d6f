//! Requests to Neutron's networks, subnets and ports, and what becomes of segments.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::{Attributes, Scope, Target};
use crate::engine::taps::{DEFAULT_PROJECT, Member};
use crate::engine::{Caller, Engine, Moment, Refusal, Reveal};
use crate::model::{Kind, NETWORK, PORT, PolicyPath, SUBNET, TAP_SERVICE};

const OTHER: &str = "bb2e4b1ff3ac4ba8a0ac5e2d54f6a1f0";

struct Lab {
    engine: Engine,
    _folder: TempDir,
}

fn caller() -> Caller {
    Caller { user: "admin".to_owned(), now: Moment(1_000) }
}

fn admin() -> Member {
    Member::admin(caller())
}

fn stranger() -> Member {
    Member { caller: caller(), project: OTHER.to_owned(), is_admin: false }
}

fn attributes(json: Json) -> Attributes {
    let Json::Object(attributes) = json else { panic!("{json}") };
    attributes
}

fn target(kind: &'static Kind, of: &Json) -> Target {
    Target::new(kind, of["id"].as_str().unwrap())
}

impl Lab {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = Engine::open(&folder.path().join("engine.db"), Moment(1)).unwrap();
        Self { engine, _folder: folder }
    }

    fn try_create(&self, kind: &'static Kind, body: Json, by: &Member) -> Result<Attributes, Refusal> {
        self.engine.create_in_neutron(kind, vec![attributes(body)], by).map(|mut made| made.remove(0))
    }

    fn create(&self, kind: &'static Kind, body: Json) -> Json {
        Json::Object(self.try_create(kind, body, &admin()).unwrap())
    }

    /// What `by` can see.
    fn list(&self, kind: &'static Kind, by: &Member) -> Result<Vec<Attributes>, Refusal> {
        self.listed(kind, &Scope::default(), by, usize::MAX)
    }

    /// What `by` can see in `scope`, but no more than so many.
    fn listed(&self, kind: &'static Kind, scope: &Scope, by: &Member, most: usize) -> Result<Vec<Attributes>, Refusal> {
        let mut found = Vec::new();
        self.engine.each_in_neutron(kind, scope, by, &mut |object| {
            found.push(object);
            if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(found)
    }

    /// What is said of a refused creation.
    fn refused(&self, kind: &'static Kind, body: Json) -> (String, String) {
        said(self.try_create(kind, body, &admin()))
    }

    fn update(&self, kind: &'static Kind, of: &Json, body: Json) -> Result<Attributes, Refusal> {
        self.engine.update_in_neutron(&target(kind, of), &attributes(body), &admin())
    }

    fn delete(&self, kind: &'static Kind, of: &Json) -> Result<(), Refusal> {
        self.engine.delete_in_neutron(&target(kind, of), &admin())
    }

    /// A network with a subnet.
    fn network(&self, cidr: &str) -> (Json, Json) {
        let network = self.create(&NETWORK, json!({ "name": "net" }));
        let subnet = json!({ "network_id": network["id"], "ip_version": 4, "cidr": cidr, "name": "sub" });
        let subnet = self.create(&SUBNET, subnet);
        (network, subnet)
    }

    fn segment(&self, path: &str) -> crate::engine::Object {
        self.engine.get(&PolicyPath::parse(path).unwrap(), Reveal::Public).unwrap()
    }
}

fn said<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (String, String) {
    match result.unwrap_err() {
        Refusal::Neutron(fault) => (fault.name().to_owned(), fault.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_network_is_a_segment_and_a_port_a_segment_port() {
    let lab = Lab::new();
    let (network, subnet) = lab.network("10.1.0.0/24");
    assert_eq!((&network["name"], &network["status"]), (&json!("net"), &json!("ACTIVE")));
    assert_eq!(subnet["gateway_ip"], "10.1.0.1");
    assert_eq!(subnet["allocation_pools"], json!([{ "start": "10.1.0.2", "end": "10.1.0.254" }]));
    let wanted = json!({ "network_id": network["id"], "port_security_enabled": false });
    let port = lab.create(&PORT, wanted);
    assert_eq!(port["fixed_ips"], json!([{ "subnet_id": subnet["id"], "ip_address": "10.1.0.2" }]));
    assert_eq!(
        (&port["port_security_enabled"], &port["status"], &port["name"]),
        (&json!(false), &json!("DOWN"), &json!(""))
    );
    let mac = port["mac_address"].as_str().unwrap();
    assert!(mac.starts_with("fa:16:3e:"), "{mac}");
    let path = format!("/infra/segments/{}", network["id"].as_str().unwrap());
    assert_eq!(lab.segment(&path).unique_id(), network["id"]);
    let declared = lab.segment(&format!("{path}/ports/{}", port["id"].as_str().unwrap()));
    assert_eq!(declared.unique_id(), port["id"]);
    assert_eq!(declared.get("address_bindings").unwrap(), &json!([{ "ip_address": "10.1.0.2", "mac_address": mac }]));
    let bound = lab.update(&PORT, &port, json!({ "device_id": "vm-1", "device_owner": "compute:nova", "name": "tap" }));
    let bound = bound.unwrap();
    assert_eq!(
        (&bound["status"], &bound["device_id"], &bound["name"]),
        (&json!("ACTIVE"), &json!("vm-1"), &json!("tap"))
    );
    let listed = lab.list(&NETWORK, &admin()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["subnets"], json!([subnet["id"]]));
}

#[test]
fn what_others_have_made_is_seen() {
    let lab = Lab::new();
    let put = |path: &str, body: Json| lab.engine.put(&PolicyPath::parse(path).unwrap(), body, &caller()).unwrap();
    let segment = "/infra/tier-1s/cgw/segments/app";
    let subnet = json!({ "gateway_address": "192.168.10.1/24", "dhcp_ranges": ["192.168.10.100-192.168.10.101"] });
    put(segment, json!({ "subnets": [subnet] }));
    let binding = json!({ "ip_address": "192.168.10.100" });
    let web =
        put(&format!("{segment}/ports/web"), json!({ "address_bindings": [binding], "attachment": { "id": "vif" } }));
    let shown = lab.engine.neutron_object(&PORT, web.unique_id(), &admin()).unwrap();
    assert_eq!(
        (&shown["name"], &shown["device_id"], &shown["status"]),
        (&json!("web"), &json!("vif"), &json!("ACTIVE"))
    );
    assert_eq!(shown["mac_address"], Json::Null);
    let network = shown["network_id"].clone();
    let next = lab.create(&PORT, json!({ "network_id": network }));
    assert_eq!(next["fixed_ips"][0]["ip_address"], "192.168.10.101");
    let (kind, text) = lab.refused(&PORT, json!({ "network_id": network }));
    assert_eq!(kind, "IpAddressGenerationFailure");
    assert!(text.starts_with("No more IP addresses available on network "), "{text}");
    // What Neutron does not know of the port stays as it is.
    let web = json!({ "id": web.unique_id() });
    lab.update(&PORT, &web, json!({ "name": "front" })).unwrap();
    let after = lab.segment(&format!("{segment}/ports/web"));
    assert_eq!(after.get("attachment").unwrap(), &json!({ "id": "vif" }));
    assert_eq!(after.get("display_name").unwrap(), "front");
}

#[test]
fn bindings_of_addresses_that_stay_are_kept() {
    let lab = Lab::new();
    let put = |path: &str, body: Json| lab.engine.put(&PolicyPath::parse(path).unwrap(), body, &caller()).unwrap();
    let segment = "/infra/tier-1s/cgw/segments/app";
    put(segment, json!({ "subnets": [{ "gateway_address": "10.9.0.1/24" }] }));
    let (one, two, new) = ("00:50:56:00:00:01", "00:50:56:00:00:02", "00:50:56:00:00:03");
    let binding = |ip: &str, mac: &str| json!({ "ip_address": ip, "mac_address": mac, "vlan_id": 100 });
    let body = json!({ "address_bindings": [binding("10.9.0.5", one), binding("10.9.0.7", two)] });
    let port = json!({ "id": put(&format!("{segment}/ports/web"), body).unique_id() });
    let declared = || lab.segment(&format!("{segment}/ports/web")).get("address_bindings").unwrap().clone();
    let fixed = ["10.9.0.5", "10.9.0.7", "10.9.0.6"].map(|ip| json!({ "ip_address": ip }));
    lab.update(&PORT, &port, json!({ "fixed_ips": fixed })).unwrap();
    let added = |mac: &str| json!({ "ip_address": "10.9.0.6", "mac_address": mac });
    assert_eq!(declared(), json!([binding("10.9.0.5", one), binding("10.9.0.7", two), added(one)]));
    lab.update(&PORT, &port, json!({ "mac_address": new })).unwrap();
    assert_eq!(declared(), json!([binding("10.9.0.5", new), binding("10.9.0.7", two), added(new)]));
}

#[test]
fn addresses_are_given_once() {
    let lab = Lab::new();
    let (network, subnet) = lab.network("10.1.0.0/29");
    let fixed = |ip: &str| json!({ "network_id": network["id"], "fixed_ips": [{ "ip_address": ip }] });
    let port = lab.create(&PORT, fixed("10.1.0.3"));
    let subnet_id = subnet["id"].as_str().unwrap();
    let taken = |ip: &str| {
        ("IpAddressAlreadyAllocated".to_owned(), format!("IP address {ip} already allocated in subnet {subnet_id}"))
    };
    assert_eq!(lab.refused(&PORT, fixed("10.1.0.3")), taken("10.1.0.3"));
    assert_eq!(lab.refused(&PORT, fixed("10.1.0.1")), taken("10.1.0.1"));
    assert_eq!(lab.refused(&PORT, fixed("10.1.0.7")).0, "InvalidIpForSubnet");
    assert_eq!(lab.refused(&PORT, fixed("10.2.0.1")).0, "InvalidIpForNetwork");
    let mac = json!({ "network_id": network["id"], "mac_address": port["mac_address"] });
    assert_eq!(lab.refused(&PORT, mac).0, "MacAddressInUse");
    let none = lab.create(&PORT, json!({ "network_id": network["id"], "fixed_ips": [] }));
    assert_eq!(none["fixed_ips"], json!([]));
    let both = json!({ "fixed_ips": [{ "subnet_id": subnet_id }, { "ip_address": "10.1.0.6" }] });
    let both = lab.update(&PORT, &none, both).unwrap();
    assert_eq!(both["fixed_ips"][0]["ip_address"], "10.1.0.2");
    assert_eq!(both["fixed_ips"][1]["ip_address"], "10.1.0.6");
    assert_eq!(both["mac_address"], none["mac_address"]);
    let none = lab.update(&PORT, &none, json!({ "fixed_ips": [] })).unwrap();
    assert_eq!(none["fixed_ips"], json!([]));
}

#[test]
fn what_is_used_stays() {
    let lab = Lab::new();
    let (network, subnet) = lab.network("10.1.0.0/24");
    let port = lab.create(&PORT, json!({ "network_id": network["id"] }));
    let tap = lab.create(&TAP_SERVICE, json!({ "port_id": port["id"] }));
    let id = network["id"].as_str().unwrap();
    let text = format!(
        "Unable to complete operation on network {id}. There are one or more ports still in use on the network."
    );
    assert_eq!(said(lab.delete(&NETWORK, &network)), ("NetworkInUse".to_owned(), text));
    assert_eq!(said(lab.delete(&SUBNET, &subnet)).0, "SubnetInUse");
    lab.delete(&PORT, &port).unwrap();
    assert_eq!(
        said(lab.engine.neutron_object(&TAP_SERVICE, tap["id"].as_str().unwrap(), &admin())).0,
        "TapServiceNotFound"
    );
    lab.delete(&SUBNET, &subnet).unwrap();
    lab.delete(&NETWORK, &network).unwrap();
    assert!(lab.list(&NETWORK, &admin()).unwrap().is_empty());
}

#[test]
fn subnets_keep_to_their_networks() {
    let lab = Lab::new();
    let (network, subnet) = lab.network("10.1.0.0/24");
    let wanted = |more: Json| {
        let mut body = json!({ "network_id": network["id"], "ip_version": 4, "cidr": "10.2.0.0/24" });
        body.as_object_mut().unwrap().extend(attributes(more));
        body
    };
    for (more, kind) in [
        (json!({ "cidr": "10.1.0.128/25" }), "InvalidInput"),
        (json!({ "ip_version": 6 }), "HTTPBadRequest"),
        (json!({ "gateway_ip": "10.9.0.1" }), "InvalidInput"),
        (json!({ "allocation_pools": [{ "start": "10.2.0.9", "end": "10.2.0.2" }] }), "InvalidAllocationPool"),
        (json!({ "allocation_pools": [{ "start": "10.2.0.9", "end": "10.3.0.2" }] }), "OutOfBoundsAllocationPool"),
        (
            json!({ "allocation_pools": [{ "start": "10.2.0.1", "end": "10.2.0.2" }] }),
            "GatewayConflictWithAllocationPools",
        ),
        (json!({ "enable_dhcp": "perhaps" }), "InvalidInput"),
        (json!({ "cidr": "10.2.0.0" }), "HTTPBadRequest"),
        (json!({ "network_id": DEFAULT_PROJECT }), "NetworkNotFound"),
        (json!({ "dns_nameservers": ["one"] }), "HTTPBadRequest"),
        (json!({ "dns_nameservers": ["2001:db8::53"] }), "InvalidInput"),
        (
            json!({ "dns_nameservers": ["10.2.0.2", "10.2.0.3", "10.2.0.4", "10.2.0.5", "10.2.0.6", "10.2.0.7"] }),
            "DNSNameServersExhausted",
        ),
        (json!({ "host_routes": [{ "destination": "10.9.0.0/16", "nexthop": "10.2.0.9" }] }), "HTTPBadRequest"),
        (json!({ "allocation_pools": [] }), "HTTPBadRequest"),
    ] {
        assert_eq!(lab.refused(&SUBNET, wanted(more.clone())).0, kind, "{more}");
    }
    let two = lab.create(&SUBNET, wanted(json!({ "gateway_ip": "10.2.0.5", "enable_dhcp": "no", "name": "two" })));
    assert_eq!((&two["enable_dhcp"], &two["name"]), (&json!(false), &json!("two")));
    assert_eq!(two["allocation_pools"].as_array().unwrap().len(), 2);
    let renamed = lab.update(&SUBNET, &subnet, json!({ "name": "one", "enable_dhcp": false })).unwrap();
    assert_eq!((&renamed["name"], &renamed["enable_dhcp"]), (&json!("one"), &json!(false)));
    assert_eq!(
        said(lab.update(&SUBNET, &subnet, json!({ "cidr": "10.9.0.0/24" }))).1,
        "Cannot update read-only attribute cidr"
    );
    lab.delete(&SUBNET, &subnet).unwrap();
    let kept = lab.list(&SUBNET, &admin()).unwrap();
    assert_eq!((kept.len(), &kept[0]["name"]), (1, &json!("two")));
}

/// Where nobody is at the address that a segment names for a gateway, ports may have it.
#[test]
fn without_a_gateway_all_addresses_are_for_ports() {
    let lab = Lab::new();
    for has_dhcp in [true, false] {
        let network = lab.create(&NETWORK, json!({}));
        let wanted = json!({
            "network_id": network["id"], "ip_version": 4, "cidr": "10.1.0.0/29", "gateway_ip": null, "enable_dhcp": has_dhcp,
        });
        let subnet = lab.create(&SUBNET, wanted);
        let all = json!([{ "start": "10.1.0.1", "end": "10.1.0.6" }]);
        assert_eq!((&subnet["gateway_ip"], &subnet["allocation_pools"]), (&Json::Null, &all));
        assert_eq!(subnet["enable_dhcp"], has_dhcp);
        let address = |port: &Json| port["fixed_ips"][0]["ip_address"].clone();
        let first = lab.create(&PORT, json!({ "network_id": network["id"] }));
        assert_eq!(address(&first), "10.1.0.1");
        // A gateway cannot take an address from a port, nor one out of the pools.
        let id = subnet["id"].as_str().unwrap();
        let gateway = |ip: &str, more: Json| {
            let mut change = json!({ "gateway_ip": ip });
            change.as_object_mut().unwrap().extend(attributes(more));
            lab.update(&SUBNET, &subnet, change)
        };
        let conflict = "Gateway ip 10.1.0.1 conflicts with allocation pool 10.1.0.1-10.1.0.6.".to_owned();
        let refused = ("GatewayConflictWithAllocationPools".to_owned(), conflict);
        assert_eq!(said(gateway("10.1.0.1", json!({}))), refused);
        let rest = json!({ "allocation_pools": [{ "start": "10.1.0.2", "end": "10.1.0.5" }] });
        let taken = format!("IP address 10.1.0.1 already allocated in subnet {id}");
        assert_eq!(said(gateway("10.1.0.1", rest.clone())), ("IpAddressAlreadyAllocated".to_owned(), taken));
        let after = gateway("10.1.0.6", rest.clone()).unwrap();
        assert_eq!((&after["gateway_ip"], &after["allocation_pools"]), (&json!("10.1.0.6"), &rest["allocation_pools"]));
        // Without it the pools stay as they are, and its address is free for those who name it.
        let after = lab.update(&SUBNET, &subnet, json!({ "gateway_ip": null })).unwrap();
        assert_eq!((&after["gateway_ip"], &after["allocation_pools"]), (&Json::Null, &rest["allocation_pools"]));
        let named = json!({ "network_id": network["id"], "fixed_ips": [{ "ip_address": "10.1.0.6" }] });
        assert_eq!(address(&lab.create(&PORT, named)), "10.1.0.6");
    }
}

/// What others make of a segment counts, whatever Neutron was told before.
#[test]
fn pools_follow_the_segment() {
    let lab = Lab::new();
    let network = lab.create(&NETWORK, json!({}));
    let id = network["id"].as_str().unwrap();
    let wanted = json!({ "network_id": id, "ip_version": 4, "cidr": "10.1.0.0/29", "gateway_ip": null });
    let subnet = lab.create(&SUBNET, wanted);
    let path = PolicyPath::parse(&format!("/infra/segments/{id}")).unwrap();
    let change = |body: Json| drop(lab.engine.patch(&path, body, &caller()).unwrap());
    let shown = || {
        let shown = lab.engine.neutron_object(&SUBNET, subnet["id"].as_str().unwrap(), &admin()).unwrap();
        (shown["gateway_ip"].clone(), shown["allocation_pools"].clone())
    };
    let pool = |start: &str| json!([{ "start": start, "end": "10.1.0.6" }]);
    assert_eq!(shown(), (Json::Null, pool("10.1.0.1")));
    change(json!({ "connectivity_path": "/infra/tier-1s/cgw" }));
    assert_eq!(shown(), (json!("10.1.0.1"), pool("10.1.0.2")));
    let ranges = json!(["10.1.0.3-10.1.0.6"]);
    change(json!({ "subnets": [{ "gateway_address": "10.1.0.1/29", "dhcp_ranges": ranges }] }));
    assert_eq!(shown(), (json!("10.1.0.1"), pool("10.1.0.3")));
}

/// What a segment has no field for is kept beside it.
#[test]
fn what_a_subnet_is_given_is_shown() {
    let lab = Lab::new();
    let network = lab.create(&NETWORK, json!({}));
    let pools = json!([{ "start": "10.1.0.10", "end": "10.1.0.19" }, { "start": "10.1.0.30", "end": "10.1.0.39" }]);
    let servers = json!(["10.1.0.53", "192.0.2.53"]);
    let subnet = lab.create(
        &SUBNET,
        json!({
            "network_id": network["id"], "ip_version": 4, "cidr": "10.1.0.0/24", "gateway_ip": null,
            "dns_nameservers": servers, "allocation_pools": pools, "enable_dhcp": false, "host_routes": [],
        }),
    );
    for (name, value) in [
        ("gateway_ip", &Json::Null),
        ("dns_nameservers", &servers),
        ("allocation_pools", &pools),
        ("enable_dhcp", &json!(false)),
        ("host_routes", &json!([])),
    ] {
        assert_eq!(&subnet[name], value, "{subnet}");
    }
    let port = lab.create(&PORT, json!({ "network_id": network["id"] }));
    assert_eq!(port["fixed_ips"][0]["ip_address"], "10.1.0.10");
    // What a change does not speak of stays.
    for change in [json!({ "enable_dhcp": true }), json!({ "enable_dhcp": false }), json!({ "name": "s" })] {
        let after = lab.update(&SUBNET, &subnet, change.clone()).unwrap();
        assert_eq!(
            (&after["allocation_pools"], &after["dns_nameservers"], &after["gateway_ip"]),
            (&pools, &servers, &Json::Null),
            "{change}"
        );
    }
    let change = json!({ "gateway_ip": "10.1.0.254", "dns_nameservers": [], "enable_dhcp": true });
    let after = lab.update(&SUBNET, &subnet, change).unwrap();
    assert_eq!((&after["gateway_ip"], &after["dns_nameservers"]), (&json!("10.1.0.254"), &json!([])));
    let segment = lab.segment(&format!("/infra/segments/{}", network["id"].as_str().unwrap()));
    let ranges = json!(["10.1.0.10-10.1.0.19", "10.1.0.30-10.1.0.39"]);
    assert_eq!(
        segment.get("subnets").unwrap(),
        &json!([{ "gateway_address": "10.1.0.254/24", "dhcp_ranges": ranges, "network": "10.1.0.0/24" }])
    );
    let twice = lab.update(&SUBNET, &subnet, json!({ "dns_nameservers": ["10.1.0.53", "10.1.0.53"] }));
    assert_eq!(said(twice).1, "Invalid input for dns_nameservers. Reason: Duplicate nameserver '10.1.0.53'.");
    // A gateway that is there cannot be wished away.
    let put = |path: &str, body: Json| lab.engine.put(&PolicyPath::parse(path).unwrap(), body, &caller()).unwrap();
    let routed = put("/infra/tier-1s/cgw/segments/app", json!({ "subnets": [{ "gateway_address": "10.3.0.1/24" }] }));
    let found = lab.list(&SUBNET, &admin()).unwrap();
    let of_it = found.into_iter().find(|subnet| subnet["network_id"] == routed.unique_id()).unwrap();
    let none = lab.update(&SUBNET, &Json::Object(of_it), json!({ "gateway_ip": null }));
    assert_eq!(said(none).1, "Invalid input for gateway_ip. Reason: the segment is connected to a gateway.");
}

#[test]
fn a_change_can_be_bound_to_a_revision() {
    let lab = Lab::new();
    let (network, subnet) = lab.network("10.1.0.0/24");
    let port = lab.create(&PORT, json!({ "network_id": network["id"] }));
    for (kind, of) in [(&PORT, &port), (&SUBNET, &subnet), (&NETWORK, &network)] {
        let number = |shown: &Attributes| shown["revision_number"].as_i64().unwrap();
        let now = lab.engine.neutron_object(kind, of["id"].as_str().unwrap(), &admin()).unwrap();
        let at = |revision| Target { revision: Some(revision), ..target(kind, of) };
        let named = |name: &str| attributes(json!({ "name": name }));
        let first = number(&now);
        let after = lab.engine.update_in_neutron(&at(first), &named("new"), &admin()).unwrap();
        let second = number(&after);
        assert!(second > first);
        let stale =
            ("RevisionNumberConstraintFailed", format!("Constrained to {first}, but current revision is {second}"));
        let (kind_of, text) = said(lab.engine.update_in_neutron(&at(first), &named("newer"), &admin()));
        assert_eq!((kind_of.as_str(), text), stale);
        assert_eq!(said(lab.engine.delete_in_neutron(&at(first), &admin())).1, stale.1);
        let kept = lab.engine.neutron_object(kind, of["id"].as_str().unwrap(), &admin()).unwrap();
        assert_eq!((&kept["name"], number(&kept)), (&json!("new"), second));
        lab.engine.delete_in_neutron(&at(second), &admin()).unwrap();
    }
}

/// A list is narrowed before it is read, and is the same as if it were narrowed after.
#[test]
fn a_scope_holds_what_the_whole_list_does() {
    let lab = Lab::new();
    let nets: Vec<_> = (1..4).map(|at| lab.network(&format!("10.{at}.0.0/24")).0).collect();
    let six = json!({ "network_id": nets[0]["id"], "ip_version": 6, "cidr": "2001:db8::/64" });
    lab.create(&SUBNET, six);
    for network in nets.iter().chain(&nets[..2]) {
        let port = lab.create(&PORT, json!({ "network_id": network["id"] }));
        lab.create(&TAP_SERVICE, json!({ "port_id": port["id"] }));
    }
    for (kind, count) in [(&NETWORK, 3), (&SUBNET, 4), (&PORT, 5), (&TAP_SERVICE, 5)] {
        let all = lab.list(kind, &admin()).unwrap();
        assert_eq!(all.len(), count);
        assert!(all.is_sorted_by_key(|object| object["id"].as_str().unwrap().to_owned()));
        let id = |at: usize| all[at]["id"].as_str().unwrap().to_owned();
        let scoped = |scope: Scope, most: usize| lab.listed(kind, &scope, &admin(), most).unwrap();
        assert_eq!(scoped(Scope::default(), 2), all[..2]);
        assert_eq!(scoped(Scope { after: Some(id(0)), ..Scope::default() }, 9), all[1..]);
        let back = Scope { after: Some(id(2)), is_reversed: true, ..Scope::default() };
        assert_eq!(scoped(back, 1), all[1..2]);
        let ids = Some(BTreeSet::from([id(2), id(1), DEFAULT_PROJECT.to_owned()]));
        assert_eq!(scoped(Scope { ids, ..Scope::default() }, 9), all[1..3]);
        if all[0].contains_key("network_id") {
            let networks = nets[..2].iter().map(|network| network["id"].as_str().unwrap().to_owned()).collect();
            let of = |object: &&Attributes| nets[..2].iter().any(|network| network["id"] == object["network_id"]);
            let expected: Vec<_> = all.iter().filter(of).cloned().collect();
            assert_eq!(scoped(Scope { networks: Some(networks), ..Scope::default() }, 9), expected);
        }
        assert!(lab.list(kind, &stranger()).unwrap().is_empty());
    }
}

#[test]
fn a_project_sees_its_own() {
    let lab = Lab::new();
    let (network, _) = lab.network("10.1.0.0/24");
    let id = network["id"].as_str().unwrap();
    assert_eq!(said(lab.engine.neutron_object(&NETWORK, id, &stranger())).0, "NetworkNotFound");
    let own = lab.try_create(&NETWORK, json!({}), &stranger()).unwrap();
    assert_eq!((&own["project_id"], &own["name"]), (&json!(OTHER), &json!("")));
    let port = lab.try_create(&PORT, json!({ "network_id": own["id"] }), &stranger()).unwrap();
    assert_eq!(port["tenant_id"], OTHER);
    assert_eq!(lab.list(&PORT, &stranger()).unwrap().len(), 1);
    let foreign = lab.try_create(&PORT, json!({ "network_id": id }), &stranger());
    assert_eq!(said(foreign).0, "NetworkNotFound");
    assert_eq!(lab.refused(&NETWORK, json!({ "shared": true })).0, "HTTPBadRequest");
}
