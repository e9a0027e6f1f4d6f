//! Whether two ends agree, and after how many messages they know (RFC 7296 section 1,
//! RFC 2409 section 5).
//!
//! ```text
//! IKEv2   IKE_SA_INIT       2 messages   version, proposals; 2 more when the group was guessed wrong
//!         IKE_AUTH          2            identities, proof, the first tunnel
//!         CREATE_CHILD_SA   2            every further tunnel, all at the same time
//! IKEv1   main mode         6            version, proposals, method; identities, proof
//!         quick mode        3            every tunnel, all at the same time
//! ```
//!
//! Traffic selectors have to be the same at both ends. Narrowing (RFC 7296 section
//! 2.9) is not done: the subnets of a policy-based session "match exactly with the
//! corresponding remote & local subnets used on the remote VPN Endpoint" (seed 002).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::party::{Ends, Party, Selector, is_same_id};
use super::proposal::{EspChoice, IkeChoice, IkeProposal};
use super::selection::select_first_esp;
use super::state::DownReason;
use super::terms::{Ike, agree_on_tunnels};
use crate::engine::topology::Credential;
use crate::model::{DhGroup, InitiationMode, Network};

/// A request and its answer.
const ROUND_TRIP: u32 = 2;
/// The messages of main mode (RFC 2409 section 5.1).
const MAIN_MODE: u32 = 6;

/// The messages of quick mode (RFC 2409 section 5.5).
const QUICK_MODE: u32 = 3;
/// The most selectors a message names.
const SELECTORS_NAMED: usize = 4;

/// A version of the protocol, as two ends speak it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// IKEv1 (RFC 2409).
    V1,
    /// IKEv2 (RFC 7296).
    V2,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "IKEv1",
            Self::V2 => "IKEv2",
        })
    }
}

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// The gateway.
    Gateway,
    /// The peer.
    Peer,
}

impl Side {
    /// What is the gateway's and what is the peer's, that of this side first.
    pub(super) fn first<T>(self, gateway: T, peer: T) -> (T, T) {
        match self {
            Self::Gateway => (gateway, peer),
            Self::Peer => (peer, gateway),
        }
    }
}

/// What two ends came to, and when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// After how many messages, one after the other, it is known.
    pub messages: u32,
    /// What it is.
    pub result: Result<Agreement, DownReason>,
}

/// What two ends agreed on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Agreement {
    /// Who began.
    pub initiator: Side,
    /// In which version.
    pub protocol: Protocol,
    /// What protects the IKE SA.
    pub ike: IkeChoice,
    /// Seconds it lives.
    pub ike_life_time: u32,
    /// Seconds the SA of a tunnel lives.
    pub esp_life_time: u32,
    /// Whether packets go in UDP, because one end is behind NAT.
    pub nat_traversal: bool,
    /// The tunnels.
    pub tunnels: Vec<TunnelOutcome>,
}

/// What becomes of one tunnel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TunnelOutcome {
    /// Its traffic.
    pub selector: Selector,
    /// After how many messages, one after the other, it is known.
    pub messages: u32,
    /// What protects it at first.
    pub first: Result<EspChoice, DownReason>,
    /// What protects it from the first rekeying on.
    pub rekeyed: Result<EspChoice, DownReason>,
}

/// Who begins: those that do so by themselves, and, when there is traffic (`woken`),
/// those that wait for it. The gateway comes first where both do.
pub(super) fn beginners(ends: &Ends, woken: bool) -> Vec<Side> {
    let begins = |party: &Party| match party.initiation {
        InitiationMode::Initiator => true,
        InitiationMode::OnDemand => woken,
        InitiationMode::RespondOnly => false,
    };
    let mut sides = Vec::new();
    if begins(&ends.ours) {
        sides.push(Side::Gateway);
    }
    if ends.answers && ends.theirs.as_ref().is_some_and(begins) {
        sides.push(Side::Peer);
    }
    if !ends.ours_is_first {
        sides.reverse();
    }
    sides
}

/// What comes of it when `ours` and `theirs` try: each of `beginners` in turn, until
/// there is an IKE SA. When there is none, the first attempt says why.
pub(super) fn negotiate(ours: &Party, theirs: &Party, beginners: &[Side]) -> Outcome {
    let mut messages = 0;
    let mut failure = None;
    for side in beginners {
        let outcome = attempt(ours, theirs, *side);
        match outcome.result {
            Ok(agreement) => {
                let later = |tunnel: TunnelOutcome| TunnelOutcome { messages: tunnel.messages + messages, ..tunnel };
                let tunnels = agreement.tunnels.into_iter().map(later).collect();
                return Outcome {
                    messages: messages + outcome.messages,
                    result: Ok(Agreement { tunnels, ..agreement }),
                };
            }
            Err(reason) => {
                messages += outcome.messages;
                failure.get_or_insert(reason);
            }
        }
    }
    Outcome { messages, result: Err(failure.unwrap_or(DownReason::WaitsForPeer)) }
}

/// One attempt, begun by one side.
fn attempt(ours: &Party, theirs: &Party, side: Side) -> Outcome {
    let fails = |messages, reason| Outcome { messages, result: Err(reason) };
    let Ike { protocol, offered, chosen: ike } =
        match Ike::agreed((ours.version, &ours.ike), (theirs.version, &theirs.ike), side) {
            Ok(agreed) => agreed,
            Err(reason) => return fails(ROUND_TRIP, reason),
        };

    let keys_exchanged = match protocol {
        Protocol::V1 => MAIN_MODE - ROUND_TRIP,
        Protocol::V2 => ike_exchange(&offered, ike.group),
    };
    let authenticated = keys_exchanged + ROUND_TRIP;
    match authenticate(ours, theirs) {
        // In IKEv1 the method is part of a proposal (RFC 2409 appendix A).
        Err(reason @ DownReason::MethodMismatch) if protocol == Protocol::V1 => return fails(ROUND_TRIP, reason),
        Err(reason @ DownReason::NoCertificate) => return fails(keys_exchanged, reason),
        Err(reason) => return fails(authenticated, reason),
        Ok(()) => {}
    }
    let agreement = Agreement {
        initiator: side,
        protocol,
        ike,
        ike_life_time: ours.ike_life_time.min(theirs.ike_life_time),
        esp_life_time: ours.esp_life_time.min(theirs.esp_life_time),
        nat_traversal: ours.behind_nat || theirs.behind_nat,
        tunnels: tunnels(ours, theirs, side, protocol, authenticated),
    };
    Outcome { messages: authenticated, result: Ok(agreement) }
}

/// The messages of `IKE_SA_INIT`. The initiator guesses that the group it prefers will
/// be chosen; when it is another, the responder says so (`INVALID_KE_PAYLOAD`, RFC 7296
/// section 1.2) and the exchange is repeated.
pub(super) fn ike_exchange(offered: &[IkeProposal], chosen: DhGroup) -> u32 {
    let guess = offered.first().and_then(|proposal| proposal.groups.first());
    if guess == Some(&chosen) { ROUND_TRIP } else { 2 * ROUND_TRIP }
}

/// Whether each believes the other.
fn authenticate(ours: &Party, theirs: &Party) -> Result<(), DownReason> {
    let certificate = match (&ours.credential, &theirs.credential) {
        (Credential::Psk(_), Credential::Certificate) | (Credential::Certificate, Credential::Psk(_)) => {
            return Err(DownReason::MethodMismatch);
        }
        (Credential::Certificate, Credential::Certificate) => true,
        (Credential::Psk(_), Credential::Psk(_)) => false,
    };
    if certificate && !ours.has_certificate {
        return Err(DownReason::NoCertificate);
    }
    if certificate && !theirs.has_certificate {
        return Err(DownReason::PeerHasNoCertificate);
    }
    if let Some(expected) = ours.expects.as_ref().filter(|expected| !is_same_id(expected, &theirs.id)) {
        return Err(DownReason::PeerIdMismatch { expected: expected.clone(), found: theirs.id.clone() });
    }
    if let Some(expected) = theirs.expects.as_ref().filter(|expected| !is_same_id(expected, &ours.id)) {
        return Err(DownReason::LocalIdMismatch { expected: expected.clone(), found: ours.id.clone() });
    }
    if !certificate && ours.credential != theirs.credential {
        return Err(DownReason::KeyMismatch);
    }
    Ok(())
}

/// What becomes of the gateway's tunnels after the IKE SA, which takes `authenticated`
/// messages.
fn tunnels(ours: &Party, theirs: &Party, side: Side, protocol: Protocol, authenticated: u32) -> Vec<TunnelOutcome> {
    let (initiator, responder) = side.first(ours, theirs);
    let protected: BTreeSet<(Network, Network)> = theirs.selectors.iter().map(Selector::turned).collect();
    let in_auth = match side {
        Side::Gateway => ours.selectors.first().map(|selector| (selector.own, selector.other)),
        Side::Peer => theirs.selectors.first().map(Selector::turned),
    };
    let at_first = select_first_esp(&responder.esp, &initiator.esp);
    let with_groups = agree_on_tunnels(&ours.esp, &theirs.esp, side);
    let guessed_right = match (&with_groups, initiator.esp.first()) {
        (Ok(EspChoice { group: Some(group), .. }), Some(offered)) => offered.groups.first() == Some(group),
        _ => true,
    };

    let mut is_first_found = false;
    let outcome = |selector: &Selector| {
        let is_first = protocol == Protocol::V2 && !is_first_found && in_auth == Some((selector.own, selector.other));
        is_first_found |= is_first;
        let messages = match protocol {
            Protocol::V1 => authenticated + QUICK_MODE,
            Protocol::V2 if is_first => authenticated,
            Protocol::V2 if guessed_right => authenticated + ROUND_TRIP,
            Protocol::V2 => authenticated + 2 * ROUND_TRIP,
        };
        let fails = |reason: DownReason| TunnelOutcome {
            selector: selector.clone(),
            messages,
            first: Err(reason.clone()),
            rekeyed: Err(reason),
        };
        if !protected.contains(&(selector.own, selector.other)) {
            return fails(DownReason::SelectorMismatch { asked: selector.to_string(), protects: protects(theirs) });
        }
        // A tunnel that comes with the IKE SA has no groups yet.
        let first = at_first.filter(|_| is_first).map_or_else(|| with_groups.clone(), Ok);
        TunnelOutcome { selector: selector.clone(), messages, first, rekeyed: with_groups.clone() }
    };
    ours.selectors.iter().map(outcome).collect()
}

/// What a peer protects, from the gateway's side to its own.
fn protects(theirs: &Party) -> String {
    let turned = |selector: &Selector| format!("{} to {}", selector.other, selector.own);
    let named: Vec<_> = theirs.selectors.iter().take(SELECTORS_NAMED).map(turned).collect();
    match theirs.selectors.len() {
        0 => "nothing".to_owned(),
        all if all > SELECTORS_NAMED => format!("{} and {} more", named.join(", "), all - SELECTORS_NAMED),
        _ => named.join(", "),
    }
}

/// What a session and its far end choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Who begins.
    pub initiator: Side,
    /// The version of IKE.
    pub protocol: Protocol,
    /// What protects the IKE SA.
    pub ike: IkeChoice,
    /// Seconds an IKE SA lives: the smaller number of the two ends.
    pub ike_life_time: u32,
    /// What protects the first tunnel that is up; none: no tunnel is.
    pub esp: Option<EspChoice>,
    /// Seconds the SA of a tunnel lives: the smaller number of the two ends.
    pub esp_life_time: u32,
}

/// `IKEv2 AES_128/SHA2_256/GROUP14, ESP AES_GCM_128/GROUP14`
impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.protocol, self.ike)?;
        self.esp.map_or(Ok(()), |esp| write!(f, ", ESP {esp}"))
    }
}

impl Chosen {
    /// What is in `agreement`; for tunnels, what it is in the end, from the first rekeying
    /// on if not before.
    pub(super) fn of(agreement: &Agreement) -> Self {
        let esp = agreement.tunnels.iter().find_map(|tunnel| tunnel.rekeyed.as_ref().or(tunnel.first.as_ref()).ok());
        Self {
            initiator: agreement.initiator,
            protocol: agreement.protocol,
            ike: agreement.ike,
            ike_life_time: agreement.ike_life_time,
            esp: esp.copied(),
            esp_life_time: agreement.esp_life_time,
        }
    }
}

/// What a session and its far end choose, once they negotiate; none when there is no
/// IKE SA between them, or nobody at all.
#[cfg(test)]
pub(super) fn chosen(
    wired: &crate::engine::topology::Wired<'_>,
    far: &crate::engine::topology::FarEnd<'_>,
) -> Option<Chosen> {
    let ends = Ends::of(wired, far);
    let agreement = negotiate(&ends.ours, ends.theirs.as_ref()?, &beginners(&ends, true)).result.ok()?;
    Some(Chosen::of(&agreement))
}
