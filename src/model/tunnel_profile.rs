//! Tunnel profiles: how phase two is negotiated and packets are protected (seed
//! 002, "Tunnel Profile").

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::ike_profile::{DhGroup, Digest, default_digest, digest_fits_ciphers, sha1_is_deprecated};
use super::kind::Kind;
use super::problem::Problem;
use super::rule::{Facts, refuse};
use super::tree::Tree;

words! {
    /// Ciphers of ESP.
    pub enum EspEncryption {
        /// AES-CBC with a key of 128 bits.
        Aes128 = "AES_128",
        /// AES-CBC with a key of 256 bits.
        Aes256 = "AES_256",
        /// AES-GCM with a key of 128 bits and its own integrity check.
        AesGcm128 = "AES_GCM_128",
        /// AES-GCM with a key of 192 bits and its own integrity check.
        AesGcm192 = "AES_GCM_192",
        /// AES-GCM with a key of 256 bits and its own integrity check.
        AesGcm256 = "AES_GCM_256",
        /// No encryption, integrity by AES-GMAC with a key of 128 bits.
        Gmac128 = "NO_ENCRYPTION_AUTH_AES_GMAC_128",
        /// No encryption, integrity by AES-GMAC with a key of 192 bits.
        Gmac192 = "NO_ENCRYPTION_AUTH_AES_GMAC_192",
        /// No encryption, integrity by AES-GMAC with a key of 256 bits.
        Gmac256 = "NO_ENCRYPTION_AUTH_AES_GMAC_256",
        /// No encryption; integrity by the digest.
        Null = "NO_ENCRYPTION",
    }
}

words! {
    /// What becomes of the don't-fragment bit of a packet that enters the tunnel.
    pub enum DfPolicy {
        /// It is copied to the outer packet.
        Copy = "COPY",
        /// The outer packet may be fragmented, whatever the inner one says.
        Clear = "CLEAR",
    }
}

fn pfs_needs_a_group(profile: &Facts<'_>) -> Vec<Problem> {
    match (profile.bool("enable_perfect_forward_secrecy"), profile.texts("dh_groups")) {
        (Some(true), Some(groups)) if groups.is_empty() => vec![refuse(
            "dh_groups",
            "Perfect forward secrecy needs a Diffie-Hellman group",
            "Add one, such as GROUP14, or set enable_perfect_forward_secrecy to false.",
        )],
        _ => Vec::new(),
    }
}

static ATTRIBUTE: Record = Record {
    doc: "A property of the transform that the system sets.",
    fields: &[
        Field::read_only("key", Shape::Text(0, 0), "The name of the property."),
        Field::read_only("values", Shape::List(&Shape::Text(0, 0), 0, 0), "Its values."),
        Field::read_only("multivalue", Shape::Bool, "Whether it may have several values."),
        Field::read_only("data_type", Shape::Text(0, 0), "`STRING`, `DATE`, `INTEGER` or `BOOLEAN`."),
    ],
    rules: &[],
};

/// What the system sets on every tunnel profile: ESP in tunnel mode.
fn extended_attributes(_: &Tree) -> Tree {
    let attribute = |key: &str, value: &str| {
        let fields = [
            ("key", Tree::from(key)),
            ("values", Tree::List(vec![value.into()])),
            ("multivalue", false.into()),
            ("data_type", "STRING".into()),
        ];
        Tree::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    Tree::List(vec![attribute("encapsulation_mode", "TUNNEL_MODE"), attribute("transform_protocol", "ESP")])
}

/// Tunnel profiles.
pub static TUNNEL_PROFILE: Kind = Kind {
    name: "tunnel_profile",
    title: "tunnel profile",
    resource_type: "IPSecVpnTunnelProfile",
    places: &[&["infra", "ipsec-vpn-tunnel-profiles", "*"]],
    record: &Record {
        doc: "How the IPSec tunnels (phase two) of VPN sessions are negotiated, and how packets enter them. \
              A change applies to every session that uses the profile, and a profile that a session uses cannot be \
              deleted.",
        fields: &[
            Field::optional(
                "encryption_algorithms",
                Shape::Set(&Shape::Enum(&EspEncryption::WORDS), 1, 9),
                "The ciphers that are offered to the peer and accepted from it.",
            )
            .or(Default::Texts(&["AES_GCM_128"])),
            Field::optional(
                "digest_algorithms",
                Shape::Set(&Shape::Enum(&Digest::WORDS), 0, 4),
                "The digests that protect the integrity of packets. GCM and GMAC ciphers take none, the others need at \
                 least one.",
            )
            .or(Default::Derived(
                default_tunnel_digest,
                "`[]` with GCM and GMAC ciphers only, `[\"SHA2_256\"]` otherwise",
            )),
            Field::optional(
                "enable_perfect_forward_secrecy",
                Shape::Bool,
                "Whether each tunnel gets a Diffie-Hellman exchange of its own (perfect forward secrecy), so that \
                 its keys do not follow from those of IKE.",
            )
            .or(Default::Bool(true)),
            Field::optional(
                "dh_groups",
                Shape::Set(&Shape::Enum(&DhGroup::WORDS), 0, 8),
                "The Diffie-Hellman groups for perfect forward secrecy; at least one while that is enabled.",
            )
            .or(Default::Texts(&["GROUP14"])),
            Field::optional(
                "sa_life_time",
                Shape::Int(900, 31_536_000),
                "How long a security association lives before it is negotiated anew, in seconds.",
            )
            .or(Default::Int(3_600)),
            Field::optional(
                "df_policy",
                Shape::Enum(&DfPolicy::WORDS),
                "What becomes of the don't-fragment bit of a packet that enters the tunnel.",
            )
            .or(Default::Text("COPY")),
            Field::read_only(
                "extended_attributes",
                Shape::Records(&ATTRIBUTE, 0, 0),
                "Properties of the transform: encapsulation mode and protocol.",
            )
            .or(Default::Derived(extended_attributes, "")),
        ],
        rules: &[digest_fits_ciphers, sha1_is_deprecated, pfs_needs_a_group],
    },
    default_parent: None,
};

/// The digest of a tunnel profile that names none; its default cipher is GCM.
fn default_tunnel_digest(profile: &Tree) -> Tree {
    if profile.get("encryption_algorithms").is_null() { Tree::List(Vec::new()) } else { default_digest(profile) }
}
