//! Worlds to forward packets in: objects as JSON documents, read as the API reads
//! them, and what is the case there.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::super::{Forwarding, Inputs};
use crate::engine::bgp::{BgpPath, KeptOut, Rib, Unused};
use crate::engine::esp::Proposal;
use crate::engine::negotiation::{DownReason, EspSa, IkeState, SessionState, Tunnel, TunnelState};
use crate::engine::topology::{Session, SessionKind, Topology};
use crate::engine::{Moment, system};
use crate::model::kind::kinds_at;
use crate::model::{Digest, EspEncryption, Network, PolicyPath, RouteOrigin, Tree, read};

const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
const BGP: &str = "/infra/tier-0s/vmc/locale-services/default/bgp";

/// What neighbors have and gateways do not use, and the other way around.
#[derive(Clone, Debug, Default)]
pub struct Kept(BTreeMap<PolicyPath, [Vec<(Network, KeptOut)>; 2]>);

impl Kept {
    fn longest(&self, direction: usize, neighbor: &PolicyPath, destination: IpAddr) -> Option<(Network, KeptOut)> {
        let routes = self.0.get(neighbor)?[direction].iter().filter(|(network, _)| network.holds(destination));
        routes.max_by_key(|(network, _)| network.length()).cloned()
    }
}

impl Unused for Kept {
    fn not_learned(&self, neighbor: &PolicyPath, destination: IpAddr) -> Option<(Network, KeptOut)> {
        self.longest(0, neighbor, destination)
    }

    fn not_taught(&self, neighbor: &PolicyPath, destination: IpAddr) -> Option<(Network, KeptOut)> {
        self.longest(1, neighbor, destination)
    }
}

/// When packets are looked at: what is declared has been set up by then.
const NOW: Moment = Moment(60_000);

/// A world.
#[derive(Default)]
pub struct World {
    pub topology: Topology,
    pub sessions: BTreeMap<PolicyPath, SessionState>,
    pub ribs: BTreeMap<String, Arc<Rib>>,
    pub peers: BTreeMap<PolicyPath, Vec<(Network, PolicyPath)>>,
    pub neighbors_down: BTreeMap<PolicyPath, String>,
    pub unused: Kept,
}

pub fn path(text: &str) -> PolicyPath {
    PolicyPath::parse(&text.replace("$service", SERVICE).replace("$bgp", BGP)).unwrap()
}

fn session(id: &str) -> PolicyPath {
    path(&if id.starts_with('/') { id.to_owned() } else { format!("{SERVICE}/sessions/{id}") })
}

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap_or_default()
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text"))
}

/// What exists from the start, as far as it matters here.
fn from_the_start() -> Json {
    json!({
        "/infra/tier-0s/vmc": {},
        "/infra/tier-1s/cgw": system::compute_gateway(),
        SERVICE: {},
        BGP: { "local_as_num": "65000" },
        format!("{SERVICE}/local-endpoints/Public-IP1"): { "local_address": "203.0.113.66" },
        "/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile": {},
        "/infra/ipsec-vpn-tunnel-profiles/nsx-default-l3vpn-tunnel-profile": {},
        "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile": {},
    })
}

impl World {
    /// The world that a JSON document describes.
    pub fn read(document: &str) -> Self {
        let world: Json = serde_json::from_str(document).unwrap();
        let mut this = Self::default();
        for (at, body) in object(&from_the_start()).into_iter().chain(object(&world["objects"])) {
            this.put(&at, &body);
        }
        this.all_up();
        for (id, now) in object(&world["states"]) {
            this.set_state(&session(&id), &now);
        }
        for (tier0, rib) in object(&world["ribs"]) {
            let rib = Rib {
                routes: object(&rib["routes"])
                    .into_iter()
                    .map(|(network, paths)| {
                        (
                            network.parse().unwrap(),
                            paths.as_array().unwrap().iter().map(bgp_path).map(Arc::new).collect(),
                        )
                    })
                    .collect(),
                discards: rib["discards"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|it| text(it).parse().unwrap())
                    .collect(),
            };
            this.ribs.insert(tier0, rib.into());
        }
        for (id, learned) in object(&world["learned"]) {
            let route = |(network, by): (String, Json)| {
                let by = by.as_array().unwrap().iter().map(|it| session(text(it))).collect::<Vec<_>>();
                by.into_iter().map(move |by| (network.parse().unwrap(), by))
            };
            let routes = object(&learned).into_iter().flat_map(route).collect();
            this.peers.insert(path(&format!("/infra/simulated-peers/{id}")), routes);
        }
        for (id, wrong) in object(&world["neighbors_down"]) {
            this.neighbors_down.insert(path(&format!("{BGP}/neighbors/{id}")), text(&wrong).to_owned());
        }
        for (id, directions) in object(&world["filtered"]) {
            let kept = |(network, list): (String, Json)| {
                let list = path(&format!("/infra/tier-0s/vmc/prefix-lists/{}", text(&list)));
                (network.parse().unwrap(), KeptOut::List(list))
            };
            let routes = |direction: &str| object(&directions[direction]).into_iter().map(kept).collect();
            this.unused.0.insert(path(&format!("{BGP}/neighbors/{id}")), [routes("learned"), routes("advertised")]);
        }
        this
    }

    /// Declares an object.
    pub fn put(&mut self, at: &str, body: &Json) {
        let at = path(at);
        let is_route_based = body.get("tunnel_interfaces").is_some();
        let mut kinds = kinds_at(&at).filter(|kind| match kind.name {
            "route_based_session" => is_route_based,
            "policy_based_session" => !is_route_based,
            _ => true,
        });
        let kind = kinds.next().unwrap_or_else(|| panic!("{at} is of no kind"));
        let resolved: Json = serde_json::from_str(&body.to_string().replace("$service", SERVICE)).unwrap();
        let body = if kind.name.ends_with("_session") { with_the_usual(resolved) } else { resolved };
        let parent = kind.parent(&at).map(|parent| parent.current_address());
        let reading = read(kind, &Tree::from(&body), parent.as_deref());
        assert!(reading.is_accepted(), "{at}: {:?}", reading.problems);
        let mut tree = reading.tree;
        if let (Tree::Object(fields), Some(uuid)) = (&mut tree, body.get("unique_id")) {
            fields.insert("unique_id".to_owned(), Tree::from(uuid));
        }
        self.topology.put(kind, &at, &tree);
        assert!(self.topology.unknown.is_empty(), "{:?}", self.topology.unknown);
    }

    /// Every session is up, with the tunnels it asks for.
    pub fn all_up(&mut self) {
        let up = |(path, session): (&PolicyPath, &Session)| (path.clone(), up(session));
        self.sessions = self.topology.sessions.iter().map(up).collect();
    }

    fn set_state(&mut self, session: &PolicyPath, now: &Json) {
        let state = self.sessions.get_mut(session).unwrap_or_else(|| panic!("no {session}"));
        let reason = |json: &Json| serde_json::from_value::<DownReason>(json.clone()).unwrap();
        if now["gone"] == true {
            self.sessions.remove(session);
            return;
        }
        if now["negotiating"] == true {
            state.ike = IkeState::Negotiating { since: Moment(0) };
        }
        if !now["down"].is_null() {
            state.ike = IkeState::Down { since: Moment(0), reason: reason(&now["down"]) };
        }
        for tunnel in &mut state.tunnels {
            if let TunnelState::Up { sa, .. } = &mut tunnel.state {
                sa.nat_traversal = now["nat"] == true;
                if let Some(words) = now["proposal"].as_array() {
                    let digest = words.get(1).map(|word| Digest::parse(text(word)).unwrap());
                    sa.proposal = Proposal::of(EspEncryption::parse(text(&words[0])).unwrap(), digest).unwrap();
                }
            }
            let wrong = &now["tunnels_down"][tunnel.rule.as_deref().unwrap_or("-")];
            if !wrong.is_null() {
                tunnel.state = TunnelState::Down { reason: reason(wrong) };
            }
        }
        if let Some(pair) = now["narrowed"].as_array() {
            state.tunnels[0].local = text(&pair[0]).parse().unwrap();
            state.tunnels[0].remote = text(&pair[1]).parse().unwrap();
        }
    }

    /// The tables of this world.
    pub fn forwarding(&self) -> Forwarding {
        Forwarding::of(&Inputs {
            now: NOW,
            topology: &self.topology,
            sessions: &self.sessions,
            ribs: &self.ribs,
            peers: &self.peers,
            neighbors_down: &self.neighbors_down,
            unused: &(Arc::new(self.unused.clone()) as Arc<dyn Unused>),
        })
    }
}

/// `[neighbor, session, next hop]`
fn bgp_path(json: &Json) -> BgpPath {
    BgpPath {
        neighbor: path(&format!("{BGP}/neighbors/{}", text(&json[0]))),
        session: session(text(&json[1])),
        next_hop: text(&json[2]).parse().unwrap(),
        as_path: [].into(),
        origin: RouteOrigin::Igp,
        med: 0,
        local_preference: 100,
        weight: 0,
        is_internal: false,
        is_stale: false,
    }
}

/// What every session needs and no test looks at.
fn with_the_usual(mut body: Json) -> Json {
    let fields = body.as_object_mut().unwrap();
    let mut usual = |field: &str, value: Json| _ = fields.entry(field).or_insert(value);
    usual("local_endpoint_path", json!(format!("{SERVICE}/local-endpoints/Public-IP1")));
    usual("peer_id", json!("peer"));
    usual("psk", json!("key"));
    body
}

/// The state of a session that is up.
fn up(session: &Session) -> SessionState {
    let state = TunnelState::Up { since: Moment(0), sa: sa() };
    let tunnel = |local: Network, remote: Network, rule: Option<&String>| Tunnel {
        local,
        remote,
        rule: rule.cloned(),
        state: state.clone(),
    };
    let tunnels = match &session.kind {
        SessionKind::RouteBased { addresses, .. } => {
            let everything = |(own, _): &(IpAddr, Network)| Network::everything(*own);
            addresses.iter().take(1).map(everything).map(|it| tunnel(it, it, None)).collect()
        }
        SessionKind::PolicyBased { rules } => rules
            .iter()
            .filter(|rule| rule.enabled)
            .flat_map(|rule| {
                let side = |networks: &[Network]| {
                    let everything = || ["0.0.0.0/0", "::/0"].map(|it| it.parse().unwrap()).to_vec();
                    if networks.is_empty() { everything() } else { networks.to_vec() }
                };
                let (sources, destinations) = (side(&rule.sources), side(&rule.destinations));
                let pairs = sources.into_iter().flat_map(move |source| {
                    destinations.clone().into_iter().map(move |destination| (source, destination))
                });
                pairs
                    .filter(|(source, destination)| source.is_v6() == destination.is_v6())
                    .map(|(source, destination)| tunnel(source, destination, Some(&rule.id)))
                    .collect::<Vec<_>>()
            })
            .collect(),
    };
    SessionState { ike: IkeState::Up { since: Moment(0) }, tunnels }
}

/// What protects packets where a world does not say: `AES_GCM_128`.
fn sa() -> EspSa {
    EspSa { proposal: Proposal::of(EspEncryption::AesGcm128, None).unwrap(), nat_traversal: false, group: None }
}
