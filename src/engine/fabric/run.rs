//! Probe runs, by the clock: a collection sends its probes when it begins, then every so many
//! seconds, and once more at once when it changes who is connected to whom, after which what was
//! found before is no longer shown.
//!
//! A run probes one hop after the other. A hop that does not answer in time is tried again,
//! as often as the collection says, and is lost then.

use super::course::Course;
use super::hash;
use super::net::Net;
use super::way::{Fate, MOST_HOPS, Way};
use crate::engine::Moment;
use crate::engine::forwarding::protocol;
use crate::engine::topology::{Collection, Topology};
use crate::model::PolicyPath;

/// So many runs are looked back at for the last one that has ended.
const MOST_UNDER_WAY: i64 = 100_000;

/// A probe run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// When it begins.
    pub at: Moment,
    /// The hops that have answered.
    pub answers: Vec<Answer>,
    /// The hops that have not, by their numbers.
    pub lost: Vec<usize>,
    /// Microseconds it takes.
    pub duration: u64,
    /// The way of its probes; none where the source is no host of the fabric.
    pub way: Option<Way>,
}

/// The answer of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The number of the hop, from 1.
    pub hop: usize,
    /// Microseconds from the beginning of the run until the probe is at the device.
    pub after: u64,
    /// Microseconds from sending the probe to its answer.
    pub latency: u64,
    /// How many probes were sent.
    pub tries: u32,
}

/// The last run of `collection` that has ended by `now`; none before the first one has.
pub fn last(course: &Course, topology: &Topology, collection: &Collection, now: Moment) -> Option<Run> {
    let base = course.connected_since().max(collection.since);
    let way = course.net(topology).way(&collection.tuple, MOST_HOPS);
    let ended = |at: i64| {
        let run = run(course, topology, collection, way.as_ref(), Moment(at));
        let end = at.saturating_mul(1_000).saturating_add(i64::try_from(run.duration).unwrap_or(i64::MAX));
        (end <= now.0.saturating_mul(1_000)).then_some(run)
    };
    // No run that began later can have ended.
    let shortest = i64::try_from(shortest(course.net(topology), collection, way.as_ref()) / 1_000).unwrap_or(i64::MAX);
    let newest = now.0.saturating_sub(shortest).saturating_sub(collection.since.0).div_euclid(collection.interval);
    let scheduled =
        (0..=newest.min(MOST_UNDER_WAY)).map(|back| collection.since.0 + (newest - back) * collection.interval);
    scheduled.take_while(|at| *at > base.0).find_map(ended).or_else(|| ended(base.0).filter(|_| base <= now))
}

/// When the first run of the collection at `path` has ended, if none has by `now`, and it is
/// going to; none where there is no such collection.
pub fn first_run_ends(course: &Course, topology: &Topology, path: &PolicyPath, now: Moment) -> Option<Moment> {
    let collection = topology.collections.get(path)?;
    let base = course.connected_since().max(collection.since);
    let way = course.net(topology).way(&collection.tuple, MOST_HOPS);
    let run = run(course, topology, collection, way.as_ref(), base);
    let milliseconds = i64::try_from(run.duration.div_ceil(1_000)).ok()?;
    let end = Moment(base.0.saturating_add(milliseconds));
    (end > now && last(course, topology, collection, now).is_none()).then_some(end)
}

fn run(course: &Course, topology: &Topology, collection: &Collection, way: Option<&Way>, at: Moment) -> Run {
    let net = course.net(topology);
    let mut run = Run { at, answers: Vec::new(), lost: Vec::new(), duration: 0, way: way.cloned() };
    let Some(way) = way else { return run };
    let name = xxhash_rust::xxh3::xxh3_64(collection.path.as_str().as_bytes());
    for (position, hop) in way.hops.iter().enumerate().take(collection.hops) {
        let device = net.device(hop.device);
        let number = position + 1;
        let latency = 2 * hop.latency + device.response_time;
        let answers = |tried: u32| {
            let probe = [name, at.0.unsigned_abs(), number as u64, u64::from(tried)];
            latency <= collection.timeout && hash::answers(device.answered_probes, &device.serial, probe)
        };
        let answered = (0..collection.tries).find(|tried| answers(*tried));
        let in_vain = answered.unwrap_or(collection.tries);
        run.duration = run.duration.saturating_add(collection.timeout.saturating_mul(u64::from(in_vain)));
        if answered.is_some() {
            let after = run.duration.saturating_add(hop.latency);
            run.answers.push(Answer { hop: number, after, latency, tries: in_vain + 1 });
            run.duration = run.duration.saturating_add(latency);
        } else {
            run.lost.push(number);
        }
    }
    run.duration = run.duration.saturating_add(beyond(collection, way));
    run
}

/// Microseconds that are waited for what is beyond the last device, if a probe goes there: either
/// the destination answers, or nobody does. TCP without a checksum is not answered (RFC 9293,
/// section 3.1), and UDP is (RFC 768).
fn beyond(collection: &Collection, way: &Way) -> u64 {
    if way.hops.len() >= collection.hops {
        return 0;
    }
    let is_whole = collection.checksums || collection.tuple.protocol != protocol::TCP;
    match way.fate {
        Fate::Delivered if is_whole => 2 * way.latency,
        Fate::Delivered | Fate::Dropped(_) => collection.timeout.saturating_mul(u64::from(collection.tries)),
    }
}

/// Microseconds that a run takes at least: when everybody answers who may.
fn shortest(net: &Net, collection: &Collection, way: Option<&Way>) -> u64 {
    let Some(way) = way else { return 0 };
    let hops = way.hops.iter().take(collection.hops).map(|hop| {
        let device = net.device(hop.device);
        let latency = 2 * hop.latency + device.response_time;
        if latency <= collection.timeout && device.answered_probes > 0 {
            latency
        } else {
            collection.timeout.saturating_mul(u64::from(collection.tries))
        }
    });
    hops.fold(beyond(collection, way), u64::saturating_add)
}
