//! BGP in declared worlds, with a set clock.

mod best_path;
mod documents;
mod life;
mod obstacles;
mod oracle;
mod properties;
mod routes;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;
use crate::engine::Moment;
use crate::engine::esp;
use crate::engine::negotiation::{DownReason, EspSa, IkeState, SessionState, Tunnel, TunnelState};
use crate::engine::system::{compute_gateway, locale_service_of_vmc};
use crate::engine::topology::{Neighbor, Topology};
use crate::model::{
    self, BGP_CONFIG, BGP_NEIGHBOR, EspEncryption, Kind, LOCAL_ENDPOINT, LOCALE_SERVICE, Network, PREFIX_LIST,
    PolicyPath, ROUTE_BASED_SESSION, SEGMENT, SIMULATED_PEER, TIER_1, Tree, system,
};

const GATEWAY: &str = system::TIER_0;

/// What is declared, and how the sessions are.
#[derive(Clone, Default)]
struct World {
    documents: BTreeMap<PolicyPath, (Option<&'static Kind>, Json)>,
    topology: Topology,
    sessions: BTreeMap<PolicyPath, SessionState>,
}

impl World {
    /// The gateway of AS 65000, which is 203.0.113.66, and nothing else.
    fn empty() -> Self {
        let mut world = Self::default();
        world.put(&BGP_CONFIG, system::BGP, json!({ "local_as_num": "65000" }));
        world.put(&LOCALE_SERVICE, system::LOCALE_SERVICE, locale_service_of_vmc());
        world.put(&TIER_1, system::COMPUTE_GATEWAY, compute_gateway());
        world.put(&LOCAL_ENDPOINT, &endpoint("a"), json!({ "local_address": "203.0.113.66" }));
        world
    }

    /// With a peer of AS 65001 that is 5 ms away, 169.254.10.2 in the tunnel, and the
    /// neighbor that expects it. The tunnel is down.
    fn with_office() -> Self {
        let mut world = Self::empty();
        world.put_session("office", "169.254.10.1", "198.51.100.1");
        world.put_peer("office", "198.51.100.1", json!({}), json!({ "as_number": "65001" }));
        world.put_neighbor("office", "169.254.10.2", "65001", json!({}));
        world
    }

    /// With a second peer, of AS 65002, 169.254.20.2 in its tunnel.
    fn with_branch() -> Self {
        let mut world = Self::with_office();
        world.put_session("branch", "169.254.20.1", "198.51.100.2");
        world.put_peer("branch", "198.51.100.2", json!({}), json!({ "as_number": "65002" }));
        world.put_neighbor("branch", "169.254.20.2", "65002", json!({}));
        world
    }

    fn put(&mut self, kind: &'static Kind, at: &str, document: Json) {
        let at = path(at);
        let parent = kind.parent(&at).map(|parent| parent.current_address());
        let reading = model::read(kind, &Tree::from(&document), parent.as_deref());
        assert!(reading.is_accepted(), "{at}: {:?}", reading.problems);
        self.topology.put(kind, &at, &reading.tree);
        self.documents.insert(at, (Some(kind), document));
    }

    /// Changes fields of a document; null takes one away.
    fn patch(&mut self, at: &str, changes: Json) {
        let (kind, mut document) = self.documents[&path(at)].clone();
        merge(&mut document, changes);
        self.put(kind.unwrap(), at, document);
    }

    fn remove(&mut self, at: &str) {
        self.topology.remove(&path(at));
        self.documents.remove(&path(at));
    }

    fn put_session(&mut self, id: &str, own: &str, peer: &str) {
        let document = json!({
            "local_endpoint_path": endpoint("a"), "peer_address": peer, "peer_id": peer, "psk": "k",
            "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": [own], "prefix_length": 30 }] }],
        });
        self.put(&ROUTE_BASED_SESSION, &session(id), document);
        self.sessions.insert(path(&session(id)), down(DownReason::NoResponse));
    }

    fn put_peer(&mut self, id: &str, address: &str, more: Json, speaker: Json) {
        let mut document = json!({ "address": address, "psk": "k" });
        document["bgp"] = speaker;
        merge(&mut document, more);
        self.put(&SIMULATED_PEER, &peer(id), document);
    }

    fn put_neighbor(&mut self, id: &str, address: &str, remote_as: &str, more: Json) {
        let mut document = json!({ "neighbor_address": address, "remote_as_num": remote_as });
        merge(&mut document, more);
        self.put(&BGP_NEIGHBOR, &neighbor(id), document);
    }

    fn put_list(&mut self, id: &str, prefixes: &Json) {
        self.put(&PREFIX_LIST, &list(id), json!({ "prefixes": prefixes }));
    }

    fn put_segment(&mut self, id: &str, gateway_address: &str) {
        let document = json!({ "subnets": [{ "gateway_address": gateway_address }] });
        self.put(&SEGMENT, &format!("{}/segments/{id}", system::COMPUTE_GATEWAY), document);
    }

    fn bring_up(&mut self, id: &str, since: i64) {
        self.sessions.insert(path(&session(id)), up(since));
    }

    fn bring_down(&mut self, id: &str) {
        self.sessions.insert(path(&session(id)), down(DownReason::PeerDead));
    }

    fn around(&self) -> Surroundings<'_> {
        Surroundings { topology: &self.topology, sessions: &self.sessions }
    }

    fn neighbor(&self, id: &str) -> &Neighbor {
        &self.topology.neighbors[&path(&neighbor(id))]
    }

    /// All neighbors a minute after all tunnels have come up at 0.
    fn settled(&mut self) -> BTreeMap<PolicyPath, NeighborState> {
        for state in self.sessions.values_mut() {
            *state = up(0);
        }
        let state = |it: &Neighbor| {
            NeighborRecord::begin(it, &self.around(), Moment(0)).state(it, &self.around(), Moment(60_000))
        };
        self.topology.neighbors.iter().map(|(at, it)| (at.clone(), state(it))).collect()
    }

    fn ribs(&mut self) -> Ribs {
        let states = self.settled();
        ribs(&self.topology, &states, &self.sessions)
    }
}

fn merge(document: &mut Json, changes: Json) {
    match (document, changes) {
        (Json::Object(document), Json::Object(changes)) => {
            for (field, value) in changes {
                if value.is_null() {
                    document.remove(&field);
                } else {
                    merge(document.entry(field).or_insert(Json::Null), value);
                }
            }
        }
        (document, changes) => *document = changes,
    }
}

fn path(text: &str) -> PolicyPath {
    PolicyPath::parse(text).unwrap()
}

fn network(text: &str) -> Network {
    text.parse().unwrap()
}

fn endpoint(id: &str) -> String {
    format!("{}/local-endpoints/{id}", system::VPN_SERVICE)
}

fn session(id: &str) -> String {
    format!("{}/sessions/{id}", system::VPN_SERVICE)
}

fn neighbor(id: &str) -> String {
    format!("{}/neighbors/{id}", system::BGP)
}

fn list(id: &str) -> String {
    format!("{GATEWAY}/prefix-lists/{id}")
}

fn peer(id: &str) -> String {
    format!("/infra/simulated-peers/{id}")
}

/// A session whose tunnel is up.
fn up(since: i64) -> SessionState {
    let proposal = esp::Proposal::of(EspEncryption::AesGcm128, None).unwrap();
    let sa = EspSa { proposal, nat_traversal: false, group: None };
    SessionState {
        ike: IkeState::Up { since: Moment(since) },
        tunnels: vec![tunnel(TunnelState::Up { since: Moment(since), sa })],
    }
}

/// A session that is down.
fn down(reason: DownReason) -> SessionState {
    SessionState {
        ike: IkeState::Down { since: Moment(0), reason },
        tunnels: vec![tunnel(TunnelState::Down { reason: DownReason::IkeDown })],
    }
}

fn tunnel(state: TunnelState) -> Tunnel {
    Tunnel { local: network("0.0.0.0/0"), remote: network("0.0.0.0/0"), rule: None, state }
}

/// A neighbor of a world, lived through.
struct Life {
    world: World,
    id: &'static str,
    record: NeighborRecord,
    now: Moment,
}

impl Life {
    fn begin(world: World, id: &'static str) -> Self {
        let record = NeighborRecord::begin(world.neighbor(id), &world.around(), Moment(0));
        Self { world, id, record, now: Moment(0) }
    }

    /// The office, whose tunnel has come up at 0: established at 20.
    fn office() -> Self {
        let mut world = World::with_office();
        world.bring_up("office", 0);
        Self::begin(world, "office")
    }

    /// Goes on to `to`, which changes the world.
    fn at(&mut self, to: i64, change: impl FnOnce(&mut World)) -> &mut Self {
        self.now = Moment(to);
        self.record.advance(self.world.neighbor(self.id), &self.world.around(), self.now);
        change(&mut self.world);
        self.record.changed(self.world.neighbor(self.id), &self.world.around(), self.now);
        self
    }

    fn state(&self, now: i64) -> NeighborState {
        assert!(now >= self.now.0);
        self.record.state(self.world.neighbor(self.id), &self.world.around(), Moment(now))
    }

    fn connection(&self, now: i64) -> ConnectionState {
        self.state(now).connection
    }

    fn last_reset(&self, now: i64) -> Option<(i64, Reset)> {
        self.state(now).last_reset.map(|reset| (reset.at.0, reset.why))
    }
}
