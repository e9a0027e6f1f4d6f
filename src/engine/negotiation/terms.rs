//! What two ends of a session agree on, as far as that depends on their profiles alone.

use super::negotiate::{Protocol, Side};
use super::proposal::{EspChoice, EspProposal, IkeChoice, IkeProposal, in_words};
use super::selection::{select_esp, select_first_esp, select_ike};
use super::state::DownReason;
use crate::engine::topology::{IkeProfile, TunnelProfile};
use crate::model::{DhGroup, IkeVersion};

/// What an end offers, and takes.
#[derive(Clone, Debug)]
pub struct Terms {
    version: IkeVersion,
    ike: Vec<IkeProposal>,
    esp: Vec<EspProposal>,
}

/// What two ends agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// In which version of IKE.
    pub protocol: Protocol,
    /// What protects the IKE SA.
    pub ike: IkeChoice,
    /// What protects a tunnel, from its first rekeying on if not before.
    pub esp: EspChoice,
}

impl Terms {
    /// The terms of a session with these profiles.
    pub fn of(ike: &IkeProfile, tunnel: &TunnelProfile) -> Self {
        Self {
            version: ike.version,
            ike: IkeProposal::all_of(&ike.algorithms),
            esp: EspProposal::all_of(&tunnel.algorithms),
        }
    }

    /// What a gateway with these terms and a peer agree on when `begins` initiates, or the first
    /// thing that keeps them apart.
    pub fn agree(&self, peer: &Self, begins: Side) -> Result<Agreed, DownReason> {
        let ike = Ike::agreed((self.version, &self.ike), (peer.version, &peer.ike), begins)?;
        let esp = agree_on_tunnels(&self.esp, &peer.esp, begins)?;
        Ok(Agreed { protocol: ike.protocol, ike: ike.chosen, esp })
    }
}

/// What the ends agree on for the IKE SA.
pub(super) struct Ike {
    /// In which version.
    pub protocol: Protocol,
    /// What the initiator offered.
    pub offered: Vec<IkeProposal>,
    /// What the responder chose.
    pub chosen: IkeChoice,
}

impl Ike {
    /// What the gateway and the peer, each with its versions and proposals, agree on when
    /// `begins` initiates.
    pub fn agreed(
        gateway: (IkeVersion, &[IkeProposal]),
        peer: (IkeVersion, &[IkeProposal]),
        begins: Side,
    ) -> Result<Self, DownReason> {
        let (initiator, responder) = begins.first(gateway, peer);
        let protocol = if initiator.0 == IkeVersion::V1 { Protocol::V1 } else { Protocol::V2 };
        let speaks = match protocol {
            Protocol::V1 => responder.0 != IkeVersion::V2,
            Protocol::V2 => responder.0 != IkeVersion::V1,
        };
        if !speaks {
            let [ours, theirs] = [gateway, peer].map(|(version, _)| version.word().to_owned());
            return Err(DownReason::VersionMismatch { ours, theirs });
        }
        // IKEv1 has no AEAD.
        let usable = |(_, proposals): (_, &[IkeProposal])| -> Vec<_> {
            proposals.iter().filter(|proposal| protocol == Protocol::V2 || !proposal.is_aead()).cloned().collect()
        };
        let (offered, taken) = (usable(initiator), usable(responder));
        match select_ike(&taken, &offered) {
            Some(chosen) => Ok(Self { protocol, offered, chosen }),
            None => Err(DownReason::NoIkeProposal { offered: in_words(&offered), taken: in_words(&taken) }),
        }
    }
}

/// What protects the tunnels of a gateway and a peer with these proposals from the first rekeying
/// on, when `begins` initiates.
pub(super) fn agree_on_tunnels(
    gateway: &[EspProposal],
    peer: &[EspProposal],
    begins: Side,
) -> Result<EspChoice, DownReason> {
    let (initiator, responder) = begins.first(gateway, peer);
    if select_first_esp(responder, initiator).is_none() {
        let of = |proposals: &[EspProposal]| {
            in_words(&proposals.iter().map(EspProposal::without_groups).collect::<Vec<_>>())
        };
        return Err(DownReason::NoEspProposal { offered: of(initiator), taken: of(responder) });
    }
    select_esp(responder, initiator).ok_or_else(|| pfs_mismatch(gateway, peer))
}

/// The groups of the proposals that would do, but for their groups.
fn pfs_mismatch(gateway: &[EspProposal], peer: &[EspProposal]) -> DownReason {
    let wants = |own: &[EspProposal], other: &[EspProposal]| {
        let would_do = |proposal: &&EspProposal| select_first_esp(std::slice::from_ref(*proposal), other).is_some();
        let mut groups: Vec<Option<DhGroup>> = Vec::new();
        for proposal in own.iter().filter(would_do) {
            match &proposal.groups[..] {
                [] => groups.push(None),
                some => groups.extend(some.iter().copied().map(Some)),
            }
        }
        groups.dedup();
        groups.iter().map(|group| group.map_or("no group", DhGroup::word)).collect::<Vec<_>>().join(" or ")
    };
    DownReason::PfsMismatch { ours: wants(gateway, peer), theirs: wants(peer, gateway) }
}
