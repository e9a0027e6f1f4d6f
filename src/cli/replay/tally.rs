//! Counting packets: by what becomes of them, by session, and by flow.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::ops::AddAssign;

use crate::engine::EngineView;
use crate::engine::forwarding::{Decision, Disposition, DropReason, Packet};
use crate::engine::pcap::Skip;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// In three numbers: the hash of every part by itself costs more than all else that is
/// done for a packet.
impl Hash for Flow {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        state.write_u128(bits(self.source));
        state.write_u128(bits(self.destination));
        let ports = u64::from(self.source_port) << 16 | u64::from(self.destination_port);
        state.write_u64(ports << 8 | u64::from(self.protocol));
    }
}

impl Flow {
    fn of(packet: &Packet) -> Self {
        let Packet { source, destination, protocol, source_port, destination_port, .. } = *packet;
        Self { source, destination, protocol, source_port, destination_port }
    }
}

/// What becomes of packets, in both engines if there are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// In the engine.
    pub before: Verdict,
    /// In the one it is compared with.
    pub after: Option<Verdict>,
}

/// A flow has few outcomes, mostly one: they may share a hash.
impl Hash for Outcome {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// What has been counted of one flow with one outcome.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// How much.
    pub amount: Amount,
    /// The session that takes the flow, as in [`Decision::session`].
    pub session: Option<u32>,
}

/// What has been counted of one session.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionTally {
    /// What arrives.
    pub delivered: Amount,
    /// What does not.
    pub dropped: Amount,
}

/// What has been counted.
pub struct Tally<'a> {
    /// The engines.
    pub judge: Judge<'a>,
    /// By flow and outcome.
    pub rows: HashMap<(Flow, Outcome), Row>,
    /// Frames that were not sent through the engine, by reason.
    pub skipped: BTreeMap<Skip, Amount>,
    /// What has no row, because there are too many: by outcome.
    pub unlisted: BTreeMap<Outcome, Amount>,
    /// By session, as in [`Decision::session`], one place further; the first counts what
    /// no session takes.
    sessions: Vec<SessionTally>,
    most_rows: usize,
}

impl<'a> Tally<'a> {
    /// Nothing has been counted.
    pub fn new(judge: Judge<'a>) -> Self {
        Self {
            judge,
            rows: HashMap::new(),
            skipped: BTreeMap::new(),
            unlisted: BTreeMap::new(),
            sessions: Vec::new(),
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
        self.rows.is_empty() && self.skipped.is_empty()
    }

    /// Counts `packets` packets like this one.
    pub fn count(&mut self, packet: &Packet, packets: u64) {
        let amount = Amount { packets, bytes: packets.saturating_mul(packet.size as u64) };
        let decision = self.judge.before.decide(packet);
        let after = self.judge.after.map(|view| verdict(&view.decide(packet)));
        let outcome = Outcome { before: verdict(&decision), after };
        let is_full = self.rows.len() >= self.most_rows;
        match self.rows.entry((Flow::of(packet), outcome)) {
            Entry::Occupied(mut row) => row.get_mut().amount += amount,
            Entry::Vacant(free) if !is_full => _ = free.insert(Row { amount, session: decision.session }),
            Entry::Vacant(_) => *self.unlisted.entry(outcome).or_default() += amount,
        }
        let place = decision.session.map_or(0, |session| session as usize + 1);
        if place >= self.sessions.len() {
            self.sessions.resize(place + 1, SessionTally::default());
        }
        if let Some(session) = self.sessions.get_mut(place) {
            let arrives = decision.disposition != Disposition::Dropped;
            *(if arrives { &mut session.delivered } else { &mut session.dropped }) += amount;
        }
    }

    /// Counts a frame of `size` bytes that is passed over.
    pub fn skip(&mut self, skip: Skip, size: u32) {
        *self.skipped.entry(skip).or_default() += Amount { packets: 1, bytes: size.into() };
    }

    /// What has been counted, by outcome.
    pub fn outcomes(&self) -> BTreeMap<Outcome, Amount> {
        let mut outcomes = self.unlisted.clone();
        for ((_, outcome), row) in &self.rows {
            *outcomes.entry(*outcome).or_default() += row.amount;
        }
        outcomes
    }

    /// What has been counted, by session; none: no session takes it.
    pub fn sessions(&self) -> impl Iterator<Item = (Option<&'a PolicyPath>, &SessionTally)> {
        let path = |place: usize| self.session_path(u32::try_from(place.checked_sub(1)?).ok()?);
        self.sessions.iter().enumerate().map(move |(place, tally)| (path(place), tally))
    }

    /// The path of a row's session.
    pub fn session_path(&self, session: u32) -> Option<&'a PolicyPath> {
        self.judge.before.forwarding().session_path(session)
    }
}

/// What becomes of a packet, and why it is dropped if it is.
fn verdict(decision: &Decision) -> Verdict {
    (decision.disposition, decision.drop_reason)
}
