//! Live traces: where packets enter, which of them are looked at, and what is done with them.

use std::sync::Arc;

use super::read::Doc;
use crate::engine::live_trace::TraceFilter;
use crate::model::{PolicyPath, TraceType, Tree};

/// A live trace.
#[derive(Clone, Debug)]
pub struct LiveTrace {
    /// Its policy path.
    pub path: PolicyPath,
    /// What is looked at.
    pub watched: Watched,
    /// Whether it is removed when it has ended for some time.
    pub is_transient: bool,
    /// All that is kept of it.
    pub document: Arc<Tree>,
}

/// What a live trace looks at. Another one begins when it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// Where packets enter.
    pub source: Entrance,
    /// Which of them are looked at.
    pub filter: TraceFilter,
    /// Where those of the way back enter, and which of them are looked at.
    pub way_back: Option<(Entrance, TraceFilter)>,
    /// Packets are traced.
    pub trace: Option<Action>,
    /// Packets are counted.
    pub count: Option<Action>,
    /// Packets are captured.
    pub capture: Option<Action>,
    /// What modules of the data path do is counted.
    pub statistics: Option<Action>,
    /// Milliseconds for which packets are looked at.
    pub timeout: i64,
}

/// Where packets enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// At a segment port.
    Port(PolicyPath),
    /// Out of the tunnel of a route-based session, at its gateway.
    Tunnel(PolicyPath),
}

/// What is done with packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// With the first so many of each direction; none: with all of them.
    pub packets: Option<usize>,
    /// Whether with those of the way back, too.
    pub both_ways: bool,
}

impl Entrance {
    /// The path of the port or the session.
    pub const fn path(&self) -> &PolicyPath {
        match self {
            Self::Port(path) | Self::Tunnel(path) => path,
        }
    }
}

impl Watched {
    /// Every place where packets enter.
    pub fn entrances(&self) -> impl Iterator<Item = &Entrance> {
        [&self.source].into_iter().chain(self.way_back.as_ref().map(|(entrance, _)| entrance))
    }
}

pub(super) fn live_trace(path: &PolicyPath, tree: &Tree) -> Option<LiveTrace> {
    let doc = Doc(tree);
    let actions = doc.get("actions");
    let action = |name: &str| {
        let action = actions.get(name);
        let direction = action.word("trace_type", TraceType::parse)?;
        Some(Action {
            packets: action.get("sampling").number("match_number"),
            both_ways: direction == TraceType::BiDirectional,
        })
    };
    let (trace, count) = (action("trace_config"), action("counter_config"));
    let (capture, statistics) = (action("pktcap_config"), action("datapath_stats_config"));
    let named = ["trace_config", "counter_config", "pktcap_config", "datapath_stats_config"];
    let is_both = |action: &Doc<'_>| action.word("trace_type", TraceType::parse) == Some(TraceType::BiDirectional);
    let way_back = named.into_iter().map(|name| actions.get(name)).find(is_both).and_then(|action| {
        let entrance = entrance(action, "dest_port_path", "dest_ipsec_vpn_config")?;
        Some((entrance, TraceFilter::of(action.get("reverse_filter").0)))
    });
    Some(LiveTrace {
        path: path.clone(),
        watched: Watched {
            source: entrance(doc, "src_port_path", "ipsec_vpn_config")?,
            filter: TraceFilter::of(doc.get("filter").0),
            way_back,
            trace,
            count,
            capture,
            statistics,
            timeout: doc.number::<i64>("timeout").unwrap_or(10).saturating_mul(1_000),
        },
        is_transient: doc.bool("is_transient", false),
        document: Arc::new(tree.clone()),
    })
}

fn entrance(doc: Doc<'_>, port: &str, tunnel: &str) -> Option<Entrance> {
    doc.path(port).map(Entrance::Port).or_else(|| doc.get(tunnel).path("session_path").map(Entrance::Tunnel))
}
