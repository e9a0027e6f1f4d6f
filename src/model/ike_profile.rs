//! IKE profiles: how phase one is negotiated (seed 002, "IKE Profile").

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::problem::{Place, Problem};
use super::rule::{Facts, refuse};
use super::tree::Tree;

words! {
    /// Ciphers of IKE.
    pub enum IkeEncryption {
        /// AES-CBC with a key of 128 bits.
        Aes128 = "AES_128",
        /// AES-CBC with a key of 256 bits.
        Aes256 = "AES_256",
        /// AES-GCM with a key of 128 bits and its own integrity check; `IKE_V2` only.
        AesGcm128 = "AES_GCM_128",
        /// AES-GCM with a key of 192 bits and its own integrity check; `IKE_V2` only.
        AesGcm192 = "AES_GCM_192",
        /// AES-GCM with a key of 256 bits and its own integrity check; `IKE_V2` only.
        AesGcm256 = "AES_GCM_256",
    }
}

words! {
    /// Message digests, for integrity.
    pub enum Digest {
        /// SHA-1. Deprecated by NSX.
        Sha1 = "SHA1",
        /// SHA-256.
        Sha2_256 = "SHA2_256",
        /// SHA-384.
        Sha2_384 = "SHA2_384",
        /// SHA-512.
        Sha2_512 = "SHA2_512",
    }
}

words! {
    /// Diffie-Hellman groups (RFC 3526, RFC 5903).
    pub enum DhGroup {
        /// 1024-bit MODP. RFC 8247 advises against it.
        Group2 = "GROUP2",
        /// 1536-bit MODP. RFC 8247 advises against it.
        Group5 = "GROUP5",
        /// 2048-bit MODP.
        Group14 = "GROUP14",
        /// 3072-bit MODP.
        Group15 = "GROUP15",
        /// 4096-bit MODP.
        Group16 = "GROUP16",
        /// 256-bit elliptic curve.
        Group19 = "GROUP19",
        /// 384-bit elliptic curve.
        Group20 = "GROUP20",
        /// 521-bit elliptic curve.
        Group21 = "GROUP21",
    }
}

words! {
    /// Versions of IKE.
    pub enum IkeVersion {
        /// IKEv1 only (RFC 2409).
        V1 = "IKE_V1",
        /// IKEv2 only (RFC 7296).
        V2 = "IKE_V2",
        /// Initiates IKEv2 and answers both versions.
        Flex = "IKE_FLEX",
    }
}

/// Whether a cipher checks integrity itself, so that no digest goes with it.
pub(super) fn is_aead(cipher: &str) -> bool {
    cipher.contains("_GCM_") || cipher.contains("_GMAC_")
}

/// The digest of a profile that names none: `SHA2_256` where a cipher needs one.
pub(super) fn default_digest(profile: &Tree) -> Tree {
    match profile.get("encryption_algorithms") {
        Tree::List(ciphers) if ciphers.iter().all(|cipher| cipher.text().is_some_and(is_aead)) => {
            Tree::List(Vec::new())
        }
        known @ Tree::List(_) if !known.has_unknown() => Tree::List(vec![Digest::Sha2_256.word().into()]),
        Tree::Null => Tree::List(vec![Digest::Sha2_256.word().into()]),
        _ => Tree::Unknown,
    }
}

/// Ciphers that check integrity themselves take no digest, the others need one.
pub(super) fn digest_fits_ciphers(profile: &Facts<'_>) -> Vec<Problem> {
    let (Some(ciphers), Some(digests)) = (profile.texts("encryption_algorithms"), profile.texts("digest_algorithms"))
    else {
        return Vec::new();
    };
    let needy: Vec<_> = ciphers.iter().copied().filter(|cipher| !is_aead(cipher)).collect();
    match (needy.is_empty(), digests.is_empty()) {
        (true, false) if !ciphers.is_empty() => vec![refuse(
            "digest_algorithms",
            format!("{} takes no digest algorithm", ciphers.join(", ")),
            "GCM and GMAC ciphers check integrity themselves. Leave digest_algorithms out, or set it to [].",
        )],
        (false, true) => vec![refuse(
            "digest_algorithms",
            format!("{} needs a digest algorithm", needy.join(", ")),
            "Add one, such as SHA2_256, or leave digest_algorithms out to get SHA2_256.",
        )],
        _ => Vec::new(),
    }
}

/// The API still takes SHA-1, and asks not to use it.
pub(super) fn sha1_is_deprecated(profile: &Facts<'_>) -> Vec<Problem> {
    let sha1 = Digest::Sha1.word();
    if !profile.items("digest_algorithms").iter().any(|digest| digest.text() == Some(sha1)) {
        return Vec::new();
    }
    let hint = "Use SHA2_256 or a longer digest, here and at the peers.";
    vec![Problem::surprising(Place::default().field("digest_algorithms"), format!("{sha1} is deprecated"), hint)]
}

fn gcm_needs_ike_v2(profile: &Facts<'_>) -> Vec<Problem> {
    let version = profile.text("ike_version").and_then(IkeVersion::parse);
    let (Some(version), Some(ciphers)) = (version, profile.texts("encryption_algorithms")) else { return Vec::new() };
    match ciphers.into_iter().find(|cipher| is_aead(cipher)) {
        Some(cipher) if version != IkeVersion::V2 => vec![refuse(
            "ike_version",
            format!("{cipher} cannot be used with {}", version.word()),
            "GCM ciphers work with IKE_V2 only: set ike_version to IKE_V2, or use AES_128 or AES_256.",
        )],
        _ => Vec::new(),
    }
}

/// IKE profiles.
pub static IKE_PROFILE: Kind = Kind {
    name: "ike_profile",
    title: "IKE profile",
    resource_type: "IPSecVpnIkeProfile",
    places: &[&["infra", "ipsec-vpn-ike-profiles", "*"]],
    record: &Record {
        doc: "How the IKE security association (phase one) of VPN sessions is negotiated. \
              A change applies to every session that uses the profile, and a profile that a session uses cannot be \
              deleted.",
        fields: &[
            Field::optional(
                "encryption_algorithms",
                Shape::Set(&Shape::Enum(&IkeEncryption::WORDS), 1, 5),
                "The ciphers that are offered to the peer and accepted from it.",
            )
            .or(Default::Texts(&["AES_128"])),
            Field::optional(
                "digest_algorithms",
                Shape::Set(&Shape::Enum(&Digest::WORDS), 0, 4),
                "The digests that protect the integrity of IKE messages. GCM ciphers take none, the others need at least \
                 one.",
            )
            .or(Default::Derived(
                default_digest,
                "`[\"SHA2_256\"]` with `AES_128` or `AES_256`, `[]` with GCM ciphers only",
            )),
            Field::optional(
                "dh_groups",
                Shape::Set(&Shape::Enum(&DhGroup::WORDS), 1, 8),
                "The Diffie-Hellman groups that are offered to the peer and accepted from it.",
            )
            .or(Default::Texts(&["GROUP14"])),
            Field::optional("ike_version", Shape::Enum(&IkeVersion::WORDS), "The version of IKE. GCM ciphers need `IKE_V2`.")
                .or(Default::Text("IKE_V2")),
            Field::optional(
                "sa_life_time",
                Shape::Int(21_600, 31_536_000),
                "How long a security association lives before it is negotiated anew, in seconds.",
            )
            .or(Default::Int(86_400)),
        ],
        rules: &[gcm_needs_ike_v2, digest_fits_ciphers, sha1_is_deprecated],
    },
    default_parent: None,
};
