//! An engine with a small world in it: two segments, a route-based session to Dallas, a
//! policy-based one to Frankfurt, and one to an address where nobody is.

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::engine::{Caller, Engine, Moment};
use crate::engine::{EngineView, When};
use crate::model::{PolicyPath, system};

/// When everything is declared: 2026-01-31 at noon.
const DECLARED: Moment = Moment(1_769_860_800_000);
/// When it is looked at: a day later.
const LOOKED_AT: Moment = Moment(DECLARED.0 + 86_400_000);

/// The policy path that a text is.
pub fn path(text: &str) -> PolicyPath {
    PolicyPath::parse(text).unwrap()
}

/// An engine on a file of its own.
pub struct Lab {
    engine: Engine,
    _folder: TempDir,
}

impl Lab {
    /// An engine that has only what is there from the start.
    pub fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = Engine::open(&folder.path().join("engine.db"), DECLARED).unwrap();
        Self { engine, _folder: folder }
    }

    /// The small world.
    pub fn new() -> Self {
        let lab = Self::empty();
        for (id, name, gateway) in
            [("app", "App servers", "192.168.98.1/24"), ("db", "Databases & <more>", "192.168.99.1/24")]
        {
            lab.put(
                &format!("{}/segments/{id}", system::COMPUTE_GATEWAY),
                json!({ "resource_type": "Segment", "display_name": name, "subnets": [{ "gateway_address": gateway }] }),
            );
        }
        lab.put(&neighbor(), json!({ "neighbor_address": "169.254.31.2", "remote_as_num": "65001" }));
        let interface = json!({ "id": "default-tunnel-interface", "ip_subnets": [{ "ip_addresses": ["169.254.31.1"], "prefix_length": 30 }] });
        let rule = json!({ "id": "app", "sequence_number": 10, "action": "PROTECT",
            "sources": [{ "subnet": "192.168.98.0/24" }], "destinations": [{ "subnet": "172.16.0.0/24" }] });
        lab.session("dallas", "VPN to Dallas", "198.51.100.1", ("RouteBased", "tunnel_interfaces", json!([interface])));
        lab.session("frankfurt", "VPN to Frankfurt", "198.51.100.2", ("PolicyBased", "rules", json!([rule])));
        let interface = json!({ "id": "default-tunnel-interface", "ip_subnets": [{ "ip_addresses": ["169.254.32.1"], "prefix_length": 30 }] });
        lab.session("nobody", "VPN to nobody", "198.51.100.3", ("RouteBased", "tunnel_interfaces", json!([interface])));
        let routes: Vec<_> = (0..6).map(|number| json!({ "network": format!("10.1.{number}.0/24") })).collect();
        lab.peer("dallas", "Dallas", json!({ "address": "198.51.100.1", "bgp": { "routes": routes } }));
        lab.peer("frankfurt", "Frankfurt", json!({ "address": "198.51.100.2" }));
        lab
    }

    fn session(&self, id: &str, name: &str, peer: &str, (kind, field, traffic): (&str, &str, Json)) {
        let body = json!({
            "resource_type": format!("{kind}IPSecVpnSession"),
            "display_name": name,
            "local_endpoint_path": format!("{}/local-endpoints/Public-IP1", system::VPN_SERVICE),
            "peer_address": peer,
            "peer_id": peer,
            "psk": "a key",
            field: traffic,
        });
        self.put(&session(id), body);
    }

    fn peer(&self, id: &str, name: &str, mut body: Json) {
        body["display_name"] = json!(name);
        body["psk"] = json!("a key");
        self.put(&format!("/infra/simulated-peers/{id}"), body);
    }

    /// Declares an object.
    pub fn put(&self, at: &str, body: Json) {
        let by = Caller { user: "admin".to_owned(), now: DECLARED };
        self.engine.put(&path(at), body, &by).unwrap();
    }

    /// Changes some fields of an object.
    pub fn patch(&self, at: &str, fields: Json) {
        let by = Caller { user: "admin".to_owned(), now: DECLARED };
        self.engine.patch(&path(at), fields, &by).unwrap();
    }

    /// Takes a declaration back.
    pub fn delete(&self, at: &str) {
        self.engine.delete(&path(at), DECLARED).unwrap();
    }

    /// What the engine comes to.
    pub fn view(&self) -> EngineView {
        self.engine.view(LOOKED_AT, When::Settled, &[]).unwrap()
    }
}

/// The path of a session.
pub fn session(id: &str) -> String {
    format!("{}/sessions/{id}", system::VPN_SERVICE)
}

/// The path of the neighbor in Dallas.
pub fn neighbor() -> String {
    format!("{}/neighbors/dallas", system::BGP)
}
