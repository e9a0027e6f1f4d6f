//! All routes at one moment: what each neighbor taught and learned, and what each
//! gateway uses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::advertise::{Advertised, Advertising, Own, Rank, Table};
use super::best_path::{self, Multipath, Standing};
use super::learn::{self, Fate, Learned, Lists, Paths, Receiver};
use super::talk::Talk;
use super::unused::KeptOut;
use super::{BgpPath, NeighborState, Rib, Surroundings};
use crate::engine::negotiation::SessionState;
use crate::engine::parallel;
use crate::engine::topology::{BgpInstance, Topology};
use crate::model::{Network, PolicyPath};

/// How many times gateways of this engine tell each other what they have learned, at
/// most. Routes get as many gateways far; an AS path keeps them from going in circles.
const ROUNDS: usize = 32;

/// All routes at one moment.
#[derive(Clone, Debug, Default)]
pub struct Ribs {
    /// The routes each tier-0 gateway uses, by its path.
    pub gateways: BTreeMap<String, Arc<Rib>>,
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
    inbound: Lists,
    /// The prefix list that a simulated peer lets its own routes pass.
    peer_outbound: Lists,
    /// What the neighbor has to announce, and what became of it; by network.
    pub learned: Vec<Learned>,
    /// What the gateway has for the neighbor.
    advertising: Option<Advertising>,
    /// The neighbor that stands for the gateway at the other gateway of this engine, if it is
    /// one.
    pub(super) far: Option<PolicyPath>,
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

    /// What the gateway has for the neighbor, and what the filters say; by network.
    pub fn advertised(&self) -> &[Advertised] {
        self.advertising.as_ref().map_or(&[], Advertising::advertised)
    }

    /// What is advertised, after the filters.
    pub fn sent(&self) -> impl Iterator<Item = &Advertised> {
        self.advertised().iter().filter(|it| it.verdict.permits())
    }

    /// What the neighbor has and the gateway does not use, and why; of the networks that
    /// `concerns` picks.
    pub(super) fn not_learned(&self, concerns: impl Fn(Network) -> bool) -> impl Iterator<Item = (Network, KeptOut)> {
        self.learned.iter().filter(move |it| concerns(it.network)).filter_map(|it| {
            let (sender, receiver) = (&self.peer_outbound, &self.inbound);
            Some((it.network, KeptOut::of(it.fate, || sender.path(it.network), || receiver.path(it.network))?))
        })
    }

    /// What the gateway has and a simulated peer does not use, and why; of the networks
    /// that `concerns` picks.
    pub(super) fn not_taught(
        &self,
        concerns: impl Fn(Network) -> bool + Copy,
    ) -> impl Iterator<Item = (Network, KeptOut)> {
        self.advertising.iter().flat_map(move |advertising| advertising.unused(concerns))
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
    let routes = talks.values().filter_map(Talk::speaker).map(|speaker| speaker.routes.len()).sum();
    let learned = |(path, talk): (&&PolicyPath, &Talk<'_>)| ((*path).clone(), from_peer(talk, &around));
    ribs.neighbors.extend(parallel::map(routes, talks.iter().collect(), learned));
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
    let far = talk.near().map(|near| near.path.clone());
    let mut exchange = Exchange { far, ..Exchange::default() };
    if let Some(speaker) = talk.speaker() {
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
    let exchanges: Vec<_> =
        of_gateway().filter_map(|(path, talk)| Some((ribs.neighbors.get(*path)?, &talk.standing))).collect();
    let learned = by_network(&exchanges);
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
    let rib = Arc::new(rib);
    let table = Arc::new(Table::new(own, rib.clone()));
    for (path, talk) in of_gateway() {
        if let Some(exchange) = ribs.neighbors.get_mut(*path) {
            exchange.advertising = Some(Advertising::to(talk, table.clone(), topology));
        }
    }
    ribs.gateways.insert(gateway.to_owned(), rib);
}

/// A path that a gateway has learned, and from whom.
type Candidate<'a> = (Network, &'a Arc<BgpPath>, &'a Standing);

/// What was accepted from all these neighbors, by network.
fn by_network<'a>(exchanges: &[(&'a Exchange, &'a Standing)]) -> Vec<Candidate<'a>> {
    let routes = exchanges.iter().map(|(exchange, _)| exchange.learned.len()).sum();
    let of = |exchanges: &[(&'a Exchange, &'a Standing)], room: usize| {
        let mut learned: Vec<Candidate<'a>> = Vec::with_capacity(room);
        for (exchange, standing) in exchanges {
            learned.extend(exchange.accepted().map(|it| (it.network, &it.path, *standing)));
        }
        learned.sort_by_key(|(network, ..)| *network);
        learned
    };
    let (some, others) = exchanges.split_at(exchanges.len() / 2);
    let (others, mut learned) = parallel::join(routes, || of(others, 0), || of(some, routes));
    learned.extend(others);
    learned.sort_by_key(|(network, ..)| *network);
    learned
}

fn used(paths: &[Candidate<'_>], multipath: Multipath) -> Vec<Arc<BgpPath>> {
    if let [(_, only, _)] = paths {
        return vec![(*only).clone()];
    }
    let all: Vec<_> = paths.iter().map(|(_, path, standing)| (&***path, *standing)).collect();
    let shared = |used| paths.iter().find(|(_, path, _)| std::ptr::eq(&raw const ***path, used));
    let used = best_path::select(&all, multipath).into_iter().filter_map(|used| shared(used));
    used.map(|(_, path, _)| (*path).clone()).collect()
}

/// Gateways tell each other what they advertise; whether anything was news.
fn tell(ribs: &mut Ribs, talks: &BTreeMap<&PolicyPath, Talk<'_>>, around: &Surroundings<'_>) -> bool {
    let mut news = Vec::new();
    for (path, talk) in talks {
        let Some(far) = talk.near().and_then(|near| ribs.neighbors.get(&near.path)) else { continue };
        let Some(receiver) = Receiver::of(talk.neighbor, &talk.far, &talk.carrier, talk.families, around) else {
            continue;
        };
        let mut paths = Paths::new(&receiver, None);
        news.push((*path, far.sent().map(|it| paths.learn(it.network, it.offer())).collect::<Vec<_>>()));
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
    let of_peers = talks
        .iter()
        .filter_map(|(path, talk)| Some((&talk.peer()?.path, talk, ribs.neighbors.get(*path)?.advertising.as_ref()?)));
    let of_peers: Vec<_> = of_peers.collect();
    let routes = of_peers.iter().map(|(.., advertising)| advertising.size()).sum();
    let accepted = parallel::map(routes, of_peers, |(peer, talk, advertising)| {
        (peer, advertising.accepted().map(|(network, rank)| (network, rank, talk)).collect::<Vec<_>>())
    });
    let mut taken: BTreeMap<&PolicyPath, Vec<(Network, Rank, &Talk<'_>)>> = BTreeMap::new();
    for (peer, accepted) in accepted {
        taken.entry(peer).or_default().extend(accepted);
    }
    let used = taken.into_iter().map(|(peer, mut taken)| {
        taken.sort_by_key(|(network, rank, talk)| (*network, *rank, &talk.neighbor.path));
        let mut used: Vec<(Network, PolicyPath)> = Vec::new();
        for as_good in taken.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let Some((first, ..)) = as_good.first() else { continue };
            // A worse rank of a network that is there already.
            if used.last().is_some_and(|(network, _)| network == first) {
                continue;
            }
            used.extend(as_good.iter().map(|(network, _, talk)| (*network, talk.carrier.session.path.clone())));
        }
        (peer.clone(), used)
    });
    used.collect()
}
