//! What live traces cost: a question about an engine with a thousand flows, while none, one or a
//! hundred of them are looked at, after a minute and after an hour; and an active packet trace that
//! follows a flow.
//!
//!     cargo bench --bench live_traces
//!
//! Shown is the median of the rounds. Packets are counted by arithmetic, so a question after an
//! hour must not cost more than one after a minute.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss)]

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use terraform_provider_vpn::engine::traces::{Import, REGION, Source};
use terraform_provider_vpn::engine::{Caller, CaptureOf, Engine, Moment, When};
use terraform_provider_vpn::model::{PolicyPath, system};

const ROUNDS: usize = 7;
const FLOWS: usize = 1_000;
const BEGIN: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;

struct Lab {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Lab {
    /// A thousand flows from as many ports, to nobody, of so many packets a second.
    fn new(packets_per_second: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lab =
            Self { engine: Engine::open(&folder.path().join("engine.db"), Moment(BEGIN)).unwrap(), _folder: folder };
        let segment = format!("{}/segments/web", system::COMPUTE_GATEWAY);
        lab.put(&segment, json!({ "subnets": [{ "gateway_address": "10.0.0.1/16" }] }));
        for at in 0..FLOWS {
            let address = format!("10.0.{}.{}", 1 + at / 250, 1 + at % 250);
            lab.put(&port(at), json!({ "address_bindings": [{ "ip_address": address }] }));
            let flow = json!({
                "source": address, "destination": "172.31.0.1", "destination_port": 53,
                "packets_per_second": packets_per_second,
            });
            lab.put(&format!("/infra/simulated-flows/f{at}"), flow);
        }
        lab
    }

    fn put(&self, at: &str, body: Json) {
        self.engine.put(&parsed(at), body, &by()).unwrap();
    }

    /// So many live traces, each of another port, that trace, capture and count for ten minutes.
    fn trace(&self, count: usize) {
        for at in 0..count {
            let sampled =
                |number: u32| json!({ "trace_type": "UNI_DIRECTIONAL", "sampling": { "match_number": number } });
            let actions = json!({
                "trace_config": sampled(50), "pktcap_config": sampled(500),
                "counter_config": { "trace_type": "UNI_DIRECTIONAL" },
            });
            let body = json!({ "src_port_path": port(at), "actions": actions, "timeout": 600 });
            self.put(&format!("/infra/livetraces/t{at}"), body);
        }
    }

    /// How long a process that has asked nothing yet takes to see the engine as it is then.
    fn look(&self, after: i64) -> Duration {
        let stranger = self.engine.clone().looking_on();
        let begin = Instant::now();
        let view = stranger.view(Moment(BEGIN + after), When::Current, &[]).unwrap();
        let took = begin.elapsed();
        assert!(view.traffic.total().sent > 0);
        took
    }
}

fn by() -> Caller {
    Caller { user: "bench".to_owned(), now: Moment(BEGIN) }
}

fn parsed(path: &str) -> PolicyPath {
    PolicyPath::parse(path).unwrap()
}

fn port(at: usize) -> String {
    format!("{}/segments/web/ports/p{at}", system::COMPUTE_GATEWAY)
}

fn main() {
    println!("median of {ROUNDS} rounds, {FLOWS} flows of 1,000 packets a second");
    let mut alone = [Duration::ZERO; 2];
    for traces in [0, 1, 100] {
        let lab = Lab::new(1_000);
        lab.trace(traces);
        for (alone, (name, after)) in alone.iter_mut().zip([("a minute", MINUTE), ("an hour", 60 * MINUTE)]) {
            let took = median((0..ROUNDS).map(|_| lab.look(after)).collect());
            if traces == 0 {
                *alone = took;
            }
            let ratio = took.as_secs_f64() / alone.as_secs_f64();
            println!("{traces:>3} live traces, after {name:<8}: {took:10.2?}, {ratio:5.2} of none");
        }
    }
    follow();
}

/// An active trace of one flow of a thousand packets a second, looked at after a minute.
fn follow() {
    let lab = Lab::new(1_000);
    let import = Import {
        region: REGION.to_owned(),
        definition: "BENCH".to_owned(),
        stack: "TCPIP".to_owned(),
        locals: Vec::new(),
        interface: String::new(),
        source: "a flow".to_owned(),
        most: u64::MAX,
    };
    let flow = Source::Copies(CaptureOf::Flow(parsed("/infra/simulated-flows/f0")));
    let trace = lab.engine.follow_packets(&import, flow, None, &by()).unwrap();
    let begin = Instant::now();
    let trace = lab.engine.packet_trace(REGION, &trace.id, Moment(BEGIN + MINUTE)).unwrap().unwrap();
    let each = begin.elapsed().as_secs_f64() * 1e6 / trace.kept as f64;
    println!("an active trace took in {} packets, {each:.2} us each", trace.kept);
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}
