//! Ten thousand live flow collections on a fabric of a thousand devices: what `data/flow` costs,
//! and a sampling round, in which each collection is asked for once.
//!
//!     cargo bench --bench fabric
//!
//! Every collection has a flow of its own, and counts it at each device (`bw_ingress`). A tenth of
//! them is measured as well: what one answer costs must not grow with how many there are.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation
)]

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value as Json, json};
use terraform_provider_vpn::engine::{Caller, Change, Engine, Moment, Write};
use terraform_provider_vpn::model::{FLOW_TRACE, PolicyPath};

const BEGIN: i64 = 1_700_000_000_000;
/// Pods of leaves, each below four aggregating devices, which ten cores each connect: 20 × (44 + 4)
/// + 40 are 1,000 devices.
const PODS: usize = 20;
const LEAVES: usize = 44;
const AGGREGATES: usize = 4;
const CORES: usize = 10;
/// So many writes are in one transaction.
const BATCH: usize = 1_000;

struct Lab {
    engine: Engine,
    flows: usize,
    _folder: tempfile::TempDir,
}

fn by(now: i64) -> Caller {
    Caller { user: "bench".to_owned(), now: Moment(now) }
}

fn path(text: &str) -> PolicyPath {
    PolicyPath::parse(&format!("/infra/{text}")).unwrap()
}

fn address(leaf: usize) -> String {
    format!("10.{}.{}.1", leaf / LEAVES, leaf % LEAVES)
}

/// The ends of a flow, and its source port.
fn ends(number: usize) -> (String, String, usize) {
    let leaves = PODS * LEAVES;
    let (from, far) = (number % leaves, 1 + number * 7_919 % (leaves - 1));
    (address(from), address((from + far) % leaves), 10_000 + number / leaves)
}

fn parameters(number: usize) -> Map<String, Json> {
    let (src, dst, sport) = ends(number);
    let given = json!({ "src": src, "dst": dst, "proto": "udp", "sport": sport, "dport": 9_000 });
    given.as_object().unwrap().clone()
}

impl Lab {
    fn new(flows: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(&folder.path().join("engine.db"), Moment(BEGIN)).unwrap();
        let lab = Self { engine, flows, _folder: folder };
        let mut declared = Vec::new();
        devices(&mut declared);
        links(&mut declared);
        for number in 0..flows {
            let (source, destination, sport) = ends(number);
            let flow = json!({
                "source": source, "destination": destination, "protocol": "UDP", "source_port": sport,
                "destination_port": 9_000, "packets_per_second": 10 + number % 90, "packet_size": 500,
            });
            declared.push((format!("simulated-flows/{number}"), flow));
        }
        for part in declared.chunks(BATCH) {
            let write =
                |(at, body): &(String, Json)| Write { path: path(at), below: None, change: Change::Put(body.clone()) };
            lab.engine.write_all(part.iter().map(write).collect(), &by(BEGIN)).unwrap();
        }
        lab
    }

    fn start(&self, number: usize, now: i64) {
        let mut given = parameters(number);
        given.insert("bw_ingress".to_owned(), json!(true));
        self.engine.start_collection(&FLOW_TRACE, given, None, &by(now)).unwrap();
    }

    fn data(&self, number: usize, now: i64) -> usize {
        let data = self.engine.collected(&FLOW_TRACE, &parameters(number), None, Moment(now)).unwrap();
        data["Path"].as_array().unwrap().len()
    }

    /// All of them, each at a millisecond of its own within a second; how many hops answered.
    fn round(&self, now: i64) -> usize {
        (0..self.flows).map(|number| self.data(number, now + (number * 1_000 / self.flows) as i64)).sum()
    }
}

/// A fat tree: leaves with a host each, aggregates, cores.
fn devices(declared: &mut Vec<(String, Json)>) {
    let names = |names: Vec<String>| names.into_iter().map(|name| json!({ "name": name })).collect::<Vec<_>>();
    let mut add = |id: String, interfaces: Vec<String>, hosts: Json| {
        let body = json!({ "serial_number": id, "interfaces": names(interfaces), "hosts": hosts });
        declared.push((format!("simulated-devices/{id}"), body));
    };
    let to = |what: &str, count: usize| (0..count).map(|number| format!("{what}{number}")).collect::<Vec<_>>();
    for pod in 0..PODS {
        for leaf in 0..LEAVES {
            let interfaces = [vec!["host".to_owned()], to("up", AGGREGATES)].concat();
            let hosts = json!([{ "address": address(pod * LEAVES + leaf), "interface": "host" }]);
            add(format!("leaf-{pod}-{leaf}"), interfaces, hosts);
        }
        for aggregate in 0..AGGREGATES {
            let interfaces = [to("down", LEAVES), to("up", CORES)].concat();
            add(format!("aggregate-{pod}-{aggregate}"), interfaces, json!([]));
        }
    }
    for core in 0..AGGREGATES * CORES {
        add(format!("core-{core}"), to("pod", PODS), json!([]));
    }
}

/// Its lines.
fn links(declared: &mut Vec<(String, Json)>) {
    let end = |device: &str, interface: String| json!({ "device_path": format!("/infra/simulated-devices/{device}"), "interface": interface });
    for pod in 0..PODS {
        for aggregate in 0..AGGREGATES {
            let device = format!("aggregate-{pod}-{aggregate}");
            for leaf in 0..LEAVES {
                let ends =
                    [end(&format!("leaf-{pod}-{leaf}"), format!("up{aggregate}")), end(&device, format!("down{leaf}"))];
                declared.push((format!("simulated-links/{pod}-{leaf}-{aggregate}"), json!({ "ends": ends })));
            }
            for core in 0..CORES {
                let name = format!("core-{}", aggregate * CORES + core);
                let ends = [end(&device, format!("up{core}")), end(&name, format!("pod{pod}"))];
                declared.push((format!("simulated-links/{pod}-{name}"), json!({ "ends": ends })));
            }
        }
    }
}

fn main() {
    for flows in [1_000, 10_000] {
        measure(flows);
    }
}

fn measure(flows: usize) {
    println!("{flows} collections on 1,000 devices");
    let lab = timed("fabric and flows declared", || Lab::new(flows));
    let first = BEGIN + 1_000;
    timed("collections started, one transaction each", || (0..flows).for_each(|number| lab.start(number, first)));
    timed("first data/flow: paths of all flows found", || lab.data(0, first + 1_000));
    let mut single: Vec<Duration> = (0..2_000)
        .map(|number| {
            let begin = processor_time();
            lab.data(number * 31 % flows, first + 2_000 + number as i64);
            processor_time().saturating_sub(begin)
        })
        .collect();
    single.sort();
    println!(
        "  data/flow: median {:.1?}, 99th percentile {:.1?}",
        single[single.len() / 2],
        single[single.len() * 99 / 100]
    );
    let hops = timed("sampling round", || lab.round(first + 10_000));
    println!("  {hops} hops answered");
    let active = lab.engine.collections(&FLOW_TRACE, None, Moment(first + 12_000));
    assert_eq!(timed("active/flow", || active.unwrap().len()), flows);
    let link = path("simulated-links/0-0-0");
    lab.engine.patch(&link, json!({ "up": false }), &by(first + 20_000)).unwrap();
    timed("first data/flow after a line failed", || lab.data(1, first + 21_000));
    timed("sampling round after that", || lab.round(first + 30_000));
    // Each start is seen by the next reader.
    timed("100 times a stop and a data/flow after it", || {
        for number in 0..100 {
            let now = first + 40_000 + number as i64 * 200;
            lab.engine.stop_collection(&FLOW_TRACE, &parameters(number), None, Moment(now)).unwrap();
            lab.data(number + 100, now + 1);
        }
    });
}

/// Says what `work` takes: of the processor, and in all.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (begin, used) = (Instant::now(), processor_time());
    let done = work();
    println!("  {what}: {:.2?}, {:.2?} in all", processor_time().saturating_sub(used), begin.elapsed());
    done
}

/// What this process has used: others on the machine do not count.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
