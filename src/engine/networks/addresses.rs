//! Pools of addresses, and which addresses of them are free.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{NetworkFault, tags};
use crate::engine::Object;
use crate::model::Network;
use crate::model::network::interface_address;

/// Addresses from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pool {
    first: IpAddr,
    last: IpAddr,
}

/// A subnet of a segment.
#[derive(Clone, Debug)]
pub(super) struct Subnet {
    /// Its place among those of the segment.
    pub position: usize,
    /// Its UUID.
    pub id: String,
    /// The address that the segment names for a gateway, whether one is there or not.
    pub address: IpAddr,
    /// Whether there is a gateway, or may be one.
    pub has_gateway: bool,
    /// The network.
    pub network: Network,
    /// Whether DHCP gives out the addresses of the pools.
    pub has_dhcp: bool,
    /// The addresses that ports are given.
    pub pools: Vec<Pool>,
    /// The name servers.
    pub name_servers: Vec<String>,
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address that lies `offset` after `address`, of the same version.
fn after(address: IpAddr, offset: i8) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            address.to_bits().checked_add_signed(i32::from(offset)).map(|bits| Ipv4Addr::from_bits(bits).into())
        }
        IpAddr::V6(address) => {
            address.to_bits().checked_add_signed(i128::from(offset)).map(|bits| Ipv6Addr::from_bits(bits).into())
        }
    }
}

impl Pool {
    /// The pool that a request names, in `network`.
    pub fn of_request(pool: &Json, network: Network) -> Result<Self, NetworkFault> {
        let address = |name: &str| pool[name].as_str().and_then(|text| text.parse::<IpAddr>().ok());
        let said = || format!("{}-{}", pool["start"].as_str().unwrap_or("?"), pool["end"].as_str().unwrap_or("?"));
        let (Some(first), Some(last)) = (address("start"), address("end")) else {
            return Err(NetworkFault::InvalidAllocationPool(said()));
        };
        if first.is_ipv4() != last.is_ipv4() || first > last {
            return Err(NetworkFault::InvalidAllocationPool(said()));
        }
        if !network.holds(first) || !network.holds(last) {
            return Err(NetworkFault::OutOfBoundsAllocationPool { pool: said(), cidr: network.to_string() });
        }
        Ok(Self { first, last })
    }

    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(Self { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? })
    }

    /// Whether `address` is in it.
    pub fn holds(self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && self.first <= address && address <= self.last
    }

    /// As Neutron writes it.
    pub fn to_json(self) -> Json {
        json!({ "start": self.first.to_string(), "end": self.last.to_string() })
    }
}

/// As the policy API writes it.
impl std::fmt::Display for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// Whether a gateway is there, and has the addresses that the segment names for it.
pub(super) fn is_connected(segment: &Object) -> bool {
    segment.path().is_of_tier1() || segment.get("connectivity_path").is_some_and(|path| !path.is_null())
}

/// The UUIDs of the subnets of a segment; a port has none.
pub(in crate::engine) fn subnet_ids(segment: &Object) -> Vec<String> {
    subnets(segment).into_iter().map(|subnet| subnet.id).collect()
}

/// The subnets of a segment.
pub(super) fn subnets(segment: &Object) -> Vec<Subnet> {
    let within = Uuid::parse_str(segment.unique_id()).unwrap_or_default();
    let items = segment.get("subnets").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let subnet = |(position, item): (usize, &Json)| {
        let (gateway, network) = interface_address(item["gateway_address"].as_str()?).ok()?;
        let id = Uuid::new_v5(&within, network.to_string().as_bytes()).to_string();
        let ranges = item["dhcp_ranges"].as_array().map(Vec::as_slice).unwrap_or_default();
        let tagged = |scope| tags::tag(segment.fields(), &format!("{scope}/{network}")).unwrap_or_default();
        let several = |scope| tagged(scope).split(',').filter(|text| !text.is_empty());
        let has_gateway = is_connected(segment) || tagged(tags::SUBNET_NO_GATEWAY).is_empty();
        let ranges: Vec<_> = ranges.iter().filter_map(|range| Pool::parse(range.as_str()?)).collect();
        let kept: Vec<_> = several(tags::SUBNET_POOLS).filter_map(Pool::parse).collect();
        // What others have made of the ranges since counts.
        let kept_holds = !kept.is_empty() && (ranges.is_empty() || without(&kept, gateway) == ranges);
        let has_dhcp = !ranges.is_empty();
        let pools = match (kept_holds, has_dhcp) {
            (true, _) => kept,
            (false, true) => ranges,
            (false, false) => all_but(network, None),
        };
        let pools = if has_gateway { without(&pools, gateway) } else { pools };
        let name_servers = several(tags::SUBNET_NAME_SERVERS).map(str::to_owned).collect();
        Some(Subnet { position, id, address: gateway, has_gateway, network, has_dhcp, pools, name_servers })
    };
    items.iter().enumerate().filter_map(subnet).collect()
}

/// The addresses of the hosts of a network: without its own and the broadcast address.
fn hosts(network: Network) -> (IpAddr, IpAddr) {
    let (first, last) = (network.first(), network.last());
    let is_small = network.length() + 1 >= network.longest();
    if is_small {
        return (first, last);
    }
    let before_last = if network.is_v6() { Some(last) } else { after(last, -1) };
    (after(first, 1).unwrap_or(first), before_last.unwrap_or(last))
}

/// The gateway that a subnet has where none is named: its first host.
pub(super) fn first_host(network: Network) -> IpAddr {
    hosts(network).0
}

/// The pools of a subnet for which none is named: all hosts but the gateway, if there is one.
pub(super) fn all_but(network: Network, gateway: Option<IpAddr>) -> Vec<Pool> {
    let (first, last) = hosts(network);
    let all = [Pool { first, last }];
    gateway.map_or_else(|| all.to_vec(), |gateway| without(&all, gateway))
}

/// The pools, and `address` in none of them.
pub(super) fn without(pools: &[Pool], address: IpAddr) -> Vec<Pool> {
    let mut rest = Vec::with_capacity(pools.len() + 1);
    for pool in pools {
        if !pool.holds(address) {
            rest.push(*pool);
            continue;
        }
        let before = after(address, -1).filter(|_| pool.first < address);
        let behind = after(address, 1).filter(|_| address < pool.last);
        rest.extend(before.map(|last| Pool { last, ..*pool }));
        rest.extend(behind.map(|first| Pool { first, ..*pool }));
    }
    rest
}

/// Pools do not overlap, and none holds the address of the gateway, if there is one.
pub(super) fn stand_together(pools: &[Pool], gateway: Option<IpAddr>, network: Network) -> Result<(), NetworkFault> {
    for (position, pool) in pools.iter().enumerate() {
        let earlier = &pools[..position];
        if let Some(other) = earlier.iter().find(|other| pool.holds(other.first) || other.holds(pool.first)) {
            let (one, other, cidr) = (other.to_string(), pool.to_string(), network.to_string());
            return Err(NetworkFault::OverlappingAllocationPools { one, other, cidr });
        }
        if let Some(gateway) = gateway.filter(|gateway| pool.holds(*gateway)) {
            let pool = pool.to_string();
            return Err(NetworkFault::GatewayConflictWithAllocationPools { gateway, pool });
        }
    }
    Ok(())
}

impl Subnet {
    /// The gateway, if one is there.
    pub fn gateway(&self) -> Option<IpAddr> {
        self.has_gateway.then_some(self.address)
    }

    /// The first address of the pools that is not among `used`.
    pub fn free(&self, used: &BTreeSet<IpAddr>) -> Option<IpAddr> {
        self.pools.iter().find_map(|pool| {
            let mut address = pool.first;
            loop {
                if !used.contains(&address) && self.gateway() != Some(address) {
                    return Some(address);
                }
                if bits(address) >= bits(pool.last) {
                    return None;
                }
                address = after(address, 1)?;
            }
        })
    }

    /// That `address` is one of a host.
    pub fn has_host(&self, address: IpAddr) -> bool {
        let (first, last) = hosts(self.network);
        self.network.holds(address) && first <= address && address <= last
    }
}
