//! A trace in words.

use std::fmt;

use super::{Because, CopyTo, Disposition, DropReason, Event, Node, RouteSource, Trace};
use crate::model::PolicyPath;

/// So many neighbors are named that routes may be missing from.
pub const MOST_NAMED: usize = 3;

impl Node {
    /// What it is, in one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Segment(_) => "segment",
            Self::Tier1(_) => "tier-1",
            Self::Tier0(_) => "tier-0",
            Self::Underlay => "underlay",
            Self::Peer(_) => "peer",
        }
    }

    /// Its policy path; the underlay has none.
    pub const fn path(&self) -> Option<&PolicyPath> {
        match self {
            Self::Segment(path) | Self::Tier1(path) | Self::Tier0(path) | Self::Peer(path) => Some(path),
            Self::Underlay => None,
        }
    }
}

impl Event {
    /// What happens, in one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "SENT",
            Self::Matched { .. } => "MATCHED",
            Self::Routed { .. } => "ROUTED",
            Self::Clamped { .. } => "CLAMPED",
            Self::Fragmented { .. } => "FRAGMENTED",
            Self::Encapsulated { .. } => "ENCAPSULATED",
            Self::Carried { .. } => "CARRIED",
            Self::Decapsulated { .. } => "DECAPSULATED",
            Self::Copied { .. } => "COPIED",
            Self::Delivered { .. } => "DELIVERED",
            Self::Accepted => "ACCEPTED",
            Self::Dropped { .. } => "DROPPED",
        }
    }
}

impl fmt::Display for RouteSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected => "connected",
            Self::Static => "static",
            Self::Bgp => "BGP",
            Self::Aggregate => "aggregate",
        })
    }
}

/// What happens, in words for people.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { network: Some(network) } => write!(f, "from {network}"),
            Self::Sent { network: None } => f.write_str("from nowhere that is known"),
            Self::Matched { rule, sequence_number, is_bypass, source, destination } => {
                let what = if *is_bypass { "bypass rule" } else { "rule" };
                write!(f, "{what} {rule} ({sequence_number}): {source} to {destination}")
            }
            Self::Routed { network, by, next_hops, chosen } => {
                write!(f, "{network}, {by}")?;
                match (chosen, next_hops.len()) {
                    (Some(hop), 0 | 1) => write!(f, " via {hop}"),
                    (Some(hop), count) => write!(f, " via {hop}, one of {count} equally good next hops"),
                    (None, _) => Ok(()),
                }
            }
            Self::Clamped { from, to } => write!(f, "MSS {from} becomes {to}"),
            Self::Fragmented { sizes, is_inner } => {
                let when = if *is_inner { "before encryption" } else { "after encryption" };
                write!(f, "into fragments of {} bytes, {when}", sum(sizes))
            }
            Self::Encapsulated { by, inner_size, outer_size, df_policy, selectors: (local, remote), .. } => {
                let digest = by.proposal.digest().map_or_else(String::new, |digest| format!(" {}", digest.word()));
                let udp = if by.nat_traversal { " in UDP" } else { "" };
                let cipher = by.proposal.cipher().word();
                write!(
                    f,
                    "{inner_size} bytes become {outer_size}: ESP{udp} {cipher}{digest}, {local} to {remote}, DF {}",
                    df_policy.word()
                )
            }
            Self::Carried { from, to, latency, path_mtu } => {
                write!(f, "{from} to {to} in {latency} ms, at most {path_mtu} bytes")
            }
            Self::Decapsulated { size, .. } => write!(f, "{size} bytes again"),
            Self::Copied { direction, sizes, to, .. } => {
                write!(f, "{} bytes that go {}, to {to}", sum(sizes), direction.word())
            }
            Self::Delivered { network, port: Some(port) } => write!(f, "to {network}, port {}", port.id()),
            Self::Delivered { network, port: None } => write!(f, "to {network}"),
            Self::Accepted => f.write_str("it was for this node itself"),
            Self::Dropped { reason, because } => match because {
                Some(because) => write!(f, "{}: {because}", reason.word()),
                None => f.write_str(reason.word()),
            },
        }
    }
}

impl fmt::Display for CopyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { port, is_up: true, .. } => write!(f, "port {}", port.id()),
            Self::Service { port, is_up: false, .. } => write!(f, "port {}, which is down", port.id()),
            Self::Remote { address, wrap, tunnel } => write!(f, "{address} by {} {tunnel}", wrap.word()),
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(reason) => write!(f, "{reason}"),
            Self::NoNeighbor { sessions } => {
                let ids: Vec<_> = sessions.iter().map(PolicyPath::id).collect();
                write!(
                    f,
                    "no BGP neighbor has its address in the tunnel subnet of {}, so no routes lead into it",
                    ids.join(", ")
                )
            }
            Self::NoBgp { sessions } => {
                let ids: Vec<_> = sessions.iter().map(PolicyPath::id).collect();
                write!(
                    f,
                    "a tier-1 gateway runs no BGP, so no routes but that of its tunnel subnet lead into {}",
                    ids.join(", ")
                )
            }
            Self::NotAdvertised { tier1, segment } => {
                write!(f, "{} is a segment of {}, which does not advertise it", segment.id(), tier1.id())
            }
            Self::NeighborDown { neighbors } => {
                let named = neighbors.iter().take(MOST_NAMED);
                let each: Vec<_> = named.map(|(path, why)| format!("{}: {why}", path.id())).collect();
                write!(f, "BGP is not established with {}", each.join("; "))?;
                match neighbors.len().saturating_sub(MOST_NAMED) {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more"),
                }
            }
            Self::Disconnected { segment } => {
                write!(f, "the segment {} has it, and is connected to no gateway", segment.id())
            }
            Self::NotLearned { neighbor, network, by } => {
                write!(f, "{} has {network}, and it is not learned: {by}", neighbor.id())
            }
            Self::NotTaught { neighbor, network, by } => {
                write!(f, "{network} is there for {}, which does not learn it: {by}", neighbor.id())
            }
            Self::Fits { mtu } => write!(f, "at most {mtu} bytes fit"),
            Self::Protects(text) => f.write_str(text),
        }
    }
}

/// Sizes as a sum; what comes several times in a row is counted: `46 × 1444 + 31`.
pub fn sum(sizes: &[usize]) -> String {
    let same = |run: &[usize]| match run {
        [first, _, ..] => format!("{} × {first}", run.len()),
        _ => run.iter().map(usize::to_string).collect(),
    };
    sizes.chunk_by(|one, other| one == other).map(same).collect::<Vec<_>>().join(" + ")
}

impl Trace {
    /// What became of the packet, in a sentence or two.
    pub fn explanation(&self) -> String {
        let because = self.steps.last().and_then(|step| match &step.event {
            Event::Dropped { because: Some(because), .. } => Some(because.to_string()),
            _ => None,
        });
        let said = match self.drop_reason {
            Some(reason) => DropReason::WORDS.meaning(reason.word()),
            None => Disposition::WORDS.meaning(self.disposition.word()),
        };
        match because {
            Some(because) => format!("{} ({because})", said.trim_end_matches('.')),
            None => said.to_owned(),
        }
    }
}
