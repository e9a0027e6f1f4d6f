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

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use foldhash::HashSet;

use super::learn::{Fate, Lists, Offer, prepended};
use super::route::{LOCAL_PREFERENCE, OWN_WEIGHT, Rib};
use super::talk::Talk;
use super::unused::KeptOut;
use super::{BgpPath, Families};
use crate::engine::prefix_filter::Verdict;
use crate::engine::topology::{BgpInstance, Topology};
use crate::model::{AsNumber, AsPathModifier, Network, PolicyPath, RouteOrigin};

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

    fn routes(&self) -> impl Iterator<Item = Route<'_>> {
        self.networks.iter().map(|(network, origin)| Route::own(*network, *origin))
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

/// What a gateway has for all its neighbors.
#[derive(Debug)]
pub(super) struct Table {
    own: Own,
    rib: Arc<Rib>,
    /// The best paths of all routes, each once: many routes share one.
    paths: Vec<Arc<BgpPath>>,
}

impl Table {
    pub fn new(own: Own, rib: Arc<Rib>) -> Self {
        let mut known = HashSet::default();
        let best = rib.routes.values().filter_map(|paths| paths.first());
        let paths = best.filter(|path| known.insert(Arc::as_ptr(path))).cloned().collect();
        Self { own, rib, paths }
    }
}

/// What a gateway has for one neighbor, worked out when it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Advertising {
    table: Arc<Table>,
    sender: Sender,
    advertised: OnceLock<Vec<Advertised>>,
}

impl Advertising {
    /// What the gateway has for the neighbor of `talk`.
    pub fn to(talk: &Talk<'_>, table: Arc<Table>, topology: &Topology) -> Self {
        Self { table, sender: Sender::of(talk, topology), advertised: OnceLock::new() }
    }

    /// All of it, by network; kept once it is known.
    pub fn advertised(&self) -> &[Advertised] {
        self.advertised.get_or_init(|| self.routes().filter_map(|route| self.sender.send(&route)).collect())
    }

    /// How many routes the gateway has, for whomever.
    pub fn size(&self) -> usize {
        self.table.own.networks.len() + self.table.rib.routes.len()
    }

    /// What a simulated peer accepts of it, and how it ranks that; the gateway's own first.
    pub fn accepted(&self) -> impl Iterator<Item = (Network, Rank)> {
        let Table { own, rib, paths } = &*self.table;
        let is_taken = |path: &&Arc<BgpPath>| self.sender.is_for(Some(path)) && self.sender.takes(&path.as_path);
        let taken: HashSet<_> = paths.iter().filter(is_taken).map(Arc::as_ptr).collect();
        // Often a peer takes none of the paths, and no route has to be looked at.
        let routes = Some(&rib.routes).filter(|_| !taken.is_empty()).into_iter().flatten();
        let learned = routes.filter_map(move |(network, paths)| {
            let best = paths.first().filter(|best| taken.contains(&Arc::as_ptr(best)))?;
            Some(Route::learned(*network, best))
        });
        let accepted = own.routes().chain(learned).filter(|route| {
            let judgement = || self.sender.judge(route);
            !own.keeps_back(route.network) && judgement().is_some_and(|it| it.at_peer == Some(Fate::Accepted))
        });
        accepted.map(|route| (route.network, self.sender.rank(&route)))
    }

    /// What does not get to a simulated peer, or is not accepted there, and why; of the
    /// networks that `concerns` picks.
    pub fn unused(&self, concerns: impl Fn(Network) -> bool) -> impl Iterator<Item = (Network, KeptOut)> {
        let peer = self.sender.peer.as_ref();
        self.routes().filter(move |route| concerns(route.network)).filter_map(move |route| {
            let judgement = self.sender.judge(&route)?;
            let withheld = (!judgement.verdict.permits()).then_some(Fate::Withheld(judgement.verdict));
            let by = KeptOut::of(
                withheld.or(judgement.at_peer)?,
                || self.sender.lists.path(route.network),
                || peer?.lists.path(route.network),
            );
            Some((route.network, by?))
        })
    }

    /// What the gateway would send to the neighbor, if it can; by network.
    fn routes(&self) -> impl Iterator<Item = Route<'_>> {
        let Table { own, rib, .. } = &*self.table;
        let mut of_gateway = own.routes().peekable();
        let learned = rib.routes.iter().filter_map(|(network, paths)| Some(Route::learned(*network, paths.first()?)));
        let mut learned = learned.peekable();
        let merged = std::iter::from_fn(move || match (of_gateway.peek(), learned.peek()) {
            (Some(own), other) if other.is_none_or(|other| own.network <= other.network) => of_gateway.next(),
            _ => learned.next(),
        });
        merged.filter(|route| self.sender.is_for(route.best) && !own.keeps_back(route.network))
    }
}

/// How good a route is to a simulated peer: the lowest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    local_preference: Reverse<u32>,
    path_length: usize,
    origin: RouteOrigin,
    med: u32,
}

/// A route before it is sent.
#[derive(Clone, Copy)]
struct Route<'a> {
    network: Network,
    origin: RouteOrigin,
    /// The path by which the gateway gets there; none: the network is its own.
    best: Option<&'a BgpPath>,
}

impl<'a> Route<'a> {
    const fn own(network: Network, origin: RouteOrigin) -> Self {
        Self { network, origin, best: None }
    }

    const fn learned(network: Network, best: &'a BgpPath) -> Self {
        Self { network, origin: best.origin, best: Some(best) }
    }

    fn as_path(&self) -> &'a [AsNumber] {
        self.best.map_or(&[], |best| &best.as_path)
    }

    fn local_preference(&self) -> u32 {
        self.best.map_or(LOCAL_PREFERENCE, |best| best.local_preference)
    }
}

/// What becomes of a route on its way.
#[derive(Clone, Copy)]
struct Judgement {
    /// What the out filter says.
    verdict: Verdict,
    /// What becomes of it at a simulated peer, if it arrives at one.
    at_peer: Option<Fate>,
}

/// The gateway's side of a neighbor, ready to send many routes.
#[derive(Clone, Debug)]
struct Sender {
    neighbor: PolicyPath,
    families: Families,
    is_internal: bool,
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
#[derive(Clone, Debug)]
struct PeerSide {
    lists: Lists,
    as_number: AsNumber,
    may_occur: usize,
}

impl Sender {
    fn of(talk: &Talk<'_>, topology: &Topology) -> Self {
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
            neighbor: talk.neighbor.path.clone(),
            families: talk.families,
            is_internal: talk.is_internal,
            lists: Lists::of(talk.neighbor, |filtering| filtering.outbound, topology),
            own_path: prepended(&before, &[]),
            before,
            own_v4: of_family(false),
            own_v6: of_family(true),
            peer,
        }
    }

    /// Whether routes by this path, or without one the gateway's own, are for the neighbor.
    fn is_for(&self, best: Option<&BgpPath>) -> bool {
        best.is_none_or(|best| best.neighbor != self.neighbor && !(best.is_internal && self.is_internal))
    }

    /// Whether a simulated peer takes routes with this AS path, whatever their network.
    fn takes(&self, as_path: &[AsNumber]) -> bool {
        self.peer.as_ref().is_some_and(|peer| !peer.is_loop(&self.before, as_path))
    }

    /// The next hop that is announced; none where the route's family is not exchanged, or
    /// the gateway has no address of that family in the tunnel.
    fn next_hop(&self, route: &Route<'_>) -> Option<IpAddr> {
        let v6 = route.network.is_v6();
        if !self.families.has(v6) {
            return None;
        }
        let kept = route.best.filter(|_| self.is_internal).map(|best| best.next_hop);
        kept.or(if v6 { self.own_v6 } else { self.own_v4 })
    }

    /// What becomes of the route; none where it is not sent.
    fn judge(&self, route: &Route<'_>) -> Option<Judgement> {
        self.next_hop(route)?;
        let verdict = self.lists.judge(route.network);
        let peer = self.peer.as_ref().filter(|_| verdict.permits());
        let at_peer = peer.map(|peer| peer.judge(route.network, &self.before, route.as_path()));
        Some(Judgement { verdict, at_peer })
    }

    /// How good the route is to a simulated peer.
    fn rank(&self, route: &Route<'_>) -> Rank {
        let preference = if self.is_internal { route.local_preference() } else { LOCAL_PREFERENCE };
        Rank {
            local_preference: Reverse(preference),
            path_length: self.before.len() + route.as_path().len(),
            origin: route.origin,
            med: self.med(route),
        }
    }

    /// RFC 4271, section 5.1.4: a MED is not passed on to other ASes.
    fn med(&self, route: &Route<'_>) -> u32 {
        route.best.filter(|_| self.is_internal).map_or(0, |best| best.med)
    }

    /// The route as it goes out, if it does.
    fn send(&self, route: &Route<'_>) -> Option<Advertised> {
        let next_hop = self.next_hop(route)?;
        let Judgement { verdict, at_peer } = self.judge(route)?;
        let as_path = match route.best.map(|best| &best.as_path).filter(|as_path| !as_path.is_empty()) {
            None => self.own_path.clone(),
            Some(as_path) if self.before.is_empty() => as_path.clone(),
            Some(as_path) => prepended(&self.before, as_path),
        };
        Some(Advertised {
            network: route.network,
            next_hop,
            as_path,
            origin: route.origin,
            med: self.med(route),
            local_preference: route.local_preference(),
            weight: route.best.map_or(OWN_WEIGHT, |best| best.weight),
            verdict,
            at_peer,
        })
    }
}

impl PeerSide {
    /// Whether the peer's own AS is in `before` and `as_path` too often.
    fn is_loop(&self, before: &[AsNumber], as_path: &[AsNumber]) -> bool {
        before.iter().chain(as_path).filter(|number| **number == self.as_number).count() > self.may_occur
    }

    /// What becomes of a route whose AS path is `before` and then `as_path`.
    fn judge(&self, network: Network, before: &[AsNumber], as_path: &[AsNumber]) -> Fate {
        if self.is_loop(before, as_path) {
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
    pub(super) fn offer(&self) -> Offer<'_> {
        Offer {
            is_v6: self.network.is_v6(),
            as_path: &self.as_path,
            origin: self.origin,
            med: self.med,
            local_preference: self.local_preference,
            next_hop: Some(self.next_hop),
        }
    }
}
