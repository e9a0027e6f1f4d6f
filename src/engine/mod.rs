//! The embedded engine: it holds what was declared and answers as the real API
//! would.
//!
//! | module | what it holds |
//! |---|---|
//! | [`object`] | a stored object and the metadata the system keeps of it |
//! | [`refusal`] | why a request is refused, with the API's status, code and text |
//! | `intent` | reading and writing objects: GET, list, PUT, PATCH, DELETE |
//! | `address` | addresses of VPN services without their locale service |
//! | `batch` | several writes in one transaction |
//! | `raw` | objects as the JSON they are stored as, for those who only pass it on |
//! | [`mirror`] | what is declared, in memory, for those who ask often |
//! | `index` | the keys in the store: objects, who refers to whom, addresses and networks by holder |
//! | `system` | the objects that exist from the start, and those that come with another |
//! | [`ledger`] | what callers note beside the objects: claims, keepers, plans |
//! | [`negotiation`] | whether sessions come up, and what makes them go down |
//! | [`bgp`] | what neighbors teach and learn, and which routes are used |
//! | [`forwarding`] | the way of a packet |
//! | [`fabric`] | switches between hosts, what crosses them, and what compute agents find there |
//! | [`runtime`] | the course of events: all of the above from moment to moment |
//! | [`networks`] | Neutron's networks, subnets and ports: segments and their ports, seen from there |
//! | [`live_trace`] | live traces: what they have seen of the packets that flows send |
//! | [`taps`] | Neutron's taps: services, flows and mirrors, and what they refer to |
//! | [`packets`] | the summaries of packets, as NetMaster's packet traces show them |
//! | [`traces`] | packet traces that are kept |
//! | [`pcap`] | capture files, read and written |
//! | [`topology`] | what is declared, as typed values |
//! | [`prefix_filter`] | which routes a prefix list lets pass |
//! | [`esp`] | how large a packet becomes in a tunnel, and what fits |
//! | `parallel` | independent work on several processors |
//! | [`store`] | an ordered map with durable transactions |
//!
//! The engine has no clock of its own: every call is told the time. Every write is
//! one transaction, references included, so that any number of processes can
//! share one store.

pub mod bgp;
pub mod esp;
pub mod fabric;
pub mod forwarding;
pub mod ledger;
pub mod live_trace;
pub mod mirror;
pub mod negotiation;
pub mod networks;
pub mod object;
pub mod packets;
pub mod pcap;
pub mod prefix_filter;
pub mod refusal;
pub mod runtime;
pub mod store;
pub mod taps;
pub mod topology;
pub mod traces;

mod address;
mod batch;
mod index;
mod intent;
mod parallel;
mod raw;
mod system;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub use batch::{BatchRefusal, Change, Write};
pub use object::Object;
pub use raw::Document;
pub use refusal::Refusal;
pub use runtime::{
    Answer, Capture, CaptureOf, CaptureRequest, CapturedCopy, EngineView, Planned, Question, Rest, Runtime,
    TraceAnswer, TraceRequest, Unseen, When,
};

use prefix_filter::PrefixMatch;
use store::{Options, SqliteStore, Store, StoreError};
use taps::Quotas;

/// A moment, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment(pub i64);

impl Moment {
    /// The moment the machine's clock shows.
    pub fn from_clock() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Who makes a request, and when.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The name that is kept with what the caller creates or changes.
    pub user: String,
    /// When the request is made.
    pub now: Moment,
}

/// What a reader gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reveal {
    /// Everything but secrets, as a plain GET.
    Public,
    /// Everything, as `?action=show_sensitive_data`.
    Secrets,
}

/// The engine over one store.
#[derive(Clone)]
pub struct Engine {
    store: Arc<dyn Store>,
    prefix_match: PrefixMatch,
    quotas: Quotas,
    /// Whether it only looks: nothing is stored but what it is told to.
    looks_on: bool,
    mirror: Arc<mirror::Mirror>,
    course: Arc<runtime::Kept>,
}

impl Engine {
    /// Opens the engine file at `path`, which is created when there is none.
    pub fn open(path: &Path, now: Moment) -> Result<Self, StoreError> {
        Self::over(Arc::new(SqliteStore::open(path)?), now)
    }

    /// Opens the engine file at `path`, which there has to be.
    pub fn open_existing(path: &Path, now: Moment) -> Result<Self, StoreError> {
        let options = Options { create: false, ..Options::default() };
        Self::over(Arc::new(SqliteStore::open_with(path, options)?), now)
    }

    /// The engine over `store`; what exists from the start is created if it does
    /// not.
    pub fn over(store: Arc<dyn Store>, now: Moment) -> Result<Self, StoreError> {
        let engine = Self {
            store,
            prefix_match: PrefixMatch::default(),
            quotas: Quotas::UNLIMITED,
            looks_on: false,
            mirror: Arc::default(),
            course: Arc::default(),
        };
        system::create(&engine, now)?;
        Ok(engine)
    }

    /// The same engine for somebody who only looks, perhaps by other rules than those it is
    /// run by: whatever is asked of it, no state is settled.
    #[must_use]
    pub fn looking_on(self) -> Self {
        Self { looks_on: true, course: Arc::default(), ..self }
    }

    /// The same engine, with the bounds of prefix lists read as `mode` says.
    #[must_use]
    pub fn reading_bounds_as(self, mode: PrefixMatch) -> Self {
        Self { prefix_match: mode, course: Arc::default(), ..self }
    }

    /// How many taps projects may have.
    pub fn quotas(&self) -> Quotas {
        self.quotas
    }

    /// The same engine, in which projects may have so many taps.
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }
}
