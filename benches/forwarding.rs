//! What a decision costs: the time for a packet's whole way, source, rules, route,
//! tunnel, sizes and peer, against a bare look-up of the longest prefix for its
//! destination, by `prefix-trie` and by `poptrie`, in a table of the same routes.
//!
//!     cargo bench --bench forwarding
//!     CARGO_PROFILE_BENCH_OPT_LEVEL=3 cargo bench --bench forwarding
//!
//! A round measures each in turn over the same packets, and the ratio is that of one
//! round; shown are the median of the ratios and its quartiles. A third of the packets
//! match a rule, a third a route and a third nothing. Each route has two next hops.
//!
//! Then, what it takes to have the tables of a million routes, each announced by one
//! peer: what neighbors teach is filtered and compared, and the tables are built.

#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::match_wildcard_for_single_variants)]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use poptrie::Poptrie;
use prefix_trie::PrefixMap;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value as Json, json};
use terraform_provider_vpn::engine::Moment;
use terraform_provider_vpn::engine::bgp::{self, NeighborRecord, Ribs, Surroundings, Unused};
use terraform_provider_vpn::engine::esp::Proposal;
use terraform_provider_vpn::engine::forwarding::{Disposition, Forwarding, Inputs, Packet, protocol};
use terraform_provider_vpn::engine::negotiation::{EspSa, IkeState, SessionState, Tunnel, TunnelState};
use terraform_provider_vpn::engine::topology::{Neighbor, SessionKind, SpeakerRoute, Topology};
use terraform_provider_vpn::model::kind::kinds_at;
use terraform_provider_vpn::model::{EspEncryption, Network, PolicyPath, RouteOrigin, Tree, read};

type Failure = Box<dyn Error>;

const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
const BGP: &str = "/infra/tier-0s/vmc/locale-services/default/bgp";
const LIST: &str = "/infra/tier-0s/vmc/prefix-lists/long";
const TIER_0: &str = "/infra/tier-0s/vmc";
/// Sessions over which the routes are spread.
const SESSIONS: u8 = 8;
const RULES: u16 = 1_000;
const ENTRIES: u32 = 10_000;
const PACKETS: usize = 1 << 14;
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(30);
/// What a decision may cost, in bare look-ups.
const GOAL: f64 = 3.0;
/// What a million routes may take.
const BUILD_GOAL: Duration = Duration::from_secs(1);

fn main() -> Result<(), Failure> {
    println!("{RULES} rules, {PACKETS} packets, median (quartiles) of {ROUNDS} rounds");
    for routes in [1, 1_000, 1_000_000] {
        decide(routes)?;
    }
    build(1_000_000)
}

/// Decisions in a world with so many routes.
fn decide(count: usize) -> Result<(), Failure> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let routes = routes(count, &mut numbers)?;
    let world = World::new(&routes, 2)?;
    let forwarding = world.forwarding(&world.ribs());
    let packets = packets(&routes, &mut numbers);

    let mut trie: PrefixMap<(u32, u8), u32> = PrefixMap::new();
    for (network, position) in routes.iter().zip(0..) {
        if let IpAddr::V4(first) = network.first() {
            trie.insert((first.to_bits(), network.length()), position);
        }
    }
    let poptrie: Poptrie<(u32, u8), u32> = trie.iter().map(|(prefix, position)| (prefix, *position)).collect();
    let destinations: Vec<u32> = packets
        .iter()
        .filter_map(|packet| if let IpAddr::V4(to) = packet.destination { Some(to.to_bits()) } else { None })
        .collect();

    let delivered =
        packets.iter().filter(|it| forwarding.decide(it).disposition == Disposition::DeliveredToPeer).count();
    let found = destinations.iter().filter(|it| trie.get_lpm(&(**it, 32)).is_some()).count();
    let mut bare = Vec::new();
    let mut popped = Vec::new();
    let mut decided = Vec::new();
    for _ in 0..ROUNDS {
        bare.push(pace(&destinations, |destination| trie.get_lpm(&(*destination, 32)).map(|(_, next_hop)| *next_hop)));
        popped.push(pace(&destinations, |destination| poptrie.lookup(*destination).copied()));
        decided.push(pace(&packets, |packet| forwarding.decide(packet)));
    }
    println!("{count} routes: {delivered} packets arrive, {found} have a route");
    println!(
        "  prefix-trie {:6.1} ns, poptrie {:6.1} ns, decide {:6.1} ns",
        median(&bare),
        median(&popped),
        median(&decided)
    );
    let ratio = ratios(&decided, &bare);
    println!("  decide : prefix-trie {} goal {GOAL}", shown(&ratio));
    println!("  decide : poptrie     {}", shown(&ratios(&decided, &popped)));
    Ok(())
}

/// The tables of a world with so many routes.
fn build(count: usize) -> Result<(), Failure> {
    let world = World::new(&routes(count, &mut Numbers(0x9e37_79b9_7f4a_7c15))?, 1)?;
    let begun = Instant::now();
    let ribs = world.ribs();
    let learned = begun.elapsed();
    let begun = Instant::now();
    let forwarding = world.forwarding(&ribs);
    let built = begun.elapsed();
    let used = ribs.gateways.values().map(|rib| rib.routes.len()).sum::<usize>();
    println!(
        "{used} routes through {ENTRIES} entries: learned in {learned:.2?}, tables in {built:.2?}, together {:.2?}, goal {BUILD_GOAL:?}",
        learned + built
    );
    drop(forwarding);
    Ok(())
}

/// Nanoseconds for one of `items`.
fn pace<T, U>(items: &[T], work: impl Fn(&T) -> U) -> f64 {
    let start = processor_time();
    let mut done = 0_u32;
    while processor_time().saturating_sub(start) < ROUND {
        for item in items {
            black_box(&work(black_box(item)));
        }
        done += 1;
    }
    processor_time().saturating_sub(start).as_secs_f64() * 1e9 / f64::from(done) / items.len() as f64
}

/// What this thread has used: others on the machine do not count.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn median(values: &[f64]) -> f64 {
    sorted(values).get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn ratios(these: &[f64], those: &[f64]) -> Vec<f64> {
    sorted(&these.iter().zip(those).map(|(this, that)| this / that).collect::<Vec<_>>())
}

fn shown(ratios: &[f64]) -> String {
    let at = |part: usize| ratios.get(ratios.len() * part / 4).copied().unwrap_or(f64::NAN);
    format!("{:.2} ({:.2}, {:.2})", at(2), at(1), at(3))
}

/// Numbers without pattern, the same in every run (xorshift64*, Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }
}

/// Networks from /16 to /24, most of them long, outside of those of rules and segments.
fn routes(count: usize, numbers: &mut Numbers) -> Result<Vec<Network>, Failure> {
    let mut routes = BTreeSet::new();
    while routes.len() < count {
        let address = Ipv4Addr::from(numbers.next());
        let length = 24 - numbers.next().leading_zeros().min(8);
        let first = address.octets()[0];
        if (20..120).contains(&first) || (130..168).contains(&first) || (193..220).contains(&first) {
            routes.extend(Network::around(address.into(), u8::try_from(length)?));
        }
    }
    Ok(routes.into_iter().collect())
}

/// Which network of the sessions' rules the rule `number` has on the peer's side.
fn of_rule(number: u16) -> String {
    format!("10.{}.{}.0/24", number >> 8, number & 0xff)
}

fn packets(routes: &[Network], numbers: &mut Numbers) -> Vec<Packet> {
    let any = |numbers: &mut Numbers, network: Network| match network.first() {
        IpAddr::V4(first) => IpAddr::V4((first.to_bits() | numbers.next() >> network.length().min(31)).into()),
        IpAddr::V6(first) => first.into(),
    };
    (0..PACKETS)
        .map(|turn| {
            let destination = match turn % 3 {
                0 => {
                    let route = routes[numbers.below(routes.len())];
                    any(numbers, route)
                }
                1 => {
                    let rule = numbers.below(usize::from(RULES));
                    Ipv4Addr::new(10, (rule >> 8) as u8, rule as u8, numbers.next() as u8).into()
                }
                // Where no route is.
                _ => Ipv4Addr::from(120 << 24 | numbers.next() >> 8).into(),
            };
            Packet {
                source: Ipv4Addr::new(192, 168, (numbers.next() % 64) as u8, 10).into(),
                destination,
                protocol: if turn % 2 == 0 { protocol::TCP } else { protocol::UDP },
                source_port: numbers.next() as u16,
                destination_port: 443,
                size: 60 + numbers.below(1_300),
                dont_fragment: true,
                time_to_live: 64,
                handshake_mss: (turn % 8 == 0).then_some(1_460),
            }
        })
        .collect()
}

/// A long prefix list, which lets all routes pass, each by one of many entries.
fn entries() -> Json {
    let entry = |number: u32| json!({ "network": format!("{}/14", Ipv4Addr::from(number << 18)), "ge": 16, "le": 24 });
    (0..ENTRIES).map(entry).chain([json!({ "network": "ANY" })]).collect()
}

/// What is declared and what is the case.
struct World {
    topology: Topology,
    sessions: BTreeMap<PolicyPath, SessionState>,
}

impl World {
    fn new(routes: &[Network], next_hops: usize) -> Result<Self, Failure> {
        let mut this = Self { topology: Topology::default(), sessions: BTreeMap::new() };
        this.put(TIER_0, &json!({}))?;
        let advertised = ["TIER1_CONNECTED"];
        this.put("/infra/tier-1s/cgw", &json!({ "tier0_path": TIER_0, "route_advertisement_types": advertised }))?;
        this.put(BGP, &json!({ "local_as_num": "65000" }))?;
        this.put(LIST, &json!({ "prefixes": entries() }))?;
        this.put(SERVICE, &json!({}))?;
        let endpoint = format!("{SERVICE}/local-endpoints/Public-IP1");
        this.put(&endpoint, &json!({ "local_address": "203.0.113.66" }))?;
        for kind in ["ike", "tunnel", "dpd"] {
            this.put(&format!("/infra/ipsec-vpn-{kind}-profiles/nsx-default-l3vpn-{kind}-profile"), &json!({}))?;
        }
        for segment in 0..64 {
            let subnets = json!([{ "gateway_address": format!("192.168.{segment}.1/24") }]);
            this.put(&format!("/infra/tier-1s/cgw/segments/s{segment}"), &json!({ "subnets": subnets }))?;
        }
        let session = |address: String, own: &str, value: Json| {
            json!({
                "local_endpoint_path": endpoint, "peer_address": address, "peer_id": address, "psk": "key",
                "tcp_mss_clamping": { "direction": "BOTH" }, own: value,
            })
        };
        for number in 0..SESSIONS {
            let address = json!([{ "ip_addresses": [format!("169.254.{number}.1")], "prefix_length": 30 }]);
            let body = session(format!("198.51.100.{number}"), "tunnel_interfaces", json!([{ "ip_subnets": address }]));
            this.put(&format!("{SERVICE}/sessions/r{number}"), &body)?;
            let neighbor = json!({
                "neighbor_address": format!("169.254.{number}.2"), "remote_as_num": "65001",
                "route_filtering": [{ "in_route_filters": [LIST] }],
            });
            this.put(&format!("{BGP}/neighbors/r{number}"), &neighbor)?;
            this.peer(&format!("198.51.100.{number}"))?;
            let rules = (0..RULES).filter(|rule| rule % u16::from(SESSIONS) == u16::from(number)).map(|rule| {
                json!({
                    "id": rule.to_string(), "sequence_number": rule,
                    "sources": [{ "subnet": "192.168.0.0/18" }], "destinations": [{ "subnet": of_rule(rule) }],
                })
            });
            let body = session(format!("203.0.113.{number}"), "rules", rules.collect());
            this.put(&format!("{SERVICE}/sessions/p{number}"), &body)?;
            this.peer(&format!("203.0.113.{number}"))?;
        }
        this.announce(routes, next_hops)?;
        this.up()?;
        Ok(this)
    }

    fn put(&mut self, at: &str, body: &Json) -> Result<(), Failure> {
        let path = PolicyPath::parse(at)?;
        let is_rules = body.get("rules").is_some();
        let kind = kinds_at(&path).find(|kind| (kind.name == "policy_based_session") == is_rules).ok_or("no kind")?;
        let reading = read(kind, &Tree::from(body), kind.parent(&path).map(|it| it.current_address()).as_deref());
        if !reading.is_accepted() {
            return Err(format!("{at}: {:?}", reading.problems).into());
        }
        self.topology.put(kind, &path, &reading.tree);
        Ok(())
    }

    fn peer(&mut self, address: &str) -> Result<(), Failure> {
        let body = json!({ "address": address, "psk": "key", "bgp": {} });
        self.put(&format!("/infra/simulated-peers/{address}"), &body)
    }

    /// Each route is announced by so many peers.
    fn announce(&mut self, routes: &[Network], next_hops: usize) -> Result<(), Failure> {
        for (position, network) in routes.iter().enumerate() {
            let peers = [position, position + 1 + position / 7 % 7].map(|number| number % usize::from(SESSIONS));
            for number in &peers[..next_hops] {
                let peer = PolicyPath::parse(&format!("/infra/simulated-peers/198.51.100.{number}"))?;
                let speaker =
                    self.topology.peers.get_mut(&peer).and_then(|peer| peer.bgp.as_mut()).ok_or("no speaker")?;
                speaker.routes.push(SpeakerRoute {
                    network: *network,
                    as_path: [].into(),
                    origin: RouteOrigin::Igp,
                    med: 0,
                    local_preference: 100,
                    next_hop: None,
                });
            }
        }
        Ok(())
    }

    /// Every session is up.
    fn up(&mut self) -> Result<(), Failure> {
        let sa = EspSa { proposal: Proposal::of(EspEncryption::AesGcm128, None)?, nat_traversal: false, group: None };
        let tunnel =
            |local, remote, rule| Tunnel { local, remote, rule, state: TunnelState::Up { since: Moment(0), sa } };
        for (path, session) in &self.topology.sessions {
            let tunnels = match &session.kind {
                SessionKind::RouteBased { addresses, .. } => addresses
                    .iter()
                    .map(|(own, _)| tunnel(Network::everything(*own), Network::everything(*own), None))
                    .collect(),
                SessionKind::PolicyBased { rules } => rules
                    .iter()
                    .map(|rule| tunnel(rule.sources[0], rule.destinations[0], Some(rule.id.clone())))
                    .collect(),
            };
            self.sessions.insert(path.clone(), SessionState { ike: IkeState::Up { since: Moment(0) }, tunnels });
        }
        Ok(())
    }

    /// What is learned, a minute after the sessions have come up.
    fn ribs(&self) -> Arc<Ribs> {
        let around = Surroundings { topology: &self.topology, sessions: &self.sessions };
        let state = |neighbor: &Neighbor| {
            NeighborRecord::begin(neighbor, &around, Moment(0)).state(neighbor, &around, Moment(60_000))
        };
        let states = self.topology.neighbors.iter().map(|(path, neighbor)| (path.clone(), state(neighbor)));
        Arc::new(bgp::ribs(&self.topology, &states.collect(), &self.sessions))
    }

    fn forwarding(&self, ribs: &Arc<Ribs>) -> Forwarding {
        let unused: Arc<dyn Unused> = ribs.clone();
        Forwarding::of(&Inputs {
            now: Moment(60_000),
            topology: &self.topology,
            sessions: &self.sessions,
            ribs: &ribs.gateways,
            peers: &ribs.peers,
            neighbors_down: &BTreeMap::new(),
            unused: &unused,
        })
    }
}
