//! What two ends of a session agree on.

use super::{Declaration, answer};
use crate::engine::negotiation::{Agreed, Protocol, Side, Terms};
use crate::engine::topology::{IkeProfile, TunnelProfile};
use crate::model::enumeration::words;
use crate::model::field::{Default, Field, Record, Shape};
use crate::model::reading::read_input;
use crate::model::{DhGroup, Digest, IKE_PROFILE, IkeVersion, TUNNEL_PROFILE, Tree};

words! {
    /// Who begins.
    pub enum Initiator {
        /// The gateway.
        Gateway = "GATEWAY",
        /// The peer.
        Peer = "PEER",
    }
}

static END: Record = Record {
    doc: "An end of a session.",
    fields: &[
        Field::optional(
            "ike_profile",
            Shape::Record(IKE_PROFILE.record),
            "The IKE profile: a `vpn_ike_profile`, its data source, or an object with attributes of it. Left out, it is that \
             of a session that names none.",
        )
        .or(Default::Derived(|_| unsaid(IKE_PROFILE.record), "")),
        Field::optional(
            "tunnel_profile",
            Shape::Record(TUNNEL_PROFILE.record),
            "The tunnel profile: a `vpn_tunnel_profile`, its data source, or an object with attributes of it. Left out, it is \
             that of a session that names none.",
        )
        .or(Default::Derived(|_| unsaid(TUNNEL_PROFILE.record), "")),
    ],
    rules: &[],
};

/// A profile in which nothing is said.
fn unsaid(record: &'static Record) -> Tree {
    read_input(record, &answer([])).tree
}

static ENDS: Record = Record {
    doc: "",
    fields: &[
        Field::required("gateway", Shape::Record(&END), "The profiles of the gateway's end."),
        Field::required(
            "peer",
            Shape::Record(&END),
            "The profiles of the peer's end. What the peer takes is said in the words of the gateway's profiles.",
        ),
        Field::optional("initiator", Shape::Enum(&Initiator::WORDS), "Who begins. The other one chooses.")
            .or(Default::Text(Initiator::Gateway.word())),
    ],
    rules: &[],
};

static IKE_CHOICE: Record = Record {
    doc: "",
    fields: &[
        Field::required("encryption_algorithm", Shape::Text(1, 64), "The cipher."),
        Field::required("digest_algorithm", Shape::Text(1, 64), "The digest for integrity; null with GCM ciphers."),
        Field::required("prf_algorithm", Shape::Text(1, 64), "The digest of the pseudo-random function."),
        Field::required("dh_group", Shape::Text(1, 64), "The Diffie-Hellman group."),
    ],
    rules: &[],
};

static ESP_CHOICE: Record = Record {
    doc: "",
    fields: &[
        Field::required("encryption_algorithm", Shape::Text(1, 64), "The cipher."),
        Field::required(
            "digest_algorithm",
            Shape::Text(1, 64),
            "The digest for integrity; null with GCM and GMAC ciphers.",
        ),
        Field::required(
            "dh_group",
            Shape::Text(1, 64),
            "The Diffie-Hellman group; null without perfect forward secrecy.",
        ),
    ],
    rules: &[],
};

static OUTCOME: Record = Record {
    doc: "",
    fields: &[
        Field::required("agree", Shape::Bool, "Whether the ends agree, on IKE and on tunnels."),
        Field::required(
            "reason",
            Shape::Text(1, 8_192),
            "What keeps them apart, in the words of a session that is down; null if they agree.",
        ),
        Field::required(
            "ike_version",
            Shape::Text(1, 64),
            "The version of IKE: `IKE_V1` or `IKE_V2`. Null if they do not agree.",
        ),
        Field::required("ike", Shape::Record(&IKE_CHOICE), "What protects IKE. Null if they do not agree."),
        Field::required(
            "esp",
            Shape::Record(&ESP_CHOICE),
            "What protects the packets, from the first rekeying on. Null if they do not agree.",
        ),
    ],
    rules: &[],
};

/// What the profiles of two ends have in common.
pub static PROPOSALS_COMMON: Declaration = Declaration {
    name: "proposals_common",
    summary: "What the profiles of two ends of a session have in common",
    doc: "What the two ends of a session choose for IKE and for its tunnels, or what keeps them apart: the same that a session \
          with `vpn_simulated_peer` negotiates (RFC 7296 section 2.7). Keys, identities and networks do not matter here.",
    arguments: &ENDS,
    answer: Shape::Record(&OUTCOME),
    compute: |arguments| {
        let [gateway, peer] = ["gateway", "peer"].map(|end| terms(arguments.get(end)));
        let begins = match arguments.get("initiator").text().and_then(Initiator::parse) {
            Some(Initiator::Peer) => Side::Peer,
            _ => Side::Gateway,
        };
        Ok(match gateway.agree(&peer, begins) {
            Ok(agreed) => agreement(&agreed),
            Err(reason) => answer([
                ("agree", Tree::from(false)),
                ("reason", Tree::from(reason.to_string())),
                ("ike_version", Tree::Null),
                ("ike", Tree::Null),
                ("esp", Tree::Null),
            ]),
        })
    },
};

fn terms(end: &Tree) -> Terms {
    Terms::of(&IkeProfile::of(end.get("ike_profile")), &TunnelProfile::of(end.get("tunnel_profile")))
}

fn agreement(agreed: &Agreed) -> Tree {
    let Agreed { protocol, ike, esp } = agreed;
    let word = |word: Option<&str>| word.map_or(Tree::Null, Tree::from);
    let version = match protocol {
        Protocol::V1 => IkeVersion::V1,
        Protocol::V2 => IkeVersion::V2,
    };
    answer([
        ("agree", Tree::from(true)),
        ("reason", Tree::Null),
        ("ike_version", Tree::from(version.word())),
        (
            "ike",
            answer([
                ("encryption_algorithm", Tree::from(ike.cipher.word())),
                ("digest_algorithm", word(ike.digest.map(Digest::word))),
                ("prf_algorithm", Tree::from(ike.prf.word())),
                ("dh_group", Tree::from(ike.group.word())),
            ]),
        ),
        (
            "esp",
            answer([
                ("encryption_algorithm", Tree::from(esp.proposal.cipher().word())),
                ("digest_algorithm", word(esp.proposal.digest().map(Digest::word))),
                ("dh_group", word(esp.group.map(DhGroup::word))),
            ]),
        ),
    ])
}
