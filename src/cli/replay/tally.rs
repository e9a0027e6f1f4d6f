//! Counting packets: by what becomes of them, by session, and by flow.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::AddAssign;

use super::capture::Skip;
use crate::engine::EngineView;
use crate::engine::forwarding::{Decision, Disposition, DropReason, Packet};
use crate::model::PolicyPath;

/// So many rows has the table of flows, which bounds its memory to about 100 MB. Packets
/// of further flows are counted, and not listed.
const MOST_ROWS: usize = 500_000;

/// What becomes of a packet, and why if it is dropped.
pub type Verdict = (Disposition, Option<DropReason>);

/// The engines that packets are sent through.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// The engine.
    pub before: &'a EngineView,
    /// The one it is compared with.
    pub after: Option<&'a EngineView>,
}

/// Packets, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount {
    /// The bytes of the IP packets.
    pub bytes: u64,
    /// The packets.
    pub packets: u64,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.packets = self.packets.saturating_add(other.packets);
    }
}

/// The packets of one five-tuple. Those of protocols without ports, and fragments, have
/// the ports 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    /// Who sends.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// The IP protocol number.
    pub protocol: u8,
    /// The source port.
    pub source_port: u16,
    /// The destination port.
    pub destination_port: u16,
}

impl Flow {
    fn of(packet: &Packet) -> Self {
        let Packet { source, destination, protocol, source_port, destination_port, .. } = *packet;
        Self { source, destination, protocol, source_port, destination_port }
    }
}

/// What becomes of packets, in both engines if there are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Outcome {
    /// In the engine.
    pub before: Verdict,
    /// In the one it is compared with.
    pub after: Option<Verdict>,
}

/// What has been counted of one flow with one outcome.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// How much.
    pub amount: Amount,
    /// The place of its session in [`Tally::sessions`].
    pub session: usize,
}

/// What has been counted of one session.
#[derive(Clone, Debug, Default)]
pub struct SessionTally {
    /// The session; none for packets that no session takes.
    pub path: Option<PolicyPath>,
    /// What arrives.
    pub delivered: Amount,
    /// What does not.
    pub dropped: Amount,
}

/// What has been counted.
pub struct Tally<'a> {
    /// The engines.
    pub judge: Judge<'a>,
    /// By outcome.
    pub outcomes: BTreeMap<Outcome, Amount>,
    /// By flow and outcome.
    pub rows: HashMap<(Flow, Outcome), Row>,
    /// By session; the first counts what no session takes.
    pub sessions: Vec<SessionTally>,
    /// Frames that were not sent through the engine, by reason.
    pub skipped: BTreeMap<Skip, Amount>,
    /// What has no row, because there are too many.
    pub unlisted: Amount,
    places: BTreeMap<PolicyPath, usize>,
    most_rows: usize,
}

impl<'a> Tally<'a> {
    /// Nothing has been counted.
    pub fn new(judge: Judge<'a>) -> Self {
        Self {
            judge,
            outcomes: BTreeMap::new(),
            rows: HashMap::new(),
            sessions: vec![SessionTally::default()],
            skipped: BTreeMap::new(),
            unlisted: Amount::default(),
            places: BTreeMap::new(),
            most_rows: MOST_ROWS,
        }
    }

    /// Holds fewer rows, so that a test can fill the table.
    #[cfg(test)]
    pub fn hold_at_most(&mut self, rows: usize) {
        self.most_rows = rows;
    }

    /// Whether nothing has been counted.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty() && self.skipped.is_empty()
    }

    /// Counts `packets` packets like this one.
    pub fn count(&mut self, packet: &Packet, packets: u64) {
        let amount = Amount { packets, bytes: packets.saturating_mul(packet.size as u64) };
        let outcome = Outcome {
            before: fate(self.judge.before.decide(packet)),
            after: self.judge.after.map(|view| fate(view.decide(packet))),
        };
        *self.outcomes.entry(outcome).or_default() += amount;
        let is_full = self.rows.len() >= self.most_rows;
        // Which session takes a flow is looked up once: it follows from the five-tuple.
        let session = match self.rows.entry((Flow::of(packet), outcome)) {
            Entry::Occupied(mut row) => {
                let row = row.get_mut();
                row.amount += amount;
                row.session
            }
            Entry::Vacant(_) if is_full => {
                self.unlisted += amount;
                place(&mut self.places, &mut self.sessions, self.judge.before, packet)
            }
            Entry::Vacant(free) => {
                let session = place(&mut self.places, &mut self.sessions, self.judge.before, packet);
                free.insert(Row { amount, session });
                session
            }
        };
        if let Some(session) = self.sessions.get_mut(session) {
            let arrives = outcome.before.0 != Disposition::Dropped;
            *(if arrives { &mut session.delivered } else { &mut session.dropped }) += amount;
        }
    }

    /// Counts a frame of `size` bytes that is passed over.
    pub fn skip(&mut self, skip: Skip, size: u32) {
        *self.skipped.entry(skip).or_default() += Amount { packets: 1, bytes: size.into() };
    }
}

/// The place of the session that takes `packet`, which is made if there is none yet.
fn place(
    places: &mut BTreeMap<PolicyPath, usize>,
    sessions: &mut Vec<SessionTally>,
    view: &EngineView,
    packet: &Packet,
) -> usize {
    let session = view.decide(packet).session;
    let Some(path) = session.and_then(|session| view.forwarding().session_path(session)) else { return 0 };
    *places.entry(path.clone()).or_insert_with_key(|path| {
        sessions.push(SessionTally { path: Some(path.clone()), ..SessionTally::default() });
        sessions.len() - 1
    })
}

/// What becomes of a packet, and why it is dropped if it is.
fn fate(decision: Decision) -> (Disposition, Option<DropReason>) {
    (decision.disposition, decision.drop_reason)
}
