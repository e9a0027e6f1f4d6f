//! Which proposal is chosen (RFC 7296 section 2.7), as strongSwan does it.
//!
//! The responder chooses, and its own order wins: of its proposals the first that goes
//! together with one of the initiator's, and in it of each kind of algorithm the first
//! that the initiator has too. Key sizes are part of an algorithm. So the outcome
//! depends on who initiates.
//!
//! In IKEv1 a proposal has one algorithm of each kind. Taking the combinations of the
//! lists one after the other leads to the same choice, since the first combination
//! that both have is made of the first algorithm of each kind that both have; so there
//! is no other selection for IKEv1.

use super::proposal::{EspChoice, EspProposal, IkeChoice, IkeProposal};
use crate::engine::esp;

/// What `responder` chooses of what `initiator` offers for the IKE SA.
pub fn select_ike(responder: &[IkeProposal], initiator: &[IkeProposal]) -> Option<IkeChoice> {
    first_of_pairs(responder, initiator, |own, offered| {
        Some(IkeChoice {
            cipher: first_common(&own.ciphers, &offered.ciphers)?,
            digest: if own.is_aead() { None } else { Some(first_common(&own.digests, &offered.digests)?) },
            prf: first_common(&own.prfs, &offered.prfs)?,
            group: first_common(&own.groups, &offered.groups)?,
        })
    })
}

/// What `responder` chooses of what `initiator` offers for a tunnel. Both need a
/// group in common, or both none.
pub fn select_esp(responder: &[EspProposal], initiator: &[EspProposal]) -> Option<EspChoice> {
    first_of_pairs(responder, initiator, |own, offered| {
        let cipher = first_common(&own.ciphers, &offered.ciphers)?;
        let proposal = match esp::Proposal::of(cipher, None) {
            Ok(aead) => aead,
            Err(_) => esp::Proposal::of(cipher, Some(first_common(&own.digests, &offered.digests)?)).ok()?,
        };
        let both_without = own.groups.is_empty() && offered.groups.is_empty();
        let group = if both_without { None } else { Some(first_common(&own.groups, &offered.groups)?) };
        Some(EspChoice { proposal, group })
    })
}

/// What `responder` chooses for a tunnel that `IKE_AUTH` makes: it has no
/// Diffie-Hellman exchange of its own (RFC 7296 section 1.2), so the groups do not
/// matter yet.
pub fn select_first_esp(responder: &[EspProposal], initiator: &[EspProposal]) -> Option<EspChoice> {
    let without = |proposals: &[EspProposal]| proposals.iter().map(EspProposal::without_groups).collect::<Vec<_>>();
    select_esp(&without(responder), &without(initiator))
}

fn first_of_pairs<P, C>(preferred: &[P], other: &[P], choose: impl Fn(&P, &P) -> Option<C>) -> Option<C> {
    preferred.iter().find_map(|own| other.iter().find_map(|offered| choose(own, offered)))
}

fn first_common<T: Copy + PartialEq>(preferred: &[T], other: &[T]) -> Option<T> {
    preferred.iter().copied().find(|algorithm| other.contains(algorithm))
}
