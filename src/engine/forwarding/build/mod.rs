//! What is declared, and what is the case now, becomes tables.
//!
//! | module | what it brings in |
//! |---|---|
//! | `nodes` | gateways, peers and sessions, and which addresses are their own |
//! | `segments` | segments and their ports |
//! | `rules` | the rules of policy-based sessions, and bypass rules |
//! | `routes` | what gateways and peers learned, and what lies behind peers |

mod nodes;
mod routes;
mod rules;
mod segments;

use std::collections::HashMap;
use std::hash::Hash;

use super::atlas::{Claim, Draft};
use super::explain::Explain;
use super::index::small;
use super::rules::Rules;
use super::tables::{Gateway, Group, Hop, NextHop, Peer, Port, Segment, Subnet};
use super::tunnels::Sessions;
use super::{Forwarding, Inputs, RouteSource, taps};
use crate::engine::topology::Topology;
use crate::model::{Network, PolicyPath};

/// Tables in the making.
struct Builder<'a> {
    inputs: &'a Inputs<'a>,
    topology: &'a Topology,
    draft: Draft,
    gateways: Vec<Gateway>,
    /// By the path of the gateway.
    gateway_numbers: HashMap<String, u32>,
    segments: Vec<Segment>,
    subnets: Vec<Subnet>,
    ports: Vec<Port>,
    peers: Vec<Peer>,
    sessions: Sessions,
    session_numbers: HashMap<&'a PolicyPath, u32>,
    hops: Numbers<Hop>,
    groups: Vec<Group>,
    /// The groups by their next hops.
    group_hops: foldhash::HashMap<Vec<NextHop>, Hop>,
    neighbors: Numbers<&'a PolicyPath>,
}

/// The tables for `inputs`.
pub(super) fn build(inputs: &Inputs<'_>) -> Forwarding {
    let mut builder = Builder {
        inputs,
        topology: inputs.topology,
        draft: Draft::default(),
        gateways: Vec::new(),
        gateway_numbers: HashMap::new(),
        segments: Vec::new(),
        subnets: Vec::new(),
        ports: Vec::new(),
        peers: Vec::new(),
        sessions: Sessions::default(),
        session_numbers: inputs.topology.sessions.keys().zip(0..).collect(),
        hops: Numbers::default(),
        groups: Vec::new(),
        group_hops: foldhash::HashMap::default(),
        neighbors: Numbers::default(),
    };
    builder.gateways();
    builder.peers();
    builder.sessions();
    // What is a node's own comes first: of several hops to one network the first counts.
    builder.own_addresses();
    builder.segments();
    builder.unroutable();
    let rules = builder.rules();
    builder.routes_of_gateways();
    builder.routes_of_peers();
    builder.finish(rules)
}

impl Builder<'_> {
    /// A node gets to a network.
    fn way(&mut self, network: Network, node: u32, by: RouteSource, hop: Hop) {
        let hop = self.hops.of(hop);
        self.draft.way(network, node, by, hop);
    }

    /// Networks that no router forwards to.
    fn unroutable(&mut self) {
        for (network, is_strict) in UNROUTABLE {
            if let Ok(network) = network.parse() {
                self.draft.claim(network, Claim::Unroutable { is_strict });
            }
        }
    }

    /// The number of the gateway that an object belongs to.
    fn gateway_of(&self, path: &PolicyPath) -> Option<u32> {
        self.gateway_numbers.get(path.gateway()?.as_str()).copied()
    }

    fn finish(mut self, rules: Rules) -> Forwarding {
        let taps = taps::of(self.topology, self.inputs.now, &mut self.ports, &self.segments);
        let explain = Explain::new(self.inputs, &self.gateway_numbers, &self.session_numbers, &self.sessions);
        Forwarding {
            atlas: self.draft.finish(rules.parts.len(), self.hops.values),
            rules,
            groups: self.groups,
            neighbors: self.neighbors.values.into_iter().cloned().collect(),
            gateways: self.gateways,
            segments: self.segments,
            subnets: self.subnets,
            ports: self.ports,
            taps,
            peers: self.peers,
            sessions: self.sessions,
            explain,
        }
    }
}

/// Networks that no router forwards to (RFC 1122 section 3.2.1.3, RFC 4291 section
/// 2.4), as far as the model takes them for no interface's, and whether nobody's routes
/// can change that. Link-local ones of IPv4 are where VMware Cloud on AWS has the
/// addresses of tunnels.
const UNROUTABLE: [(&str, bool); 9] = [
    ("0.0.0.0/8", true),
    ("127.0.0.0/8", true),
    ("169.254.0.0/16", false),
    ("224.0.0.0/4", true),
    ("255.255.255.255/32", true),
    ("::/128", true),
    ("::1/128", true),
    ("fe80::/10", true),
    ("ff00::/8", true),
];

/// Values and their positions in a table, in the order in which they came first.
struct Numbers<T> {
    values: Vec<T>,
    numbers: foldhash::HashMap<T, u32>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: foldhash::HashMap::default() }
    }
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn of(&mut self, value: T) -> u32 {
        let next = small(self.values.len());
        *self.numbers.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        })
    }
}
