//! Neighbors and routes as the API shows them (seed 002, "BGP Status for Route-based
//! VPNs", and nsx-policy.md B).

use std::fmt::Write;
use std::net::IpAddr;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::learn::Learned;
use super::{Advertised, Exchange, NeighborState};
use crate::engine::Moment;
use crate::engine::topology::Neighbor;
use crate::model::{AddressFamily, AsNumber, Network};

/// Where the declarations take effect: VMware Cloud on AWS has one such place.
pub const ENFORCEMENT_POINT: &str = "/infra/sites/default/enforcement-points/vmc-enforcementpoint";

/// The namespace of the identifiers that the API shows and nobody declares.
const IDENTIFIERS: Uuid = Uuid::from_u128(0x6f2f_3e0c_5d1b_4b8e_9a57_31c0_8d42_f6a9);

/// The first line of routes as CSV.
const CSV_HEADER: &str = "logical_router_id,neighbor_id,neighbor_address,transport_node_id,source_address,network,\
                          next_hop,local_pref,weight,med,as_path";

/// The routes of one neighbor in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the gateway learned: what passed its filters.
    Learned,
    /// What the gateway advertises: what passed its filters.
    Advertised,
}

/// The status of `neighbor` at `now`. Times are in seconds, as in seed 002; the API's own
/// text says milliseconds.
pub fn status(neighbor: &Neighbor, state: &NeighborState, exchange: Option<&Exchange>, now: Moment) -> Json {
    let exchange = exchange.filter(|_| state.is_established());
    let families: Vec<_> = families(neighbor)
        .map(|(name, v6)| {
            let (learned, advertised) = exchange.map_or((0, 0), |exchange| {
                let learned = exchange.accepted().filter(|it| it.network.is_v6() == v6).count();
                let advertised = exchange.sent().filter(|it| it.network.is_v6() == v6).count();
                (learned, advertised)
            });
            (name, learned, advertised)
        })
        .collect();
    let established = state.established_since.map_or(0, |since| (now.0 - since.0).max(0) / 1_000);
    json!({
        "source_address": state.source_address.map(|address| address.to_string()),
        "local_port": state.local_port,
        "neighbor_address": neighbor.address.to_string(),
        "remote_port": state.remote_port,
        "remote_as_number": neighbor.remote_as.to_string(),
        "connection_state": state.connection.word(),
        "messages_received": state.messages_received,
        "messages_sent": state.messages_sent,
        "time_since_established": established,
        "total_in_prefix_count": families.iter().map(|(_, learned, _)| learned).sum::<usize>(),
        "total_out_prefix_count": families.iter().map(|(_, _, advertised)| advertised).sum::<usize>(),
        "address_families": families
            .iter()
            .map(|(name, learned, advertised)| {
                json!({ "type": name, "in_prefix_count": learned, "out_prefix_count": advertised })
            })
            .collect::<Vec<_>>(),
        "connection_drop_count": state.connection_drop_count,
        "established_connection_count": state.established_connection_count,
        "hold_time": state.hold_time,
        "keep_alive_interval": state.keep_alive_interval,
        "graceful_restart_mode": state.graceful_restart.word(),
        "announced_capabilities": state.announced_capabilities,
        "negotiated_capability": state.negotiated_capability,
        "neighbor_router_id": state.neighbor_router_id.to_string(),
        "tier0_path": neighbor.gateway(),
        "last_update_timestamp": now.0,
    })
}

/// The families of routes that are enabled, by the API's names; whether of IPv6.
fn families(neighbor: &Neighbor) -> impl Iterator<Item = (&'static str, bool)> {
    let enabled = super::speaker::families(neighbor);
    let all = [(AddressFamily::Ipv4, enabled.v4), (AddressFamily::Ipv6, enabled.v6)];
    all.into_iter().filter(|(_, enabled)| *enabled).map(|(family, _)| match family {
        AddressFamily::Ipv6 => ("IPV6_UNICAST", true),
        AddressFamily::Ipv4 | AddressFamily::L2vpnEvpn => ("IPV4_UNICAST", false),
    })
}

/// The routes that `neighbor` exchanges, as JSON. The name of the list of edge nodes is
/// misspelt up to NSX 4.1 and on VMware Cloud on AWS; both names are there.
pub fn routes(neighbor: &Neighbor, state: &NeighborState, exchange: Option<&Exchange>, direction: Direction) -> Json {
    let routes: Vec<_> = rows(state, exchange, direction)
        .map(|row| {
            json!({
                "network": row.network.to_string(),
                "next_hop": row.next_hop.to_string(),
                "local_pref": row.local_preference,
                "weight": row.weight,
                "med": row.med,
                "as_path": spelled(row.as_path),
            })
        })
        .collect();
    let nodes = json!([{
        "transport_node_id": edge_id(&neighbor.gateway()),
        "source_address": state.source_address.map(|address| address.to_string()),
        "routes": routes,
    }]);
    json!({
        "results": [{
            "neighbor_path": neighbor.path.as_str(),
            "enforcement_point_path": ENFORCEMENT_POINT,
            "egde_node_routes": nodes.clone(),
            "edge_node_routes": nodes,
        }],
        "result_count": 1,
    })
}

/// The routes that `neighbor` exchanges, as CSV: one line each, texts in quotes.
pub fn routes_csv(
    neighbor: &Neighbor,
    state: &NeighborState,
    exchange: Option<&Exchange>,
    direction: Direction,
) -> String {
    let source = state.source_address.map_or_else(String::new, |address| address.to_string());
    let fixed = format!(
        "\"{}\",\"{}\",\"{}\",\"{}\",\"{source}\"",
        identifier(&neighbor.gateway()),
        identifier(neighbor.path.as_str()),
        neighbor.address,
        edge_id(&neighbor.gateway()),
    );
    let mut csv = format!("{CSV_HEADER}\n");
    for row in rows(state, exchange, direction) {
        let Row { network, next_hop, local_preference, weight, med, as_path } = row;
        // Writing to a text does not fail.
        let _ = writeln!(
            csv,
            "{fixed},\"{network}\",\"{next_hop}\",{local_preference},{weight},{med},\"{}\"",
            spelled(as_path)
        );
    }
    csv
}

/// A route as the API shows it.
struct Row<'a> {
    network: Network,
    next_hop: IpAddr,
    local_preference: u32,
    weight: u32,
    med: u32,
    as_path: &'a [AsNumber],
}

impl<'a> Row<'a> {
    fn learned(learned: &'a Learned) -> Self {
        let path = &learned.path;
        Self {
            network: learned.network,
            next_hop: path.next_hop,
            local_preference: path.local_preference,
            weight: path.weight,
            med: path.med,
            as_path: &path.as_path,
        }
    }

    fn advertised(route: &'a Advertised) -> Self {
        Self {
            network: route.network,
            next_hop: route.next_hop,
            local_preference: route.local_preference,
            weight: route.weight,
            med: route.med,
            as_path: &route.as_path,
        }
    }
}

/// What a neighbor that restarts taught is still there; to one that is not established
/// nothing is advertised.
fn rows<'a>(
    state: &NeighborState,
    exchange: Option<&'a Exchange>,
    direction: Direction,
) -> impl Iterator<Item = Row<'a>> {
    let learned = exchange.filter(|_| direction == Direction::Learned);
    let advertised = exchange.filter(|_| direction == Direction::Advertised && state.is_established());
    let learned = learned.into_iter().flat_map(|exchange| exchange.accepted().map(Row::learned));
    learned.chain(advertised.into_iter().flat_map(|exchange| exchange.sent().map(Row::advertised)))
}

/// `65001 65002`
fn spelled(as_path: &[AsNumber]) -> String {
    let numbers: Vec<_> = as_path.iter().map(ToString::to_string).collect();
    numbers.join(" ")
}

/// The id of the edge node that the gateway at `gateway` runs on: one for each gateway.
pub fn edge_id(gateway: &str) -> String {
    identifier(&format!("{gateway}/edge"))
}

fn identifier(of: &str) -> String {
    Uuid::new_v5(&IDENTIFIERS, of.as_bytes()).to_string()
}
