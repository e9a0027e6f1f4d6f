//! All routes at one moment: what each neighbor taught and learned, and what each
//! gateway uses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::advertise::{self, Advertised, Own};
use super::best_path::{self, Multipath, Standing};
use super::learn::{self, Fate, Learned, Lists, Offer, Receiver};
use super::talk::Talk;
use super::{BgpPath, NeighborState, Rib, Surroundings};
use crate::engine::negotiation::SessionState;
use crate::engine::topology::{BgpInstance, Topology};
use crate::model::{Network, PolicyPath};

/// How many times gateways of this engine tell each other what they have learned, at
/// most. Routes get as many gateways far; an AS path keeps them from going in circles.
const ROUNDS: usize = 32;

/// All routes at one moment.
#[derive(Clone, Debug, Default)]
pub struct Ribs {
    /// The routes each tier-0 gateway uses, by its path.
    pub gateways: BTreeMap<String, Rib>,
    /// What each neighbor taught and learned: of those that are established, and those
    /// whose routes are kept while they restart.
    pub neighbors: BTreeMap<PolicyPath, Exchange>,
    /// What each simulated peer learned and uses: a network, and the session it sends
    /// into; the best first.
    pub peers: BTreeMap<PolicyPath, Vec<(Network, PolicyPath)>>,
}

/// The routes that a gateway and a neighbor exchange.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The prefix lists that learned routes have to pass.
    pub inbound: Lists,
    /// The prefix lists that advertised routes have to pass.
    pub outbound: Lists,
    /// The prefix list that a simulated peer lets its own routes pass.
    pub peer_outbound: Lists,
    /// The prefix list that routes have to pass which a simulated peer learns.
    pub peer_inbound: Lists,
    /// What the neighbor has to announce, and what became of it; by network.
    pub learned: Vec<Learned>,
    /// What the gateway has for the neighbor, and what the filters say; by network.
    pub advertised: Vec<Advertised>,
}

impl Exchange {
    /// What arrived, before the filters.
    pub fn received(&self) -> impl Iterator<Item = &Learned> {
        self.learned.iter().filter(|it| it.fate.arrives())
    }

    /// What passed the filters.
    pub fn accepted(&self) -> impl Iterator<Item = &Learned> {
        self.learned.iter().filter(|it| it.fate == Fate::Accepted)
    }

    /// What is advertised, after the filters.
    pub fn sent(&self) -> impl Iterator<Item = &Advertised> {
        self.advertised.iter().filter(|it| it.verdict.permits())
    }

    /// What one side has and the other does not use, and why.
    pub fn unused(&self) -> Unused {
        let learned = self.learned.iter().filter_map(|it| {
            let by = KeptOut::of(it.fate, |verdict| match verdict {
                Filter::Receiver => self.inbound.path(it.network),
                Filter::Sender => self.peer_outbound.path(it.network),
            });
            Some((it.network, by?))
        });
        let advertised = self.advertised.iter().filter_map(|it| {
            let withheld = (!it.verdict.permits()).then_some(Fate::Withheld(it.verdict));
            let by = KeptOut::of(withheld.or(it.at_peer)?, |verdict| match verdict {
                Filter::Receiver => self.peer_inbound.path(it.network),
                Filter::Sender => self.outbound.path(it.network),
            });
            Some((it.network, by?))
        });
        Unused { learned: learned.collect(), advertised: advertised.collect() }
    }
}

/// What one side of a neighbor has and the other does not use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unused {
    /// What the neighbor has, and the gateway does not use.
    pub learned: Vec<(Network, KeptOut)>,
    /// What the gateway has, and a simulated peer does not use.
    pub advertised: Vec<(Network, KeptOut)>,
}

/// Why a route that one side has is not used at the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptOut {
    /// This prefix list, of either side, does not let it pass.
    List(PolicyPath),
    /// The AS of who receives it is in its AS path.
    Loop,
    /// Its next hop is in no tunnel that is up.
    NextHopUnreachable,
    /// No routes of its IP version are exchanged.
    OtherFamily,
}

/// How it goes on after the name of the route.
impl fmt::Display for KeptOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => write!(f, "the prefix list {} keeps it out", list.id()),
            Self::Loop => f.write_str("the AS of who receives it is in its AS path already"),
            Self::NextHopUnreachable => f.write_str("its next hop is in no tunnel that is up"),
            Self::OtherFamily => f.write_str("no routes of its IP version are exchanged"),
        }
    }
}

/// Whose prefix list it is.
enum Filter {
    Receiver,
    Sender,
}

impl KeptOut {
    fn of<'a>(fate: Fate, list: impl Fn(Filter) -> Option<&'a PolicyPath>) -> Option<Self> {
        let by = |filter| list(filter).cloned().map(Self::List);
        match fate {
            Fate::Accepted => None,
            Fate::Filtered(_) => by(Filter::Receiver),
            Fate::Withheld(_) => by(Filter::Sender),
            Fate::Loop => Some(Self::Loop),
            Fate::NextHopUnreachable => Some(Self::NextHopUnreachable),
            Fate::OtherFamily => Some(Self::OtherFamily),
        }
    }
}

/// All routes of what is declared, with neighbors and sessions in these states.
pub fn ribs(
    topology: &Topology,
    states: &BTreeMap<PolicyPath, NeighborState>,
    sessions: &BTreeMap<PolicyPath, SessionState>,
) -> Ribs {
    let around = Surroundings { topology, sessions };
    let talks: BTreeMap<&PolicyPath, Talk<'_>> = states
        .iter()
        .filter_map(|(path, state)| Some((path, Talk::of(topology.neighbors.get(path)?, state, &around)?)))
        .collect();
    let mut ribs = Ribs::default();
    for (path, talk) in &talks {
        ribs.neighbors.insert((*path).clone(), from_peer(talk, &around));
    }
    let gateways = gateways(topology);
    let has_gateways = talks.values().any(|talk| talk.near().is_some());
    for round in 1..=ROUNDS {
        for (gateway, instance) in &gateways {
            settle(&mut ribs, gateway, instance, &talks, topology);
        }
        if !has_gateways || round == ROUNDS || !tell(&mut ribs, &talks, &around) {
            break;
        }
    }
    ribs.peers = peers(&ribs, &talks);
    ribs
}

/// The gateways that run BGP, each with its instance: the first that runs, by path.
fn gateways(topology: &Topology) -> BTreeMap<String, &BgpInstance> {
    let mut gateways = BTreeMap::new();
    for instance in topology.bgp.values().filter(|instance| instance.enabled && instance.local_as.is_some()) {
        if let Some(id) = instance.path.within("tier-0s") {
            gateways.entry(format!("/infra/tier-0s/{id}")).or_insert(instance);
        }
    }
    gateways
}

/// What a simulated peer announces; of another gateway nothing is known yet.
fn from_peer(talk: &Talk<'_>, around: &Surroundings<'_>) -> Exchange {
    let topology = around.topology;
    let mut exchange = Exchange {
        outbound: Lists::of(talk.neighbor, |filtering| filtering.outbound, topology),
        ..Exchange::default()
    };
    if let Some(speaker) = talk.speaker() {
        exchange.peer_inbound = Lists::both(speaker.inbound.as_ref(), topology);
        exchange.peer_outbound = Lists::both(speaker.outbound.as_ref(), topology);
    }
    if let Some(receiver) = Receiver::of(talk.neighbor, &talk.far, &talk.carrier, talk.families, around) {
        let receiver = receiver.stale(talk.is_stale);
        exchange.learned = learn::from_peer(&talk.far, &receiver, topology);
        exchange.inbound = receiver.lists;
    }
    exchange
}

/// What a gateway uses of what it has learned, and advertises.
fn settle(
    ribs: &mut Ribs,
    gateway: &str,
    instance: &BgpInstance,
    talks: &BTreeMap<&PolicyPath, Talk<'_>>,
    topology: &Topology,
) {
    let of_gateway = || talks.iter().filter(|(_, talk)| talk.neighbor.gateway() == gateway);
    let mut learned: Vec<(Network, &BgpPath, &Standing)> = Vec::new();
    for (path, talk) in of_gateway() {
        if let Some(exchange) = ribs.neighbors.get(*path) {
            learned.extend(exchange.accepted().map(|it| (it.network, &it.path, &talk.standing)));
        }
    }
    learned.sort_by_key(|(network, ..)| *network);
    // What the gateway has itself comes first, by its weight.
    let connected: BTreeSet<_> = topology.own_networks(gateway).map(|own| own.network).collect();
    let multipath = Multipath { ecmp: instance.ecmp, relax: instance.multipath_relax };
    let routes = learned.chunk_by(|(one, ..), (other, ..)| one == other).filter_map(|paths| {
        let network = paths.first().map(|(network, ..)| *network).filter(|network| !connected.contains(network))?;
        Some((network, used(paths, multipath)))
    });
    let mut rib = Rib { routes: routes.collect(), discards: Vec::new() };
    let own = Own::of(topology, gateway, instance, &rib);
    // So does a summary: a route to the same network is not used.
    own.summaries.iter().for_each(|summary| drop(rib.routes.remove(summary)));
    rib.discards.clone_from(&own.summaries);
    let advertised: Vec<_> =
        of_gateway().map(|(path, talk)| (*path, advertise::to(talk, &own, &rib, topology))).collect();
    for (path, advertised) in advertised {
        if let Some(exchange) = ribs.neighbors.get_mut(path) {
            exchange.advertised = advertised;
        }
    }
    ribs.gateways.insert(gateway.to_owned(), rib);
}

fn used(paths: &[(Network, &BgpPath, &Standing)], multipath: Multipath) -> Vec<BgpPath> {
    if let [(_, only, _)] = paths {
        return vec![(*only).clone()];
    }
    let paths: Vec<_> = paths.iter().map(|(_, path, standing)| (*path, *standing)).collect();
    best_path::select(&paths, multipath).into_iter().cloned().collect()
}

/// Gateways tell each other what they advertise; whether anything was news.
fn tell(ribs: &mut Ribs, talks: &BTreeMap<&PolicyPath, Talk<'_>>, around: &Surroundings<'_>) -> bool {
    let mut news = Vec::new();
    for (path, talk) in talks {
        let Some(far) = talk.near().and_then(|near| ribs.neighbors.get(&near.path)) else { continue };
        let offers: Vec<Offer> = far.sent().map(Advertised::offer).collect();
        let Some(receiver) = Receiver::of(talk.neighbor, &talk.far, &talk.carrier, talk.families, around) else {
            continue;
        };
        let learn = |offer: &Offer| receiver.learn(offer, receiver.kept_path(&offer.as_path));
        news.push((*path, offers.iter().map(learn).collect::<Vec<_>>()));
    }
    let mut is_news = false;
    for (path, learned) in news {
        if let Some(exchange) = ribs.neighbors.get_mut(path)
            && exchange.learned != learned
        {
            exchange.learned = learned;
            is_news = true;
        }
    }
    is_news
}

/// What simulated peers use of what they have learned: of several sessions those with the
/// highest local preference, the shortest AS path, the lowest origin and MED.
fn peers(ribs: &Ribs, talks: &BTreeMap<&PolicyPath, Talk<'_>>) -> BTreeMap<PolicyPath, Vec<(Network, PolicyPath)>> {
    let mut taken: BTreeMap<&PolicyPath, Vec<(&Advertised, &Talk<'_>)>> = BTreeMap::new();
    for (path, talk) in talks {
        let (Some(peer), Some(exchange)) = (talk.peer(), ribs.neighbors.get(*path)) else { continue };
        let accepted = exchange.advertised.iter().filter(|it| it.at_peer == Some(Fate::Accepted));
        taken.entry(&peer.path).or_default().extend(accepted.map(|it| (it, talk)));
    }
    let used = taken.into_iter().map(|(peer, mut taken)| {
        let rank = |(route, talk): &(&Advertised, &Talk<'_>)| {
            let preference = if talk.is_internal { route.local_preference } else { super::route::LOCAL_PREFERENCE };
            (route.network, std::cmp::Reverse(preference), route.as_path.len(), route.origin, route.med)
        };
        taken.sort_by_key(|it| (rank(it), &it.1.neighbor.path));
        let mut used: Vec<(Network, PolicyPath)> = Vec::new();
        for as_good in taken.chunk_by(|one, other| rank(one) == rank(other)) {
            let Some((first, _)) = as_good.first() else { continue };
            // A worse rank of a network that is there already.
            if used.last().is_some_and(|(network, _)| *network == first.network) {
                continue;
            }
            used.extend(as_good.iter().map(|(it, talk)| (it.network, talk.carrier.session.path.clone())));
        }
        (peer.clone(), used)
    });
    used.collect()
}
