//! What taps cost: a decision on a packet whose port nobody taps, one tap taps, or a
//! hundred do; and what it takes to have ten thousand tap flows.
//!
//!     cargo bench --bench taps
//!
//! A round measures decisions in turn over the same packet, without an eye for copies and
//! with one; shown is the median of the rounds.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value as Json, json};
use terraform_provider_vpn::engine::forwarding::{Forwarding, Packet, protocol};
use terraform_provider_vpn::engine::taps::{Member, Quotas};
use terraform_provider_vpn::engine::{Caller, Engine, EngineView, Moment, Reveal, When};
use terraform_provider_vpn::model::{Kind, PolicyPath, TAP_FLOW, TAP_SERVICE, system};

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(30);
/// Between looks at the clock.
const BATCH: u32 = 1_000;
const BEGIN: i64 = 1_700_000_000_000;

struct Lab {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Lab {
    /// Three ports in two segments.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(&folder.path().join("engine.db"), Moment(BEGIN)).unwrap();
        let lab = Self { engine: engine.with_quotas(Quotas::UNLIMITED), _folder: folder };
        for (segment, network) in [("web", 1), ("db", 2)] {
            let subnet = json!({ "gateway_address": format!("192.168.{network}.1/24") });
            lab.put(&format!("{}/segments/{segment}", system::COMPUTE_GATEWAY), json!({ "subnets": [subnet] }));
        }
        for (port, address) in [("web/ports/a", "192.168.1.10"), ("db/ports/b", "192.168.2.10")] {
            lab.put(&path_of(port), json!({ "address_bindings": [{ "ip_address": address }] }));
        }
        lab.put(&path_of("web/ports/ids"), json!({}));
        lab
    }

    fn put(&self, at: &str, body: Json) {
        self.engine.put(&PolicyPath::parse(at).unwrap(), body, &by(BEGIN)).unwrap();
    }

    fn uuid(&self, port: &str) -> String {
        let path = PolicyPath::parse(&path_of(port)).unwrap();
        self.engine.get(&path, Reveal::Public).unwrap().unique_id().to_owned()
    }

    fn create(&self, kind: &'static Kind, bodies: &[Json]) -> Vec<String> {
        let bodies: Vec<Map<String, Json>> = bodies.iter().map(|body| body.as_object().unwrap().clone()).collect();
        let made = self.engine.create_taps(kind, bodies, &Member::admin(by(BEGIN))).unwrap();
        made.iter().map(|object| object.unique_id().to_owned()).collect()
    }

    /// A tap service with so many flows that tap the port `a`.
    fn tap(&self, flows: usize) -> String {
        let service = self.create(&TAP_SERVICE, &[json!({ "port_id": self.uuid("web/ports/ids") })]).remove(0);
        let body = json!({ "tap_service_id": service, "source_port": self.uuid("web/ports/a"), "direction": "BOTH" });
        self.create(&TAP_FLOW, &vec![body; flows]);
        service
    }

    fn view(&self) -> EngineView {
        self.engine.view(Moment(BEGIN + 60_000), When::Current, &[]).unwrap()
    }
}

fn by(now: i64) -> Caller {
    Caller { user: "bench".to_owned(), now: Moment(now) }
}

fn path_of(port: &str) -> String {
    format!("{}/segments/{port}", system::COMPUTE_GATEWAY)
}

fn main() {
    println!("median of {ROUNDS} rounds");
    for (name, destination) in [("to a segment", "192.168.2.10"), ("nowhere", "10.1.1.1")] {
        let packet = Packet {
            source: "192.168.1.10".parse().unwrap(),
            destination: destination.parse().unwrap(),
            protocol: protocol::UDP,
            source_port: 5_000,
            destination_port: 53,
            size: 100,
            dont_fragment: false,
            time_to_live: 64,
            handshake_mss: None,
        };
        for taps in [0, 1, 100] {
            let lab = Lab::new();
            lab.tap(taps);
            forward(name, taps, &packet, lab.view().forwarding());
        }
    }
    many(10_000);
}

/// Decisions on a packet that so many taps copy.
fn forward(name: &str, taps: usize, packet: &Packet, forwarding: &Forwarding) {
    let (mut plain, mut copying) = (Vec::new(), Vec::new());
    let mut copies = 0_u64;
    for _ in 0..ROUNDS {
        plain.push(pace(|| _ = black_box(forwarding.decide(black_box(packet)))));
        copying.push(pace(|| {
            copies = 0;
            let decision = forwarding.decide_copying(black_box(packet), |copy| {
                black_box(&copy);
                copies += 1;
            });
            black_box(decision);
        }));
    }
    assert_eq!(copies, taps as u64, "each tap makes one copy");
    let (plain, copying) = (median(plain), median(copying));
    print!("{name}, {taps:>3} taps: decide {plain:6.1} ns, with copies {copying:7.1} ns");
    if taps > 0 {
        print!(", {:5.2} ns for each copy", (copying - plain) / taps as f64);
    }
    println!();
}

/// So many tap flows of one service.
fn many(count: usize) {
    let lab = Lab::new();
    let took = |what: &str, work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        let each = start.elapsed().as_secs_f64() * 1e6 / count as f64;
        println!("{count} tap flows: {what} in {:.2?}, {each:.1} us each", start.elapsed());
    };
    let mut service = String::new();
    took("created at once", &mut || service = lab.tap(count));
    let admin = Member::admin(by(BEGIN + 60_000));
    took("listed", &mut || assert_eq!(lab.engine.taps(&TAP_FLOW, &admin).unwrap().len(), count));
    took("tables built", &mut || _ = lab.view().forwarding());
    took("deleted with their service", &mut || lab.engine.delete_tap(&TAP_SERVICE, &service, &admin).unwrap());
}

/// Nanoseconds for one run of `work`.
fn pace(mut work: impl FnMut()) -> f64 {
    let start = processor_time();
    let mut done = 0_u32;
    while processor_time().saturating_sub(start) < ROUND {
        (0..BATCH).for_each(|_| work());
        done += BATCH;
    }
    processor_time().saturating_sub(start).as_secs_f64() * 1e9 / f64::from(done)
}

/// What this thread has used: others on the machine do not count.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
