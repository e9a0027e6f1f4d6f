//! Sessions and what becomes of them, in worlds that are declared as a user would.

mod agreeing;
mod lifetimes;
mod oracle;
mod properties;
mod reasons;
mod silence;
mod timeline;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::negotiate::chosen;
use super::*;
use crate::engine::Moment;
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::topology::{FarEnd, Topology, Wired};

use crate::model::{Kind, PolicyPath, Tree, kinds_at, read, system};

const SESSION: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/a";
const OTHER: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/b";
const ENDPOINT: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/e";
const OTHER_ENDPOINT: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/f";
const PEER: &str = "/infra/simulated-peers/p";
const IKE: &str = system::IKE_PROFILE;
const TUNNEL: &str = system::TUNNEL_PROFILE;
const DPD: &str = system::DPD_PROFILE;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Declarations, with a clock that the test sets and the records of their sessions.
struct Lab {
    documents: BTreeMap<PolicyPath, (&'static Kind, Json)>,
    topology: Topology,
    records: BTreeMap<&'static str, SessionRecord>,
    now: i64,
}

/// A route-based session and the peer at its other end, who agree in everything; what
/// is given differs.
fn lab(session: Json, peer: Json) -> Lab {
    let mut lab = Lab::empty();
    lab.declare(SESSION, route_based("169.254.10.1"));
    lab.declare(SESSION, session);
    lab.declare(PEER, json!({"address": "198.51.100.7", "psk": "secret"}));
    lab.declare(PEER, peer);
    lab.begin()
}

/// The same with a policy-based session: two sources, two destinations, four tunnels.
fn policy_lab(session: Json, peer: Json) -> Lab {
    let mut lab = Lab::empty();
    lab.declare(SESSION, policy_based());
    lab.declare(SESSION, session);
    lab.declare(PEER, json!({"address": "198.51.100.7", "psk": "secret"}));
    lab.declare(PEER, peer);
    lab.begin()
}

fn to_the_peer() -> Json {
    json!({
        "local_endpoint_path": ENDPOINT,
        "peer_address": "198.51.100.7",
        "peer_id": "198.51.100.7",
        "psk": "secret",
    })
}

fn route_based(address: &str) -> Json {
    let mut session = to_the_peer();
    session["resource_type"] = json!("RouteBasedIPSecVpnSession");
    session["tunnel_interfaces"] = json!([{"ip_subnets": [{"ip_addresses": [address], "prefix_length": 30}]}]);
    session
}

fn policy_based() -> Json {
    let mut session = to_the_peer();
    session["resource_type"] = json!("PolicyBasedIPSecVpnSession");
    session["rules"] = json!([{
        "id": "r",
        "sources": [{"subnet": "10.1.1.0/24"}, {"subnet": "10.1.2.0/24"}],
        "destinations": [{"subnet": "10.2.1.0/24"}, {"subnet": "10.2.2.0/24"}],
    }]);
    session
}

impl Lab {
    /// What every SDDC has, and an endpoint.
    fn empty() -> Self {
        let mut lab =
            Self { documents: BTreeMap::new(), topology: Topology::default(), records: BTreeMap::new(), now: 0 };
        for path in [system::VPN_SERVICE, IKE, TUNNEL, DPD] {
            lab.declare(path, json!({}));
        }
        lab.declare(ENDPOINT, json!({"local_address": "203.0.113.66"}));
        lab
    }

    /// Sets fields of the object at `path`.
    fn declare(&mut self, path: &str, fields: Json) {
        let path = PolicyPath::parse(path).unwrap();
        let body = self.documents.get(&path).map_or_else(|| json!({}), |(_, body)| body.clone());
        let body = merged(body, fields);
        let resource_type = body["resource_type"].as_str();
        let is_it = |kind: &&'static Kind| resource_type.is_none_or(|it| kind.resource_type == it);
        let kind = kinds_at(&path).find(is_it).unwrap();
        let reading = read(kind, &Tree::from(&body), parent(kind));
        assert!(reading.is_accepted(), "{path}: {:?}", reading.problems);
        self.documents.insert(path, (kind, body));
        self.renew();
    }

    fn renew(&mut self) {
        let read: Vec<_> = self
            .documents
            .iter()
            .map(|(path, (kind, body))| (*kind, path, read(kind, &Tree::from(body), parent(kind)).tree))
            .collect();
        let objects = read.iter().map(|(kind, path, tree)| (*kind, *path, tree));
        self.topology = Topology::of(objects, PrefixMatch::default());
    }

    fn with<T>(&self, session: &str, f: impl FnOnce(Option<&Wired<'_>>, &FarEnd<'_>) -> T) -> T {
        let path = PolicyPath::parse(session).unwrap();
        let wired = self.topology.wired(&path);
        let far = self.topology.sessions.get(&path).map_or(FarEnd::Nobody, |it| self.topology.far_end(it));
        f(wired.as_ref(), &far)
    }

    /// Begins the records of all sessions.
    fn begin(mut self) -> Self {
        for session in [SESSION, OTHER] {
            if self.topology.sessions.contains_key(&PolicyPath::parse(session).unwrap()) {
                let record = self.with(session, |wired, far| SessionRecord::begin(wired, far, Moment(self.now)));
                self.records.insert(session, record);
            }
        }
        self
    }

    /// Lets the clock go to `at`.
    fn until(&mut self, at: i64) {
        self.now = at;
        let mut records = std::mem::take(&mut self.records);
        for (session, record) in &mut records {
            self.with(session, |wired, far| record.advance(wired, far, Moment(at)));
        }
        self.records = records;
    }

    /// Changes fields of the object at `path` at the moment `at`; null takes one away.
    fn change(&mut self, at: i64, path: &str, fields: Json) {
        self.until(at);
        self.declare(path, fields);
        self.notice();
    }

    /// Destroys the object at `path` at the moment `at`.
    fn destroy(&mut self, at: i64, path: &str) {
        self.until(at);
        self.documents.remove(&PolicyPath::parse(path).unwrap());
        self.renew();
        self.notice();
    }

    fn notice(&mut self) {
        let mut records = std::mem::take(&mut self.records);
        for (session, record) in &mut records {
            self.with(session, |wired, far| record.changed(wired, far, Moment(self.now)));
        }
        self.records = records;
    }

    fn wake(&mut self, at: i64) {
        self.until(at);
        let mut records = std::mem::take(&mut self.records);
        for (session, record) in &mut records {
            self.with(session, |wired, far| record.wake(wired, far, Moment(at)));
        }
        self.records = records;
    }

    fn state_of(&self, session: &str, at: i64) -> SessionState {
        self.with(session, |wired, far| self.records[session].state(wired, far, Moment(at)))
    }

    fn state(&self, at: i64) -> SessionState {
        self.state_of(SESSION, at)
    }

    /// The state in short: `up 0`, `negotiating 0`, `down 0: Waiting …`, and of each
    /// tunnel the same.
    fn ike(&self, at: i64) -> String {
        match self.state(at).ike {
            IkeState::Up { since } => format!("up {}", since.0),
            IkeState::Negotiating { since } => format!("negotiating {}", since.0),
            IkeState::Down { since, reason } => format!("down {}: {reason}", since.0),
        }
    }

    fn tunnels(&self, at: i64) -> Vec<String> {
        let short = |tunnel: Tunnel| match tunnel.state {
            TunnelState::Up { since, .. } => format!("up {}", since.0),
            TunnelState::Down { reason } => format!("down: {reason}"),
        };
        self.state(at).tunnels.into_iter().map(short).collect()
    }

    /// The only tunnel.
    fn tunnel(&self, at: i64) -> String {
        let mut tunnels = self.tunnels(at);
        assert_eq!(tunnels.len(), 1);
        tunnels.remove(0)
    }

    fn sa(&self, at: i64) -> EspSa {
        match self.state(at).tunnels.remove(0).state {
            TunnelState::Up { sa, .. } => sa,
            TunnelState::Down { reason } => panic!("{reason}"),
        }
    }

    fn next_change(&self) -> Option<i64> {
        self.with(SESSION, |wired, far| self.records[SESSION].next_change(wired, far)).map(|at| at.0)
    }

    fn rekeys(&self, at: i64) -> Rekeys {
        let chosen = self.with(SESSION, |wired, far| self.records[SESSION].chosen(wired, far, Moment(at)));
        chosen.map(|(_, rekeys)| rekeys).unwrap_or_default()
    }

    fn chosen(&self) -> Option<String> {
        self.with(SESSION, |wired, far| chosen(wired?, far)).map(|chosen| chosen.to_string())
    }
}

/// Where objects are created: for VPN services the address that takes IPv6.
fn parent(kind: &Kind) -> Option<&'static str> {
    kind.default_parent.map(|parent| match parent {
        system::VPN_SERVICE => "/infra/tier-0s/vmc/ipsec-vpn-services/default",
        parent => parent,
    })
}

/// `body` with `fields` set; null takes a field away.
fn merged(mut body: Json, fields: Json) -> Json {
    let (Json::Object(own), Json::Object(fields)) = (&mut body, fields) else { panic!("not two objects") };
    for (name, value) in fields {
        match value {
            Json::Null => own.remove(&name),
            value => own.insert(name, value),
        };
    }
    body
}
