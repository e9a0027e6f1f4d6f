//! How a trace and its packets lie in the store.
//!
//! | key | value |
//! |---|---|
//! | `m/h/` region, newline, id | the trace, as JSON |
//! | `m/c/` region, newline, id, newline, number of the first packet in hex | packets |
//! | `m/n/` region, newline, name of a definition | the last generation that was given |
//! | `m/w/` region, newline, id | packets of a trace that goes on, sent and not yet caught |

use std::ops::ControlFlow;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::follow::Follows;
use super::{State, TraceId};
use crate::engine::pcap::{Direction, Frame, Link, Writer};
use crate::engine::store::{Store, StoreError, StoreExt, Transaction, View, ViewExt};

/// A trace, without its packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The region it is in.
    pub region: String,
    /// What tells it from others there.
    pub id: TraceId,
    /// How far it is.
    pub state: State,
    /// Who made it.
    pub user: String,
    /// What it was made of, for people.
    pub source: String,
    /// The packets that are kept.
    pub kept: u64,
    /// The packets that there were.
    pub total: u64,
    /// When the first and the last packet that is kept were caught, in nanoseconds since 1970.
    pub first: Option<i64>,
    /// See `first`.
    pub last: Option<i64>,
    /// When it was made, in milliseconds since 1970.
    pub made: i64,
    /// The addresses that are local.
    pub locals: Vec<IpNet>,
    /// The name of the interface of packets that do not tell theirs.
    pub interface: String,
    /// The number of the link of the first packet.
    pub link: u32,
    /// What there is among its packets.
    pub seen: Seen,
    /// Whether packets were left out because there were more than wanted.
    pub is_cut: bool,
    /// The numbers of the first packets of the chunks, in order.
    pub chunks: Vec<u64>,
    /// What it follows; none: it was made at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Follows>,
}

/// What there is among the packets of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// IPv6.
    pub v6: bool,
    /// TCP.
    pub tcp: bool,
    /// UDP.
    pub udp: bool,
}

impl Head {
    /// The first packet of the chunk that has this packet; none where no chunk has it.
    pub(super) fn chunk_of(&self, number: u64) -> Option<u64> {
        if number == 0 || number > self.kept {
            return None;
        }
        let behind = self.chunks.partition_point(|first| *first <= number);
        self.chunks.get(behind.checked_sub(1)?).copied()
    }

    /// Whether it is kept as it is, and no more packets come.
    pub fn is_saved(&self) -> bool {
        self.state != State::Running
    }

    /// What a capture file of its packets begins with.
    pub fn file_header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        // Writing to memory does not fail.
        let _ = Writer::new(&mut header, Link::of(self.link));
        header
    }
}

fn head_key(region: &str, id: &TraceId) -> String {
    format!("m/h/{region}\n{id}")
}

fn chunks_key(region: &str, id: &TraceId) -> String {
    format!("m/c/{region}\n{id}\n")
}

fn chunk_key(trace: &Head, first: u64) -> String {
    format!("{}{first:016x}", chunks_key(&trace.region, &trace.id))
}

fn waiting_key(trace: &Head) -> String {
    format!("m/w/{}\n{}", trace.region, trace.id)
}

/// The next generation of a definition.
pub(super) fn next_generation(
    tx: &mut (impl Transaction + ?Sized),
    region: &str,
    definition: &str,
) -> Result<u32, StoreError> {
    let key = format!("m/n/{region}\n{definition}");
    let last = tx.get(&key)?.and_then(|it| String::from_utf8(it).ok()?.parse::<u32>().ok()).unwrap_or_default();
    let next = last.saturating_add(1);
    tx.put(&key, next.to_string().as_bytes())?;
    Ok(next)
}

/// Keeps what is known of a trace.
pub(super) fn put_head(tx: &mut (impl Transaction + ?Sized), trace: &Head) -> Result<(), StoreError> {
    let value = serde_json::to_vec(trace).map_err(|_| StoreError::NotRun)?;
    tx.put(&head_key(&trace.region, &trace.id), &value)
}

/// Keeps what is known of a trace that goes on, if nobody has since it was read. Says whether it
/// did.
pub(super) fn put_head_in_turn(tx: &mut (impl Transaction + ?Sized), trace: &Head) -> Result<bool, StoreError> {
    let turn = |trace: &Head| trace.follows.as_ref().map(|follows| follows.turn);
    let known = head(&*tx, &trace.region, &trace.id)?;
    if known.is_none_or(|known| known.state != State::Running || turn(&known) != turn(trace)) {
        return Ok(false);
    }
    let mut trace = trace.clone();
    if let Some(follows) = &mut trace.follows {
        follows.turn += 1;
    }
    put_head(tx, &trace)?;
    Ok(true)
}

/// The packets of a trace that were sent and have not been caught yet.
pub(super) fn waiting(view: &(impl View + ?Sized), trace: &Head) -> Result<Chunk, StoreError> {
    Ok(view.get(&waiting_key(trace))?.map_or_else(|| Chunk::after(None), |bytes| Chunk { bytes }))
}

/// Keeps the packets of a trace that have not been caught yet.
pub(super) fn put_waiting(tx: &mut (impl Transaction + ?Sized), trace: &Head, chunk: &Chunk) -> Result<(), StoreError> {
    if chunk.frames().next().is_none() {
        return forget_waiting(tx, trace);
    }
    tx.put(&waiting_key(trace), chunk.bytes())
}

/// Nothing waits any more.
pub(super) fn forget_waiting(tx: &mut (impl Transaction + ?Sized), trace: &Head) -> Result<(), StoreError> {
    tx.delete(&waiting_key(trace)).map(|_| ())
}

/// One trace.
pub(super) fn head(view: &(impl View + ?Sized), region: &str, id: &TraceId) -> Result<Option<Head>, StoreError> {
    let key = head_key(region, id);
    view.get(&key)?.map(|value| read_head(&key, &value)).transpose()
}

fn read_head(key: &str, value: &[u8]) -> Result<Head, StoreError> {
    serde_json::from_slice(value).map_err(|_| StoreError::Unreadable { key: key.to_owned() })
}

/// All traces of a region.
pub(super) fn heads(view: &(impl View + ?Sized), region: &str) -> Result<Vec<Head>, StoreError> {
    heads_at(view, &format!("m/h/{region}\n"))
}

/// All traces of all regions.
pub(super) fn all_heads(view: &(impl View + ?Sized)) -> Result<Vec<Head>, StoreError> {
    heads_at(view, "m/h/")
}

fn heads_at(view: &(impl View + ?Sized), prefix: &str) -> Result<Vec<Head>, StoreError> {
    let mut found = Vec::new();
    view.scan_prefix(prefix, &mut |key, value| {
        let read = read_head(key, value);
        let is_read = read.is_ok();
        found.push(read);
        if is_read { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    found.into_iter().collect()
}

/// Keeps packets.
pub(super) fn put_chunk(
    tx: &mut (impl Transaction + ?Sized),
    trace: &Head,
    first: u64,
    chunk: &[u8],
) -> Result<(), StoreError> {
    tx.put(&chunk_key(trace, first), chunk)
}

/// The packets of a chunk; none where the trace has been removed meanwhile.
pub(super) fn chunk(view: &(impl View + ?Sized), trace: &Head, first: u64) -> Result<Option<Chunk>, StoreError> {
    let key = chunk_key(trace, first);
    match view.get(&key)? {
        Some(bytes) => Ok(Some(Chunk { bytes })),
        None if head(view, &trace.region, &trace.id)?.is_none() => Ok(None),
        None => Err(StoreError::Unreadable { key }),
    }
}

/// Removes a trace, its packets one transaction after the other. Who looks meanwhile finds
/// none: what is known of it goes first.
pub(super) fn remove(store: &dyn Store, trace: &Head) -> Result<(), StoreError> {
    let known = trace.clone();
    store.write(move |tx| {
        forget_waiting(tx, &known)?;
        tx.delete(&head_key(&known.region, &known.id)).map(|_| ())
    })?;
    for first in &trace.chunks {
        let key = chunk_key(trace, *first);
        store.write(move |tx| tx.delete(&key).map(|_| ()))?;
    }
    Ok(())
}

/// What stands where a time is not known.
const NO_TIME: i64 = i64::MIN;
/// The bytes of a packet's record before its interface.
const RECORD: usize = 22;

/// Packets, one behind the other: before them the time of the packet that precedes.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    bytes: Vec<u8>,
}

impl Chunk {
    /// A chunk behind a packet that was caught at this time, in nanoseconds.
    pub fn after(before: Option<i64>) -> Self {
        Self { bytes: before.unwrap_or(NO_TIME).to_be_bytes().to_vec() }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What is to be kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// When the packet before the first one was caught.
    pub fn before(&self) -> Option<i64> {
        self.bytes.first_chunk().map(|it| i64::from_be_bytes(*it)).filter(|time| *time != NO_TIME)
    }

    /// Adds a packet.
    pub fn push(&mut self, frame: &Frame<'_>) {
        let interface = frame.interface.unwrap_or_default().as_bytes();
        let length = u8::try_from(interface.len()).unwrap_or_default();
        let kept = u32::try_from(frame.bytes.len()).unwrap_or_default();
        self.bytes.extend(frame.time.unwrap_or(NO_TIME).to_be_bytes());
        self.bytes.extend(frame.link.number().to_be_bytes());
        self.bytes.extend(frame.size.to_be_bytes());
        self.bytes.extend(kept.to_be_bytes());
        self.bytes.push(match frame.direction {
            None => 0,
            Some(Direction::Received) => 1,
            Some(Direction::Sent) => 2,
        });
        self.bytes.push(length);
        self.bytes.extend(interface.get(..length.into()).unwrap_or_default());
        self.bytes.extend(frame.bytes);
    }

    /// The packets.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        let mut rest = self.bytes.get(8..).unwrap_or_default();
        std::iter::from_fn(move || {
            let (frame, behind) = frame(rest)?;
            rest = behind;
            Some(frame)
        })
    }
}

fn frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (record, rest) = bytes.split_at_checked(RECORD)?;
    let number = |at: usize| record.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let time = i64::from_be_bytes(*record.first_chunk()?);
    let (link, size, kept) = (number(8)?, number(12)?, number(16)?);
    let direction = match record.get(20)? {
        1 => Some(Direction::Received),
        2 => Some(Direction::Sent),
        _ => None,
    };
    let (interface, rest) = rest.split_at_checked(usize::from(*record.get(21)?))?;
    let (kept, rest) = rest.split_at_checked(kept as usize)?;
    let interface = std::str::from_utf8(interface).ok().filter(|it| !it.is_empty());
    let time = Some(time).filter(|time| *time != NO_TIME);
    Some((Frame { link: Link::of(link), time, interface, direction, size, bytes: kept }, rest))
}
