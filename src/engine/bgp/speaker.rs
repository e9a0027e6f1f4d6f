//! The speakers at both ends of a connection, with everything that their declarations
//! leave to the other end filled in.

use std::net::{IpAddr, Ipv4Addr};

use xxhash_rust::xxh3::xxh3_64;

use super::{Carrier, Families, Obstacle};
use crate::engine::topology::{Bfd, BgpInstance, FarEnd, Neighbor, Peer, SessionKind, Speaker, Topology};
use crate::model::{AddressFamily, AsNumber, PolicyPath};

/// The speaker at the far end of a neighbor's connection.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FarSpeaker<'a> {
    /// What it is.
    pub who: Who<'a>,
    /// Its AS.
    pub as_number: AsNumber,
    /// The AS it expects the gateway to be of; none: it takes any.
    pub expects: Option<AsNumber>,
    /// Its BGP identifier.
    pub router_id: Ipv4Addr,
    /// The key of the connection.
    pub password: Option<&'a str>,
    /// Seconds between its keepalives, before negotiation.
    pub keep_alive_time: u32,
    /// Its hold time in seconds, before negotiation.
    pub hold_down_time: u32,
    /// Whether it runs.
    pub runs: bool,
    /// The families of routes it exchanges.
    pub families: Families,
    /// Seconds its routes are to be kept while it restarts.
    pub restart_time: Option<u32>,
    /// BFD, if it runs.
    pub bfd: Option<Bfd>,
}

/// What a far speaker is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Who<'a> {
    /// A simulated peer's.
    Peer(&'a Peer, &'a Speaker),
    /// A gateway of this engine, which has the near one as this neighbor.
    Gateway(&'a Neighbor),
}

impl<'a> FarSpeaker<'a> {
    /// The speaker at the far end of `carrier`, whether it runs or not.
    pub fn of(neighbor: &Neighbor, carrier: &Carrier<'_>, topology: &'a Topology) -> Result<Self, Obstacle> {
        let address = neighbor.address;
        match topology.far_end(carrier.session) {
            FarEnd::Nobody => Err(Obstacle::NoResponse { address }),
            FarEnd::Peer(peer) => {
                let speaker = peer.bgp.as_ref().ok_or(Obstacle::NoSpeaker { address })?;
                let found = speaker
                    .address
                    .map_or_else(|| topology.far_tunnel_addresses(carrier.session), |address| vec![address]);
                if !found.contains(&address) {
                    return Err(Obstacle::WrongAddress { expected: address, found });
                }
                Ok(Self::at_peer(neighbor, peer, speaker))
            }
            FarEnd::Session(other) => {
                let SessionKind::RouteBased { addresses, .. } = &other.session.kind else {
                    return Err(Obstacle::NoSpeaker { address });
                };
                if !addresses.iter().any(|(own, _)| *own == address) {
                    let found = addresses.iter().map(|(own, _)| *own).collect();
                    return Err(Obstacle::WrongAddress { expected: address, found });
                }
                let gateway = other.session.gateway();
                let is_near = |it: &&Neighbor| it.gateway() == gateway && it.address == carrier.own_address;
                topology
                    .neighbors
                    .values()
                    .find(is_near)
                    .and_then(|near| Self::at_gateway(near, topology))
                    .ok_or(Obstacle::NoSpeaker { address })
            }
        }
    }

    fn at_peer(neighbor: &Neighbor, peer: &'a Peer, speaker: &'a Speaker) -> Self {
        Self {
            who: Who::Peer(peer, speaker),
            as_number: speaker.as_number.unwrap_or(neighbor.remote_as),
            expects: None,
            router_id: speaker.router_id.unwrap_or_else(|| identifier(neighbor.address, peer.address)),
            password: speaker.password.as_deref(),
            keep_alive_time: speaker.keep_alive_time,
            hold_down_time: speaker.hold_down_time,
            runs: speaker.running,
            families: Families { v4: true, v6: true },
            restart_time: speaker.restart_time,
            bfd: speaker.bfd,
        }
    }

    fn at_gateway(near: &'a Neighbor, topology: &'a Topology) -> Option<Self> {
        let instance = instance(topology, near)?;
        Some(Self {
            who: Who::Gateway(near),
            as_number: shown_as(near, instance)?,
            expects: Some(near.remote_as),
            router_id: router_id(topology, &near.gateway()),
            password: near.password.as_deref(),
            keep_alive_time: near.keep_alive_time,
            hold_down_time: near.hold_down_time,
            runs: near.enabled && instance.enabled,
            families: families(near),
            // A gateway of this engine does not crash: it says goodbye.
            restart_time: None,
            bfd: near.bfd,
        })
    }
}

/// The BGP instance of a neighbor.
pub(super) fn instance<'a>(topology: &'a Topology, neighbor: &Neighbor) -> Option<&'a BgpInstance> {
    topology.bgp.get(&PolicyPath::parse(&neighbor.instance()).ok()?)
}

/// The AS number that the gateway shows `neighbor`.
pub(super) fn shown_as(neighbor: &Neighbor, instance: &BgpInstance) -> Option<AsNumber> {
    instance.local_as.map(|own| neighbor.local_as.map_or(own, |(shown, _)| shown))
}

/// The families of routes that `neighbor` exchanges. Routes of Ethernet VPNs are never
/// exchanged: there are none here.
pub(super) fn families(neighbor: &Neighbor) -> Families {
    let exchanged = |family| neighbor.filtering(family).is_some_and(|filtering| filtering.enabled);
    Families { v4: exchanged(AddressFamily::Ipv4), v6: exchanged(AddressFamily::Ipv6) }
}

/// The BGP identifier of a gateway: the highest IPv4 address of its local endpoints.
///
/// FRR takes the highest address of a loopback interface, and NSX has its local
/// endpoints on such interfaces. A gateway without one is told apart by its path.
pub(super) fn router_id(topology: &Topology, gateway: &str) -> Ipv4Addr {
    let below = |path: &PolicyPath| path.as_str().strip_prefix(gateway).is_some_and(|rest| rest.starts_with('/'));
    let addresses =
        topology.endpoints.iter().filter(|(path, _)| below(path)).filter_map(|(_, endpoint)| match endpoint.address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
    addresses.max().unwrap_or_else(|| hashed(gateway.as_bytes()))
}

/// The BGP identifier of a peer that names none: its IPv4 address in the tunnel, or
/// else the one it is reached at. One that has neither is told apart by a hash of its
/// address (RFC 6286 wants no more than that identifiers differ within an AS).
fn identifier(in_tunnel: IpAddr, outside: IpAddr) -> Ipv4Addr {
    match (in_tunnel, outside) {
        (IpAddr::V4(address), _) | (IpAddr::V6(_), IpAddr::V4(address)) => address,
        (IpAddr::V6(address), IpAddr::V6(_)) => hashed(&address.octets()),
    }
}

/// An identifier other than 0.0.0.0 out of anything.
fn hashed(bytes: &[u8]) -> Ipv4Addr {
    let [a, b, c, d, ..] = xxh3_64(bytes).to_be_bytes();
    Ipv4Addr::new(a | 1, b, c, d)
}
