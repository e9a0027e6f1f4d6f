//! The engine in operation, from outside: what is declared at a set clock, and what is
//! answered later.

mod conservation;
mod journal;
mod live_traces;
mod packet_traces;
mod routing;
mod statistics;
mod stories;
mod taps;
mod timelines;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::{EngineView, Question, TraceRequest, When};
use crate::engine::forwarding::{Packet, Trace};
use crate::engine::{Caller, Engine, Moment};
use crate::model::PolicyPath;

const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
const BGP: &str = "/infra/tier-0s/vmc/locale-services/default/bgp";
const SEGMENTS: &str = "/infra/tier-1s/cgw/segments";
const PEERS: &str = "/infra/simulated-peers";
const FLOWS: &str = "/infra/simulated-flows";
const DPD: &str = "/infra/ipsec-vpn-dpd-profiles";

/// When every test begins.
const BEGIN: i64 = 1_700_000_000_000;

/// An engine with a clock that is set by hand, in milliseconds from its beginning.
struct Lab {
    engine: Engine,
    _folder: TempDir,
    now: i64,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(&folder.path().join("engine.db"), Moment(BEGIN)).unwrap();
        Self { engine, _folder: folder, now: 0 }
    }

    /// Sets the clock to so many milliseconds after the beginning.
    fn at(&mut self, milliseconds: i64) -> &mut Self {
        assert!(milliseconds >= self.now, "the clock does not go back");
        self.now = milliseconds;
        self
    }

    fn moment(&self) -> Moment {
        Moment(BEGIN + self.now)
    }

    fn caller(&self) -> Caller {
        Caller { user: "admin".to_owned(), now: self.moment() }
    }

    fn put(&self, path: &str, body: Json) {
        self.engine.put(&parsed(path), body, &self.caller()).unwrap();
    }

    fn patch(&self, path: &str, body: Json) {
        self.engine.patch(&parsed(path), body, &self.caller()).unwrap();
    }

    fn delete(&self, path: &str) {
        self.engine.delete(&parsed(path), self.moment()).unwrap();
    }

    fn view(&self) -> EngineView {
        self.engine.view(self.moment(), When::Current, &[]).unwrap()
    }

    /// The answer to a question, with what there is to know beyond it.
    fn ask(&self, question: &Question, within: fn(&Json) -> &Json) -> Json {
        let answer = self.engine.ask(question, &[], self.moment()).unwrap();
        let mut document = within(&answer.document.unwrap()).clone();
        document.as_object_mut().unwrap().extend(answer.beyond);
        document
    }

    /// The status of the session `id`.
    fn status(&self, id: &str) -> Json {
        self.ask(&Question::SessionStatus(parsed(&session(id))), |document| &document["results"][0])
    }

    /// The statistics of the session `id`.
    fn statistics(&self, id: &str) -> Json {
        self.ask(&Question::SessionStatistics(parsed(&session(id))), |document| &document["results"][0])
    }

    /// The status of the neighbor `id`.
    fn neighbor(&self, id: &str) -> Json {
        self.ask(&Question::NeighborStatus(parsed(&format!("{BGP}/neighbors/{id}"))), |document| document)
    }

    /// The way of an ICMP packet at this moment.
    fn trace(&self, source: &str, destination: &str) -> Trace {
        let request =
            TraceRequest { packet: ping(source, destination), answers: false, when: When::Current, answer_size: 100 };
        self.engine.trace(&request, &[], self.moment()).unwrap().there
    }

    /// What becomes of an ICMP packet at this moment: `DELIVERED_TO_PEER`, or why it is
    /// dropped.
    fn fate(&self, source: &str, destination: &str) -> String {
        let trace = self.trace(source, destination);
        trace.drop_reason.map_or(trace.disposition.word(), |reason| reason.word()).to_owned()
    }

    /// A route-based VPN `id` to a peer with a BGP speaker that announces 10.20.0.0/16,
    /// from the segment 192.168.10.0/24.
    fn route_based(&self, id: &str, number: u8) {
        self.segment();
        self.put(&session(id), route_based(number));
        self.put(&format!("{BGP}/neighbors/{id}"), neighbor(number));
        self.put(&format!("{PEERS}/{id}"), speaking_peer(number));
    }

    fn segment(&self) {
        let body = json!({ "subnets": [{ "gateway_address": "192.168.10.1/24" }] });
        self.put(&format!("{SEGMENTS}/app"), body);
    }
}

fn parsed(path: &str) -> PolicyPath {
    PolicyPath::parse(path).unwrap()
}

fn session(id: &str) -> String {
    format!("{SERVICE}/sessions/{id}")
}

fn ping(source: &str, destination: &str) -> Packet {
    Packet::ping(source.parse().unwrap(), destination.parse().unwrap(), 100)
}

fn route_based(number: u8) -> Json {
    json!({
        "resource_type": "RouteBasedIPSecVpnSession",
        "local_endpoint_path": format!("{SERVICE}/local-endpoints/Public-IP1"),
        "peer_address": format!("198.51.100.{number}"),
        "peer_id": format!("198.51.100.{number}"),
        "psk": "correct horse",
        "tunnel_interfaces": [{
            "ip_subnets": [{ "ip_addresses": [format!("169.254.{number}.2")], "prefix_length": 30 }],
        }],
    })
}

fn neighbor(number: u8) -> Json {
    json!({ "neighbor_address": format!("169.254.{number}.1"), "remote_as_num": "65010" })
}

fn speaking_peer(number: u8) -> Json {
    json!({
        "address": format!("198.51.100.{number}"),
        "psk": "correct horse",
        "latency": 10,
        "bgp": { "routes": [{ "network": "10.20.0.0/16" }] },
    })
}
