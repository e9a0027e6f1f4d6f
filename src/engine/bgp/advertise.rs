//! What a gateway advertises to a neighbor.
//!
//! | route | advertised to |
//! |---|---|
//! | networks of its own that its locale service redistributes | all neighbors |
//! | summaries that something lies in | all neighbors |
//! | the best path to a network, learned from another AS | all neighbors but the one it is from |
//! | the best path to a network, learned from the own AS | neighbors of other ASes but the one it is from |
//!
//! The subnets of tunnel interfaces are not advertised. (VMware Cloud on AWS advertises
//! the SDDC's networks; the other end of a tunnel has its subnet anyhow.) What lies within a
//! summary with `summary_only` is kept back. A route goes out even where the neighbor's
//! own AS is in its path: the neighbor sees the loop (FRR without
//! `sender-as-path-loop-detection`), or takes it if it allows that.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::learn::{Fate, Lists, Offer, prepended};
use super::route::{LOCAL_PREFERENCE, OWN_WEIGHT, Rib};
use super::talk::Talk;
use crate::engine::prefix_filter::Verdict;
use crate::engine::topology::{BgpInstance, Topology};
use crate::model::{AsNumber, AsPathModifier, Network, RouteOrigin};

/// A route that a gateway has for a neighbor.
#[derive(Clone, Debug, PartialEq)]
pub struct Advertised {
    /// The network.
    pub network: Network,
    /// The next hop that is announced.
    pub next_hop: IpAddr,
    /// The AS path that is announced.
    pub as_path: Arc<[AsNumber]>,
    /// The origin that is announced.
    pub origin: RouteOrigin,
    /// The multi-exit discriminator that is announced.
    pub med: u32,
    /// The local preference; announced only within an AS.
    pub local_preference: u32,
    /// The gateway's own preference for it; never announced.
    pub weight: u32,
    /// What the out filter says.
    pub verdict: Verdict,
    /// What becomes of it at a simulated peer; none where it does not arrive, or the
    /// neighbor is a gateway.
    pub at_peer: Option<Fate>,
}

/// What a gateway has itself: connected networks, and summaries.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Each network with its origin. A connected one is redistributed, so its origin is
    /// INCOMPLETE; a summary's is the worst of what lies in it (FRR,
    /// `bgp_aggregate_route`).
    pub networks: BTreeMap<Network, RouteOrigin>,
    /// The summaries.
    pub summaries: Vec<Network>,
    /// The summaries that keep back what lies within.
    covering: Vec<Network>,
}

impl Own {
    pub fn of(topology: &Topology, gateway: &str, instance: &BgpInstance, rib: &Rib) -> Self {
        let connected: BTreeMap<_, _> =
            topology.redistributed(gateway, &instance.path).map(|network| (network, RouteOrigin::Incomplete)).collect();
        let mut own = Self { networks: connected.clone(), ..Self::default() };
        for (summary, only) in &instance.aggregations {
            let learned = within(&rib.routes, *summary).filter_map(|(_, paths)| Some(paths.first()?.origin));
            let origins = within(&connected, *summary).map(|(_, origin)| *origin).chain(learned);
            if let Some(worst) = origins.max() {
                own.networks.insert(*summary, worst);
                own.summaries.push(*summary);
                own.covering.extend(only.then_some(*summary));
            }
        }
        own
    }

    /// Whether a summary keeps `network` back.
    fn keeps_back(&self, network: Network) -> bool {
        self.covering.iter().any(|summary| *summary != network && summary.covers(network))
    }
}

/// What lies within `summary` and is not itself.
fn within<T>(map: &BTreeMap<Network, T>, summary: Network) -> impl Iterator<Item = (&Network, &T)> {
    let is_within = move |network: Network| summary.covers(network);
    map.range(summary..).skip_while(move |(network, _)| **network == summary).take_while(move |(it, _)| is_within(**it))
}

/// What the gateway has for the neighbor of `talk`.
pub(super) fn to(talk: &Talk<'_>, own: &Own, rib: &Rib, topology: &Topology) -> Vec<Advertised> {
    let sender = Sender::of(talk, topology);
    let mut advertised = Vec::new();
    for (network, origin) in own.networks.iter().filter(|(network, _)| !own.keeps_back(**network)) {
        let route = Route {
            network: *network,
            as_path: Arc::default(),
            origin: *origin,
            med: 0,
            local_preference: LOCAL_PREFERENCE,
            weight: OWN_WEIGHT,
            next_hop: None,
        };
        advertised.extend(sender.send(route));
    }
    for (network, paths) in &rib.routes {
        let Some(best) = paths.first() else { continue };
        let is_from_here = best.neighbor == talk.neighbor.path;
        if is_from_here || (best.is_internal && talk.is_internal) || own.keeps_back(*network) {
            continue;
        }
        advertised.extend(sender.send(Route {
            network: *network,
            as_path: best.as_path.clone(),
            origin: best.origin,
            // RFC 4271, section 5.1.4: a MED is not passed on to other ASes.
            med: if talk.is_internal { best.med } else { 0 },
            local_preference: best.local_preference,
            weight: best.weight,
            next_hop: talk.is_internal.then_some(best.next_hop),
        }));
    }
    advertised.sort_by_key(|it| it.network);
    advertised
}

/// A route before it is sent.
struct Route {
    network: Network,
    as_path: Arc<[AsNumber]>,
    origin: RouteOrigin,
    med: u32,
    local_preference: u32,
    weight: u32,
    /// None: the gateway itself.
    next_hop: Option<IpAddr>,
}

/// The gateway's side of a neighbor, ready to send many routes.
struct Sender<'a> {
    talk: &'a Talk<'a>,
    lists: Lists,
    /// What goes before AS paths.
    before: Vec<AsNumber>,
    /// What goes out for routes of the gateway itself.
    own_path: Arc<[AsNumber]>,
    own_v4: Option<IpAddr>,
    own_v6: Option<IpAddr>,
    peer: Option<PeerSide>,
}

/// What a simulated peer makes of routes.
struct PeerSide {
    lists: Lists,
    as_number: AsNumber,
    may_occur: usize,
}

impl<'a> Sender<'a> {
    fn of(talk: &'a Talk<'a>, topology: &Topology) -> Self {
        // FRR, `bgp_packet_attribute`: the AS the neighbor is shown goes before the gateway's
        // own, or takes its place.
        let before = match (talk.is_internal, talk.neighbor.local_as) {
            (true, _) => Vec::new(),
            (false, None) => vec![talk.own_as],
            (false, Some((shown, Some(AsPathModifier::NoPrependReplaceAs)))) => vec![shown],
            (false, Some((shown, Some(AsPathModifier::NoPrepend) | None))) => vec![shown, talk.own_as],
        };
        let own = talk.carrier.own_address;
        let of_family = |v6: bool| {
            let other = || talk.carrier.session.own_addresses().find(|address| address.is_ipv6() == v6);
            if own.is_ipv6() == v6 { Some(own) } else { other() }
        };
        let peer = talk.speaker().map(|speaker| PeerSide {
            lists: Lists::both(speaker.inbound.as_ref(), topology),
            as_number: talk.far.as_number,
            may_occur: if speaker.allow_as_in { super::ALLOWED_OWN_AS } else { 0 },
        });
        Self {
            talk,
            lists: Lists::of(talk.neighbor, |filtering| filtering.outbound, topology),
            own_path: prepended(&before, &[]),
            before,
            own_v4: of_family(false),
            own_v6: of_family(true),
            peer,
        }
    }

    /// The route as it goes out; none where its family is not exchanged, or the gateway has
    /// no address of that family in the tunnel.
    fn send(&self, route: Route) -> Option<Advertised> {
        let v6 = route.network.is_v6();
        if !self.talk.families.has(v6) {
            return None;
        }
        let next_hop = route.next_hop.or(if v6 { self.own_v6 } else { self.own_v4 })?;
        let as_path = match (route.as_path.is_empty(), self.before.is_empty()) {
            (true, _) => self.own_path.clone(),
            (false, true) => route.as_path,
            (false, false) => prepended(&self.before, &route.as_path),
        };
        let verdict = self.lists.judge(route.network);
        let at_peer = self.peer.as_ref().filter(|_| verdict.permits()).map(|peer| peer.judge(route.network, &as_path));
        Some(Advertised {
            network: route.network,
            next_hop,
            as_path,
            origin: route.origin,
            med: route.med,
            local_preference: route.local_preference,
            weight: route.weight,
            verdict,
            at_peer,
        })
    }
}

impl PeerSide {
    fn judge(&self, network: Network, as_path: &[AsNumber]) -> Fate {
        if as_path.iter().filter(|number| **number == self.as_number).count() > self.may_occur {
            return Fate::Loop;
        }
        match self.lists.judge(network) {
            verdict if verdict.permits() => Fate::Accepted,
            verdict => Fate::Filtered(verdict),
        }
    }
}

impl Advertised {
    /// The route on its way to another gateway of this engine.
    pub(super) fn offer(&self) -> Offer {
        Offer {
            network: self.network,
            as_path: self.as_path.clone(),
            origin: self.origin,
            med: self.med,
            local_preference: Some(self.local_preference),
            next_hop: Some(self.next_hop),
        }
    }
}
