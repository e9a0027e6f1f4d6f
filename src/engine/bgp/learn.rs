//! What a gateway learns from a neighbor.

use std::net::IpAddr;
use std::sync::Arc;

use foldhash::HashMap;

use super::route::LOCAL_PREFERENCE;
use super::speaker::{FarSpeaker, Who, instance, shown_as};
use super::{BgpPath, Carrier, Families, Surroundings};
use crate::engine::negotiation::SessionState;
use crate::engine::prefix_filter::{PrefixFilter, Verdict};
use crate::engine::system::DEFAULT_OUT_FILTER;
use crate::engine::topology::{Neighbor, RouteFiltering, SessionKind, SpeakerRoute, Topology};
use crate::model::{AddressFamily, AsNumber, AsPathModifier, Network, PolicyPath, RouteOrigin};

/// How often a gateway's own AS may be in the path of a route it learns, with
/// `allow_as_in` (FRR, `allowas-in` without a number).
pub const ALLOWED_OWN_AS: usize = 3;

/// A route that a neighbor announced, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The network.
    pub network: Network,
    /// The path, as the gateway sees it. The session of one whose next hop is
    /// unreachable is the neighbor's.
    pub path: Arc<BgpPath>,
    /// What became of it.
    pub fate: Fate,
}

/// What becomes of a route that a speaker announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It can be used.
    Accepted,
    /// The speaker's own prefix list keeps it back: it never arrives.
    Withheld(Verdict),
    /// Its family is not exchanged: it never arrives.
    OtherFamily,
    /// The receiver's AS is in its path too often.
    Loop,
    /// The receiver's prefix list keeps it out.
    Filtered(Verdict),
    /// Its next hop is in no tunnel that is up.
    NextHopUnreachable,
}

impl Fate {
    /// Whether the route arrives, whatever becomes of it then.
    pub const fn arrives(self) -> bool {
        !matches!(self, Self::Withheld(_) | Self::OtherFamily)
    }
}

/// The prefix lists of one direction of a neighbor, one for each family.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    v4: Option<List>,
    v6: Option<List>,
}

#[derive(Clone, Debug)]
struct List {
    path: PolicyPath,
    /// None: there is no such list, which denies everything (FRR, a prefix list that is
    /// applied and not defined).
    filter: Option<Arc<PrefixFilter>>,
}

impl Lists {
    /// The lists of `neighbor` in the direction `of`.
    pub(super) fn of(neighbor: &Neighbor, of: fn(RouteFiltering) -> Option<PolicyPath>, topology: &Topology) -> Self {
        let list = |family| neighbor.filtering(family).and_then(of).and_then(|path| List::at(path, topology));
        Self { v4: list(AddressFamily::Ipv4), v6: list(AddressFamily::Ipv6) }
    }

    /// The one list at `path` for both families.
    pub(super) fn both(path: Option<&PolicyPath>, topology: &Topology) -> Self {
        let list = path.and_then(|path| List::at(path.clone(), topology));
        Self { v4: list.clone(), v6: list }
    }

    /// The list that routes to `network` have to pass.
    pub fn path(&self, network: Network) -> Option<&PolicyPath> {
        self.list(network).map(|list| &list.path)
    }

    pub(super) fn judge(&self, network: Network) -> Verdict {
        match self.list(network) {
            None => Verdict::Unfiltered,
            Some(List { filter: Some(filter), .. }) => filter.judge(network),
            Some(List { filter: None, .. }) => Verdict::End,
        }
    }

    fn list(&self, network: Network) -> Option<&List> {
        if network.is_v6() { self.v6.as_ref() } else { self.v4.as_ref() }
    }
}

impl List {
    fn at(path: PolicyPath, topology: &Topology) -> Option<Self> {
        let filter = topology.prefix_lists.get(&path).cloned();
        (filter.is_some() || path.id() != DEFAULT_OUT_FILTER).then_some(Self { path, filter })
    }
}

/// What is said of a route on its way from one speaker to another, beside its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Offer<'a> {
    pub is_v6: bool,
    pub as_path: &'a [AsNumber],
    pub origin: RouteOrigin,
    pub med: u32,
    /// Counts between speakers of one AS.
    pub local_preference: u32,
    pub next_hop: Option<IpAddr>,
}

/// A path as a gateway keeps it, and what that makes of all routes that have it.
struct Kept {
    path: Arc<BgpPath>,
    is_loop: bool,
    is_reachable: bool,
}

/// The gateway's side of a neighbor, ready to judge many routes.
pub(super) struct Receiver<'a> {
    neighbor: &'a Neighbor,
    carrier: &'a Carrier<'a>,
    families: Families,
    is_internal: bool,
    is_stale: bool,
    own_as: AsNumber,
    /// How often the gateway's own AS, and the one it shows, may be in a path.
    may_occur: (usize, usize),
    pub lists: Lists,
    /// The next hop of routes of each family that name none.
    next_hop_v4: Option<IpAddr>,
    next_hop_v6: Option<IpAddr>,
    /// The tunnels that are up: their subnets, the gateway's address there, the session.
    tunnels: Vec<(Network, IpAddr, PolicyPath)>,
}

impl<'a> Receiver<'a> {
    pub fn of(
        neighbor: &'a Neighbor,
        far: &FarSpeaker<'_>,
        carrier: &'a Carrier<'a>,
        families: Families,
        around: &Surroundings<'_>,
    ) -> Option<Self> {
        let instance = instance(around.topology, neighbor)?;
        let shown = shown_as(neighbor, instance)?;
        // FRR, `bgp_update`: the AS that is put before the path does not count as a loop.
        let is_prepended = matches!(neighbor.local_as, Some((_, None)));
        let allowed = if neighbor.allow_as_in { ALLOWED_OWN_AS } else { 0 };
        let of_family = |v6| next_hop(neighbor, carrier, v6, around.topology);
        Some(Self {
            neighbor,
            carrier,
            families,
            is_internal: far.as_number == shown,
            is_stale: false,
            own_as: instance.local_as?,
            may_occur: (allowed, allowed.max(usize::from(is_prepended))),
            lists: Lists::of(neighbor, |filtering| filtering.inbound, around.topology),
            next_hop_v4: of_family(false),
            next_hop_v6: of_family(true),
            tunnels: tunnels(neighbor, around),
        })
    }

    /// The same for a neighbor that is restarting.
    pub fn stale(self, is_stale: bool) -> Self {
        Self { is_stale, ..self }
    }

    /// The AS path as the gateway keeps it: the AS it shows the neighbor goes before it,
    /// unless that is not wanted (FRR, `local-as` without `no-prepend`).
    fn kept_path(&self, sent: &Arc<[AsNumber]>) -> Arc<[AsNumber]> {
        match self.neighbor.local_as {
            Some((shown, None)) => prepended(&[shown], sent),
            Some((_, Some(AsPathModifier::NoPrepend | AsPathModifier::NoPrependReplaceAs))) | None => sent.clone(),
        }
    }

    /// The path of a route that is offered, as the gateway keeps it.
    fn keep(&self, offer: &Offer<'_>, before: Option<AsNumber>) -> Kept {
        let default = if offer.is_v6 { self.next_hop_v6 } else { self.next_hop_v4 };
        let next_hop = offer.next_hop.or(default);
        let session = next_hop.and_then(|next_hop| self.session_to(next_hop));
        let as_path = self.kept_path(&prepended(before.as_slice(), offer.as_path));
        let occurs = |number| as_path.iter().filter(|it| **it == number).count();
        let shown = self.neighbor.local_as.map(|(shown, _)| shown).filter(|shown| *shown != self.own_as);
        let is_loop =
            occurs(self.own_as) > self.may_occur.0 || shown.is_some_and(|shown| occurs(shown) > self.may_occur.1);
        let path = BgpPath {
            neighbor: self.neighbor.path.clone(),
            session: session.unwrap_or(&self.carrier.session.path).clone(),
            next_hop: next_hop.unwrap_or(self.neighbor.address),
            as_path,
            origin: offer.origin,
            med: offer.med,
            local_preference: if self.is_internal { offer.local_preference } else { LOCAL_PREFERENCE },
            weight: 0,
            is_internal: self.is_internal,
            is_stale: self.is_stale,
        };
        Kept { path: Arc::new(path), is_loop, is_reachable: session.is_some() }
    }

    /// What becomes of a route with this path.
    fn judge(&self, network: Network, kept: &Kept) -> Fate {
        if !self.families.has(network.is_v6()) {
            return Fate::OtherFamily;
        }
        if kept.is_loop {
            return Fate::Loop;
        }
        match self.lists.judge(network) {
            verdict if !verdict.permits() => Fate::Filtered(verdict),
            _ if !kept.is_reachable => Fate::NextHopUnreachable,
            _ => Fate::Accepted,
        }
    }

    /// The session through whose tunnel `next_hop` is reached: the tunnel has to be up,
    /// and the address must not be the gateway's own. Next hops that other routes would
    /// lead to are not looked for: the other ends of tunnels are all there is.
    fn session_to(&self, next_hop: IpAddr) -> Option<&PolicyPath> {
        if next_hop == self.neighbor.address {
            return self.carrier.up_since.is_some().then_some(&self.carrier.session.path);
        }
        let tunnel = self.tunnels.iter().find(|(network, own, _)| network.holds(next_hop) && *own != next_hop);
        tunnel.map(|(_, _, session)| session)
    }
}

/// The next hop of routes that name none: the neighbor's own address, or for the other
/// family what the far end has in the tunnel.
fn next_hop(neighbor: &Neighbor, carrier: &Carrier<'_>, v6: bool, topology: &Topology) -> Option<IpAddr> {
    if neighbor.address.is_ipv6() == v6 {
        return Some(neighbor.address);
    }
    let at_far_end = topology.far_tunnel_addresses(carrier.session);
    at_far_end.into_iter().find(|address| address.is_ipv6() == v6)
}

/// The subnets of the gateway's tunnels that are up.
fn tunnels(neighbor: &Neighbor, around: &Surroundings<'_>) -> Vec<(Network, IpAddr, PolicyPath)> {
    let gateway = neighbor.gateway();
    let is_up =
        |path| around.sessions.get(path).is_some_and(|state: &SessionState| state.tunnels_up().next().is_some());
    let sessions = around.topology.sessions.values().filter(|it| it.gateway() == gateway && is_up(&it.path));
    let mut tunnels = Vec::new();
    for session in sessions {
        if let SessionKind::RouteBased { addresses, .. } = &session.kind {
            tunnels.extend(addresses.iter().map(|(own, network)| (*network, *own, session.path.clone())));
        }
    }
    tunnels
}

/// `path` with `numbers` before it.
pub(super) fn prepended(numbers: &[AsNumber], path: &[AsNumber]) -> Arc<[AsNumber]> {
    numbers.iter().chain(path).copied().collect()
}

/// What a peer's speaker announces to `neighbor`: each route that it does not keep back,
/// with its path as the gateway keeps it, and each that it does, with the verdict of its
/// list. Of a network that it names twice the later word counts.
pub(super) fn from_peer(far: &FarSpeaker<'_>, receiver: &Receiver<'_>, topology: &Topology) -> Vec<Learned> {
    let Who::Peer(_, speaker) = far.who else { return Vec::new() };
    let outbound = Lists::both(speaker.outbound.as_ref(), topology);
    // A speaker of the gateway's own AS does not put it before the path.
    let mut paths = Paths::new(receiver, (!receiver.is_internal).then_some(far.as_number));
    let learned = speaker.routes.iter().map(|route| {
        let mut learned = paths.learn(route.network, offer(route));
        let verdict = outbound.judge(route.network);
        if !verdict.permits() && learned.fate != Fate::OtherFamily {
            learned.fate = Fate::Withheld(verdict);
        }
        learned
    });
    let mut learned: Vec<_> = learned.collect();
    last_word(&mut learned);
    learned
}

fn offer(route: &SpeakerRoute) -> Offer<'_> {
    Offer {
        is_v6: route.network.is_v6(),
        as_path: &route.as_path,
        origin: route.origin,
        med: route.med,
        local_preference: route.local_preference,
        next_hop: route.next_hop,
    }
}

/// The paths of a neighbor's routes, as the gateway keeps them. Most neighbors have few.
pub(super) struct Paths<'a> {
    receiver: &'a Receiver<'a>,
    /// The AS that goes before the paths.
    before: Option<AsNumber>,
    known: HashMap<Offer<'a>, Kept>,
}

impl<'a> Paths<'a> {
    pub fn new(receiver: &'a Receiver<'a>, before: Option<AsNumber>) -> Self {
        Self { receiver, before, known: HashMap::default() }
    }

    /// What is learned of a route that arrives.
    pub fn learn(&mut self, network: Network, offer: Offer<'a>) -> Learned {
        let kept = self.known.entry(offer).or_insert_with(|| self.receiver.keep(&offer, self.before));
        Learned { network, path: kept.path.clone(), fate: self.receiver.judge(network, kept) }
    }
}

/// Sorted by network; of each the last one.
pub(super) fn last_word(learned: &mut Vec<Learned>) {
    if learned.is_sorted_by(|one, next| one.network < next.network) {
        return;
    }
    learned.reverse();
    learned.sort_by_key(|it| it.network);
    learned.dedup_by_key(|it| it.network);
}

/// How many routes of a family `neighbor` may teach, if it would teach more. Those count
/// that pass its filters (FRR, `maximum-prefix` without `force`). Gateways of this
/// engine are not counted.
pub(super) fn excess(
    neighbor: &Neighbor,
    far: &FarSpeaker<'_>,
    carrier: &Carrier<'_>,
    families: Families,
    around: &Surroundings<'_>,
) -> Option<u32> {
    let Who::Peer(_, speaker) = far.who else { return None };
    let limits = [(AddressFamily::Ipv4, false), (AddressFamily::Ipv6, true)].map(|(family, v6)| {
        let maximum = neighbor.filtering(family).and_then(|filtering| filtering.maximum_routes)?;
        (speaker.routes.len() > usize::try_from(maximum).ok()?).then_some((maximum, v6))
    });
    if limits.iter().all(Option::is_none) {
        return None;
    }
    let receiver = Receiver::of(neighbor, far, carrier, families, around)?;
    let learned = from_peer(far, &receiver, around.topology);
    let counts = |learned: &&Learned| matches!(learned.fate, Fate::Accepted | Fate::NextHopUnreachable);
    limits.into_iter().flatten().find_map(|(maximum, v6)| {
        let count = learned.iter().filter(counts).filter(|it| it.network.is_v6() == v6).count();
        (count > usize::try_from(maximum).ok()?).then_some(maximum)
    })
}
