//! Concrete proposals, and how they are written.
//!
//! A profile lists ciphers of two sorts beside each other. In a proposal they are
//! apart: ciphers that check integrity themselves (AEAD) and ciphers that need a
//! digest are never in the same one (RFC 7296 section 3.3). So a mixed list becomes
//! two proposals, in the order in which the sorts first appear in it.

use std::fmt;

use crate::engine::esp;
use crate::engine::topology::{EspAlgorithms, IkeAlgorithms};
use crate::model::{DhGroup, Digest, EspEncryption, IkeEncryption};

/// The pseudo-random function of an AEAD proposal for IKE whose profile has no
/// digest. Such a proposal must name one, and nothing in the profile says which; this
/// is the one of the default profile.
const AEAD_PRF: Digest = Digest::Sha2_256;

/// A proposal for the IKE SA, each kind of algorithm in order of preference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IkeProposal {
    /// Ciphers: all AEAD, or none.
    pub ciphers: Vec<IkeEncryption>,
    /// Digests for integrity; empty with AEAD.
    pub digests: Vec<Digest>,
    /// Digests for the pseudo-random function. They are those of the profile, with
    /// AEAD too; a profile without any has SHA-256.
    pub prfs: Vec<Digest>,
    /// Diffie-Hellman groups.
    pub groups: Vec<DhGroup>,
}

/// A proposal for the SA of a tunnel, each kind of algorithm in order of preference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EspProposal {
    /// Ciphers: all AEAD, or none.
    pub ciphers: Vec<EspEncryption>,
    /// Digests for integrity; empty with AEAD.
    pub digests: Vec<Digest>,
    /// Diffie-Hellman groups; empty without perfect forward secrecy.
    pub groups: Vec<DhGroup>,
}

/// What protects an IKE SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IkeChoice {
    /// The cipher.
    pub cipher: IkeEncryption,
    /// The digest for integrity, unless the cipher checks it itself.
    pub digest: Option<Digest>,
    /// The digest of the pseudo-random function.
    pub prf: Digest,
    /// The Diffie-Hellman group.
    pub group: DhGroup,
}

/// What protects the packets of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspChoice {
    /// Cipher and digest.
    pub proposal: esp::Proposal,
    /// The Diffie-Hellman group of the tunnel's own exchange, if there was one.
    pub group: Option<DhGroup>,
}

impl IkeProposal {
    /// The proposals of a profile.
    pub fn all_of(algorithms: &IkeAlgorithms) -> Vec<Self> {
        let with = |(is_aead, ciphers): (bool, Vec<IkeEncryption>)| {
            let prfs = if is_aead && algorithms.digests.is_empty() { &vec![AEAD_PRF] } else { &algorithms.digests };
            Self {
                ciphers,
                digests: if is_aead { Vec::new() } else { algorithms.digests.clone() },
                prfs: prfs.clone(),
                groups: algorithms.groups.clone(),
            }
        };
        by_sort(&algorithms.encryption, is_ike_aead).into_iter().map(with).collect()
    }

    /// Whether its ciphers check integrity themselves. IKEv1 has no such ciphers
    /// (RFC 5282 section 1 defines them for IKEv2 only).
    pub fn is_aead(&self) -> bool {
        self.ciphers.iter().any(|cipher| is_ike_aead(*cipher))
    }
}

impl EspProposal {
    /// The proposals of a profile.
    pub fn all_of(algorithms: &EspAlgorithms) -> Vec<Self> {
        let with = |(is_aead, ciphers): (bool, Vec<EspEncryption>)| Self {
            ciphers,
            digests: if is_aead { Vec::new() } else { algorithms.digests.clone() },
            groups: algorithms.groups.clone(),
        };
        by_sort(&algorithms.encryption, is_esp_aead).into_iter().map(with).collect()
    }

    /// The same proposal as it stands in `IKE_AUTH`, where a tunnel has no
    /// Diffie-Hellman exchange of its own.
    pub(super) fn without_groups(&self) -> Self {
        Self { groups: Vec::new(), ..self.clone() }
    }
}

/// Whether a cipher of IKE checks integrity itself.
const fn is_ike_aead(cipher: IkeEncryption) -> bool {
    match cipher {
        IkeEncryption::Aes128 | IkeEncryption::Aes256 => false,
        IkeEncryption::AesGcm128 | IkeEncryption::AesGcm192 | IkeEncryption::AesGcm256 => true,
    }
}

/// Whether a cipher of ESP checks integrity itself.
fn is_esp_aead(cipher: EspEncryption) -> bool {
    esp::Proposal::of(cipher, None).is_ok()
}

/// The ciphers of each sort, AEAD or not; the sort of the first cipher first.
fn by_sort<T: Copy>(ciphers: &[T], is_aead: fn(T) -> bool) -> Vec<(bool, Vec<T>)> {
    let Some(first) = ciphers.first().map(|cipher| is_aead(*cipher)) else { return Vec::new() };
    let (same, other): (Vec<_>, Vec<_>) = ciphers.iter().copied().partition(|cipher| is_aead(*cipher) == first);
    let sorts = [(first, same), (!first, other)];
    sorts.into_iter().filter(|(_, ciphers)| !ciphers.is_empty()).collect()
}

/// Names of one kind: `AES_128|AES_256`.
struct Names(Vec<&'static str>);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("|"))
    }
}

fn digests(digests: &[Digest]) -> Names {
    Names(digests.iter().map(|digest| digest.word()).collect())
}

fn groups(groups: &[DhGroup]) -> Names {
    Names(groups.iter().map(|group| group.word()).collect())
}

/// `AES_128|AES_256/SHA2_256/GROUP14`, or with AEAD `AES_GCM_128/PRF SHA2_256/GROUP14`.
impl fmt::Display for IkeProposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ciphers = Names(self.ciphers.iter().map(|cipher| cipher.word()).collect());
        let prf = if self.is_aead() { "PRF " } else { "" };
        write!(f, "{ciphers}/{prf}{}/{}", digests(&self.prfs), groups(&self.groups))
    }
}

/// `AES_128|AES_256/SHA2_256/GROUP14`; what there is none of is left out.
impl fmt::Display for EspProposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ciphers.iter().map(|cipher| cipher.word()).collect::<Vec<_>>().join("|"))?;
        for names in [digests(&self.digests), groups(&self.groups)] {
            if !names.0.is_empty() {
                write!(f, "/{names}")?;
            }
        }
        Ok(())
    }
}

/// `AES_128/SHA2_256/GROUP14`, or with AEAD `AES_GCM_128/PRF SHA2_256/GROUP14`.
impl fmt::Display for IkeChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prf = if self.digest.is_none() { "PRF " } else { "" };
        write!(f, "{}/{prf}{}/{}", self.cipher.word(), self.prf.word(), self.group.word())
    }
}

/// `AES_128/SHA2_256/GROUP14`; what there is none of is left out.
impl fmt::Display for EspChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.proposal.cipher().word())?;
        let parts = [self.proposal.digest().map(Digest::word), self.group.map(DhGroup::word)];
        parts.into_iter().flatten().try_for_each(|part| write!(f, "/{part}"))
    }
}

/// Proposals in words, the preferred one first.
pub(super) fn in_words<T: fmt::Display>(proposals: &[T]) -> String {
    match proposals {
        [] => "nothing".to_owned(),
        some => some.iter().map(T::to_string).collect::<Vec<_>>().join(", "),
    }
}
