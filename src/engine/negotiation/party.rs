//! The two ends of a session, in one form: what each offers, takes and says of itself.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use xxhash_rust::xxh3::Xxh3;

use super::proposal::{EspProposal, IkeProposal};
use super::state::{Tunnel, TunnelState};
use crate::engine::topology::{Credential, FarEnd, LATENCY_BETWEEN_GATEWAYS, Peer, PolicyRule, SessionKind, Wired};
use crate::model::{IkeVersion, InitiationMode, Network};

/// Everything of one end that negotiation depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Party {
    /// Where it is reached.
    pub address: IpAddr,
    /// Whether it is to be established.
    pub runs: Running,
    /// Who begins.
    pub initiation: InitiationMode,
    /// Versions of IKE.
    pub version: IkeVersion,
    /// What it offers and takes for IKE.
    pub ike: Vec<IkeProposal>,
    /// Seconds an IKE SA lives.
    pub ike_life_time: u32,
    /// Who it says it is.
    pub id: String,
    /// Who the other has to be; none: anybody.
    pub expects: Option<String>,
    /// How it proves who it is, and the other has to.
    pub credential: Credential,
    /// Whether it has a certificate to present.
    pub has_certificate: bool,
    /// What it offers and takes for tunnels.
    pub esp: Vec<EspProposal>,
    /// Seconds the SA of a tunnel lives.
    pub esp_life_time: u32,
    /// The traffic it protects, a tunnel for each.
    pub selectors: Vec<Selector>,
    /// Whether it is behind NAT.
    pub behind_nat: bool,
}

/// Whether an end takes part at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Running {
    /// It does.
    Yes,
    /// Its session is disabled.
    SessionDisabled,
    /// Its service is disabled.
    ServiceDisabled,
}

/// Traffic that goes through one tunnel, as one end sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Selector {
    /// The network on its own side.
    pub own: Network,
    /// The network on the other side.
    pub other: Network,
    /// The rule it comes from.
    pub rule: Option<String>,
}

impl Selector {
    /// Its networks as the other end sees them.
    pub fn turned(&self) -> (Network, Network) {
        (self.other, self.own)
    }

    /// Its tunnel in this state, where it is the gateway's.
    pub fn tunnel(&self, state: TunnelState) -> Tunnel {
        Tunnel { local: self.own, remote: self.other, rule: self.rule.clone(), state }
    }
}

/// From the gateway's side to the peer's: `10.1.0.0/16 to 10.2.0.0/16`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.own, self.other)
    }
}

/// A session's two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    /// The gateway's.
    pub ours: Party,
    /// The peer's; none: nobody is there.
    pub theirs: Option<Party>,
    /// Whether messages reach it, and it listens.
    pub answers: bool,
    /// Milliseconds a message takes, one way.
    pub latency: u32,
    /// Whether the gateway's attempt comes before the peer's, when both begin at the
    /// same time.
    pub ours_is_first: bool,
}

impl Ends {
    /// The ends of a session with its far end.
    pub fn of(wired: &Wired<'_>, far: &FarEnd<'_>) -> Self {
        let ours = Party::of_session(wired);
        let (theirs, reachable, latency, ours_is_first) = match far {
            FarEnd::Nobody => (None, false, 0, true),
            FarEnd::Peer(peer) => (Some(Party::of_peer(peer, &ours)), peer.reachable, peer.latency, true),
            FarEnd::Session(other) => {
                // Both ends have to come to the same answer.
                let first = wired.session.path < other.session.path;
                (Some(Party::of_session(other)), true, LATENCY_BETWEEN_GATEWAYS, first)
            }
        };
        let listens = theirs
            .as_ref()
            .is_some_and(|theirs| theirs.runs == Running::Yes && theirs.address.is_ipv4() == ours.address.is_ipv4());
        Self { ours, theirs, answers: reachable && listens, latency, ours_is_first }
    }
}

impl Party {
    /// The gateway's end of a session.
    fn of_session(wired: &Wired<'_>) -> Self {
        let session = wired.session;
        Self {
            address: wired.endpoint.address,
            runs: match (session.enabled, wired.service_enabled) {
                (false, _) => Running::SessionDisabled,
                (true, false) => Running::ServiceDisabled,
                (true, true) => Running::Yes,
            },
            initiation: session.initiation,
            version: wired.ike.version,
            ike: IkeProposal::all_of(&wired.ike.algorithms),
            ike_life_time: wired.ike.life_time,
            id: wired.endpoint.id.clone(),
            expects: Some(session.peer_id.clone()),
            credential: session.credential.clone(),
            has_certificate: wired.endpoint.has_certificate,
            esp: EspProposal::all_of(&wired.tunnel.algorithms),
            esp_life_time: wired.tunnel.life_time,
            selectors: selectors(&session.kind),
            behind_nat: false,
        }
    }

    /// A simulated peer. What it does not say is as `ours`, the gateway's end, expects.
    fn of_peer(peer: &Peer, ours: &Self) -> Self {
        let mirrored = |selector: &Selector| {
            let (own, other) = selector.turned();
            Selector { own, other, rule: None }
        };
        let said = |(own, other): &(Network, Network)| Selector { own: *own, other: *other, rule: None };
        let initiates = peer.initiates.unwrap_or(ours.initiation != InitiationMode::OnDemand);
        Self {
            address: peer.address,
            runs: Running::Yes,
            initiation: if initiates { InitiationMode::Initiator } else { InitiationMode::RespondOnly },
            version: peer.ike_version.unwrap_or(ours.version),
            ike: match &peer.ike_proposals[..] {
                [] => ours.ike.clone(),
                said => said.iter().flat_map(IkeProposal::all_of).collect(),
            },
            ike_life_time: peer.ike_life_time.unwrap_or(ours.ike_life_time),
            id: peer.id.clone(),
            expects: peer.remote_id.clone(),
            credential: peer.credential.clone(),
            has_certificate: peer.credential == Credential::Certificate,
            esp: match &peer.esp_proposals[..] {
                [] => ours.esp.clone(),
                said => said.iter().flat_map(EspProposal::all_of).collect(),
            },
            esp_life_time: peer.tunnel_life_time.unwrap_or(ours.esp_life_time),
            selectors: match &peer.selectors[..] {
                [] => ours.selectors.iter().map(mirrored).collect(),
                some => some.iter().map(said).collect(),
            },
            behind_nat: peer.behind_nat,
        }
    }
}

/// A number that is another one for another value. It is kept beside a session's
/// state, to notice that the session has to be negotiated anew. A new release of the
/// program may compute other numbers: then sessions are negotiated once more.
pub(super) fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = Xxh3::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The tunnels of a session.
///
/// A route-based one has a single tunnel for everything, 0.0.0.0/0; it carries IPv6
/// too if its interface has an address of each version. With IPv6 alone it is `::/0`.
/// A policy-based one has a tunnel for each pair of source and destination of one IP
/// version, in each of its enabled rules.
fn selectors(kind: &SessionKind) -> Vec<Selector> {
    match kind {
        SessionKind::RouteBased { addresses, .. } => {
            let v4 = addresses.iter().map(|(address, _)| *address).find(IpAddr::is_ipv4);
            let Some(address) = v4.or(addresses.first().map(|(address, _)| *address)) else { return Vec::new() };
            let everything = Network::everything(address);
            vec![Selector { own: everything, other: everything, rule: None }]
        }
        SessionKind::PolicyBased { rules } => rules.iter().filter(|rule| rule.enabled).flat_map(rule_pairs).collect(),
    }
}

/// The tunnels of a rule. A side without networks is 0.0.0.0/0, and `::/0` beside IPv6
/// networks.
fn rule_pairs(rule: &PolicyRule) -> Vec<Selector> {
    let pair = |own: Network, other: Network| Selector { own, other, rule: Some(rule.id.clone()) };
    let all_like = |network: Network| Network::everything(network.first());
    match (&rule.sources[..], &rule.destinations[..]) {
        ([], []) => {
            let everything = Network::everything(IpAddr::from([0, 0, 0, 0]));
            vec![pair(everything, everything)]
        }
        ([], destinations) => destinations.iter().map(|other| pair(all_like(*other), *other)).collect(),
        (sources, []) => sources.iter().map(|own| pair(*own, all_like(*own))).collect(),
        (sources, destinations) => {
            let of_one_version = |own: Network| destinations.iter().filter(move |other| other.is_v6() == own.is_v6());
            sources.iter().flat_map(|own| of_one_version(*own).map(|other| pair(*own, *other))).collect()
        }
    }
}

/// Whether two identities are the same: addresses by value, distinguished names
/// without regard to spaces around their parts, and all of them without regard to
/// case (RFC 5280 section 7.1, RFC 4343).
pub(super) fn is_same_id(one: &str, other: &str) -> bool {
    if let (Ok(one), Ok(other)) = (one.parse::<IpAddr>(), other.parse::<IpAddr>()) {
        return one == other;
    }
    let parts = |id: &str| id.split(',').map(|part| part.trim().to_lowercase()).collect::<Vec<_>>();
    parts(one) == parts(other)
}
