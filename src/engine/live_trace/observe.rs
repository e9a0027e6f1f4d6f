//! The way of a packet as the components of the data center tell it.
//!
//! What is beyond the uplink, peers and the network up to them, tells nothing: a packet that
//! goes there is out of sight until it comes out of a tunnel again.

use std::net::IpAddr;

use super::observation::{Component, Interface, Observation, Part, Port, TransportNode, UPLINK, Vpn, What, Wire};
use super::reasons;
use crate::engine::forwarding::{DropReason, Event, Node, Step, Trace};
use crate::engine::topology::{Entrance, SessionKind, Topology};
use crate::model::PolicyPath;

/// A packet as it was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sight {
    /// What was told of it, in order.
    pub observations: Vec<Observation>,
    /// What became of it, in words.
    pub analysis: String,
    /// How many milliseconds it had been on its way when it entered.
    pub before: u32,
    /// Its sizes in bytes when it entered: one, or those of its fragments.
    pub sizes: Vec<usize>,
    /// How many hops it could still go when it entered.
    pub time_to_live: u8,
}

/// The step with which the packet of `trace` enters at `entrance`; none if it does not.
pub fn enters(trace: &Trace, entrance: &Entrance) -> Option<usize> {
    let is_gateway = |step: &Step| matches!(step.node, Node::Tier0(_) | Node::Tier1(_));
    match entrance {
        Entrance::Port(port) => {
            let first = trace.steps.first()?;
            let is_it = matches!(first.event, Event::Sent { .. }) && first.object.as_ref() == Some(port);
            is_it.then_some(0)
        }
        Entrance::Tunnel(session) => trace.steps.iter().position(|step| {
            matches!(step.event, Event::Decapsulated { .. })
                && is_gateway(step)
                && step.object.as_ref() == Some(session)
        }),
    }
}

/// What is told of the packet of `trace`, which enters with the step `start`.
pub(super) fn observe(topology: &Topology, trace: &Trace, start: usize) -> Sight {
    let (earlier, own) = trace.steps.split_at(start.min(trace.steps.len()));
    let mut teller = Teller::of(topology, trace);
    let (mut sizes, mut time_to_live) = (vec![trace.packet.size], trace.packet.time_to_live);
    for step in earlier {
        match &step.event {
            Event::Fragmented { sizes: cut, is_inner: true } => sizes.clone_from(cut),
            Event::Carried { from, to, latency, .. } => teller.crossed(*from, *to, *latency),
            Event::Matched { is_bypass: false, rule, .. } => teller.matched(step, rule),
            _ => {}
        }
    }
    let before = std::mem::take(&mut teller.after);
    if let Some(Event::Decapsulated { time_to_live: left, .. }) = own.first().map(|step| &step.event) {
        time_to_live = *left;
    }
    for step in own {
        teller.tell(step);
    }
    let analysis = teller.analysis();
    Sight { observations: teller.told, analysis, before, sizes, time_to_live }
}

struct Teller<'a> {
    topology: &'a Topology,
    trace: &'a Trace,
    told: Vec<Observation>,
    /// Which component has the packet; none where it is out of sight.
    here: Option<(Component, TransportNode)>,
    /// Whether it comes back from outside.
    comes_back: bool,
    after: u32,
    sequence: u32,
    /// The route that leads on.
    route: Option<(String, Option<IpAddr>)>,
    /// The tunnel that it goes into.
    vpn: Option<Vpn>,
    /// The rule that has matched it last.
    rule: Option<String>,
    /// The addresses between which it has crossed the network outside last.
    crossed: Option<(IpAddr, IpAddr)>,
}

impl<'a> Teller<'a> {
    fn of(topology: &'a Topology, trace: &'a Trace) -> Self {
        Self {
            topology,
            trace,
            told: Vec::new(),
            here: None,
            comes_back: false,
            after: 0,
            sequence: 0,
            route: None,
            vpn: None,
            rule: None,
            crossed: None,
        }
    }

    fn tell(&mut self, step: &Step) {
        let object = step.object.as_ref();
        match (&step.event, &step.node) {
            (Event::Sent { .. }, node) => {
                let Some((component, at)) = self.component(node) else { return };
                self.here = Some((component.clone(), at.clone()));
                let port = object.and_then(|path| self.port(path));
                self.push(component, at, What::ReceivedLogical { from: None, port, vpn: None });
            }
            (Event::Routed { network, chosen, .. }, node) if self.component(node).is_some() => {
                self.moves_to(node);
                self.route = Some((network.to_string(), *chosen));
            }
            (Event::Matched { is_bypass: false, rule, .. }, node) => {
                self.moves_to(node);
                self.matched(step, rule);
            }
            (Event::Encapsulated { .. }, node @ (Node::Tier0(_) | Node::Tier1(_))) => {
                self.moves_to(node);
                if let Some(session) = object {
                    self.moves(self.ipsec(session));
                    self.vpn = Some(self.tunnel(session));
                }
            }
            (Event::Carried { from, to, latency, .. }, _) => {
                self.leaves(Wire { local: Some(*from), remote: Some(*to) });
                self.crossed(*from, *to, *latency);
            }
            (Event::Decapsulated { .. }, Node::Tier0(_) | Node::Tier1(_)) => {
                if let Some(session) = object {
                    self.arrives(session);
                }
            }
            (Event::Delivered { port, .. }, node @ Node::Segment(_)) => {
                self.moves_to(node);
                let port = port.as_ref().and_then(|path| self.port(path));
                self.push_here(What::Delivered { port });
            }
            (Event::Accepted, node @ (Node::Tier0(_) | Node::Tier1(_))) => {
                self.moves_to(node);
                self.push_here(What::Delivered { port: None });
            }
            (Event::Dropped { reason, .. }, node) => self.dropped(*reason, node, object),
            // Copies, fragments and clamping are not told of. Peers tell nothing.
            (
                Event::Matched { .. }
                | Event::Routed { .. }
                | Event::Clamped { .. }
                | Event::Fragmented { .. }
                | Event::Encapsulated { .. }
                | Event::Decapsulated { .. }
                | Event::Copied { .. }
                | Event::Delivered { .. }
                | Event::Accepted,
                _,
            ) => {}
        }
    }

    fn matched(&mut self, step: &Step, rule: &str) {
        self.rule = step.object.as_ref().map(|session| format!("{session}/rules/{rule}"));
    }

    fn crossed(&mut self, from: IpAddr, to: IpAddr, latency: u32) {
        self.after = self.after.saturating_add(latency);
        self.crossed = Some((from, to));
    }

    /// The component of a node that tells of packets, and where it runs.
    fn component(&self, node: &Node) -> Option<(Component, TransportNode)> {
        let id = |path: &PolicyPath| self.topology.unique_ids.get(path).cloned();
        let gateway = |part, path: &PolicyPath| Component { part, id: id(path), name: path.id().to_owned() };
        match node {
            Node::Segment(path) => {
                let segment = self.topology.segments.get(path);
                let name = segment.map_or(path.id(), |segment| segment.display_name.as_str()).to_owned();
                Some((Component { part: Part::Segment, id: id(path), name }, TransportNode::Host))
            }
            Node::Tier1(path) => Some((gateway(Part::Tier1, path), TransportNode::Host)),
            Node::Tier0(path) => Some((gateway(Part::Tier0, path), TransportNode::of_gateway(path))),
            Node::Underlay | Node::Peer(_) => None,
        }
    }

    fn edge(session: &PolicyPath) -> TransportNode {
        session.gateway().map_or(TransportNode::Host, |gateway| TransportNode::of_gateway(&gateway))
    }

    /// What wraps the packets of `session`.
    fn ipsec(&self, session: &PolicyPath) -> (Component, TransportNode) {
        let id = self.topology.unique_ids.get(session).cloned();
        let declared = self.topology.sessions.get(session);
        let name = declared.map_or(session.id(), |session| session.display_name.as_str()).to_owned();
        (Component { part: Part::Ipsec, id, name }, Self::edge(session))
    }

    /// The tunnel of `session` that this packet is in.
    fn tunnel(&self, session: &PolicyPath) -> Vpn {
        let declared = self.topology.sessions.get(session);
        let endpoint = declared.and_then(|declared| self.topology.endpoints.get(&declared.endpoint));
        let interface = match declared.map(|declared| &declared.kind) {
            Some(SessionKind::RouteBased { interface, .. }) => Interface::Routed(interface.clone()),
            _ => Interface::Rule(self.rule.clone().unwrap_or_default()),
        };
        Vpn {
            local: endpoint.map(|endpoint| endpoint.address),
            remote: declared.map(|declared| declared.peer_address),
            inner_source: self.trace.packet.source,
            inner_destination: self.trace.packet.destination,
            session: self.topology.unique_ids.get(session).cloned(),
            interface,
        }
    }

    fn port(&self, path: &PolicyPath) -> Option<Port> {
        let port = self.topology.ports.get(path)?;
        Some(Port { id: port.id.clone(), path: path.to_string() })
    }

    fn push(&mut self, component: Component, node: TransportNode, what: What) {
        let is_another = self.told.last().is_some_and(|last| last.node != node);
        self.sequence += u32::from(is_another || self.comes_back);
        self.comes_back = false;
        self.told.push(Observation { what, node, sequence: self.sequence, after: self.after, component });
    }

    fn push_here(&mut self, what: What) {
        if let Some((component, node)) = self.here.clone() {
            self.push(component, node, what);
        }
    }

    /// The packet goes on to the component of `node`, if that is another one.
    fn moves_to(&mut self, node: &Node) {
        if let Some(there) = self.component(node) {
            self.moves(there);
        }
    }

    fn moves(&mut self, there: (Component, TransportNode)) {
        if self.here.as_ref() == Some(&there) {
            return;
        }
        self.forwards(&there.0);
        let from = self.here.replace(there).map(|(component, _)| component);
        self.push_here(What::ReceivedLogical { from, port: None, vpn: None });
    }

    /// The component that has the packet lets it go to another.
    fn forwards(&mut self, to: &Component) {
        let (route, next_hop) = self.route.take().unzip();
        let what = What::ForwardedLogical { to: to.clone(), route, next_hop: next_hop.flatten(), vpn: self.vpn.take() };
        self.push_here(what);
    }

    fn is_in_ipsec(&self) -> bool {
        self.here.as_ref().is_some_and(|(component, _)| component.part == Part::Ipsec)
    }

    fn uplink() -> Component {
        Component { part: Part::Uplink, id: None, name: UPLINK.to_owned() }
    }

    /// The packet goes out, if it is in a tunnel and in sight.
    fn leaves(&mut self, wire: Wire) {
        if !self.is_in_ipsec() {
            return;
        }
        self.forwards(&Self::uplink());
        if let Some((_, node)) = self.here.take() {
            self.push(Self::uplink(), node, What::Forwarded(wire));
        }
    }

    /// The packet comes out of the tunnel of `session`, at its gateway.
    fn arrives(&mut self, session: &PolicyPath) {
        let (component, node) = self.ipsec(session);
        let mut from = None;
        if !self.told.is_empty() {
            self.comes_back = true;
            let (remote, local) = self.crossed.unzip();
            self.push(Self::uplink(), node.clone(), What::Received(Wire { local, remote }));
            from = Some(Self::uplink());
        }
        let vpn = Some(self.tunnel(session));
        self.here = Some((component, node));
        self.push_here(What::ReceivedLogical { from, port: None, vpn });
    }

    fn dropped(&mut self, reason: DropReason, node: &Node, object: Option<&PolicyPath>) {
        if *node == Node::Underlay {
            // It has left, and is lost on its way.
            let vpn = self.vpn.as_ref();
            let wire = Wire { local: vpn.and_then(|vpn| vpn.local), remote: vpn.and_then(|vpn| vpn.remote) };
            self.leaves(wire);
            return;
        }
        let session = object.and_then(|path| self.topology.sessions.get(path));
        let is_route_based = session.is_some_and(|it| matches!(it.kind, SessionKind::RouteBased { .. }));
        let said = reasons::said(reason, self.trace.packet.version(), is_route_based);
        let (Some(said), Some(there)) = (said, self.component(node)) else { return };
        match session.filter(|_| said.ipsec.is_some()) {
            Some(_) if self.is_in_ipsec() => {}
            Some(session) => {
                self.moves(there);
                self.moves(self.ipsec(&session.path));
            }
            None => self.moves(there),
        }
        let what = What::DroppedLogical {
            reason: said.reason.to_owned(),
            ipsec: said.ipsec.map(str::to_owned),
            port: object.and_then(|path| self.port(path)),
        };
        self.push_here(what);
    }

    /// What became of the packet, as far as it was in sight.
    fn analysis(&self) -> String {
        let end = self.told.last().map(|last| &last.what);
        if matches!(end, Some(What::Delivered { .. } | What::DroppedLogical { .. })) {
            return self.trace.explanation();
        }
        "The packet left by the uplink. What becomes of it outside is not seen from here.".to_owned()
    }
}
