//! What ESP adds to a packet, and the TCP segments that fit.

use super::Declaration;
use crate::engine::esp::{Encapsulation, IpVersion, Proposal};
use crate::engine::topology::TunnelProfile;
use crate::model::enumeration::words;
use crate::model::field::{Default, Field, Record, Shape};
use crate::model::{Place, Problem, TUNNEL_PROFILE, Tree};

words! {
    /// Versions of IP.
    pub enum Version {
        /// IPv4: a header of 20 bytes.
        V4 = "IPV4",
        /// IPv6: a header of 40 bytes.
        V6 = "IPV6",
    }
}

impl From<Version> for IpVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::V4 => Self::V4,
            Version::V6 => Self::V6,
        }
    }
}

const PROFILE: Field = Field::required(
    "tunnel_profile",
    Shape::Record(TUNNEL_PROFILE.record),
    "The tunnel profile: a `vpn_tunnel_profile`, its data source, or an object with attributes of it. Those that are left \
     out are as in the resource.",
);

const OUTER: Field = Field::optional(
    "outer_ip_version",
    Shape::Enum(&Version::WORDS),
    "The version of IP between the two ends of the session.",
)
.or(Default::Text(Version::V4.word()));

const NAT: Field = Field::optional(
    "nat_traversal",
    Shape::Bool,
    "Whether there is NAT on the way, so that packets travel in UDP (RFC 3948).",
)
.or(Default::Bool(false));

static WAY: Record = Record { doc: "The way between the two ends.", fields: &[OUTER, NAT], rules: &[] };

static OVERHEAD: Record = Record {
    doc: "",
    fields: &[
        PROFILE,
        Field::required(
            "packet_size",
            Shape::Int(20, 65_535),
            "The size of the packet that enters the tunnel in bytes, its IP header included.",
        ),
        Field::optional("options", Shape::Record(&WAY), "The way between the two ends, where it is not plain IPv4."),
    ],
    rules: &[],
};

/// What is added to a packet.
pub static ESP_OVERHEAD: Declaration = Declaration {
    name: "esp_overhead",
    summary: "What ESP adds to a packet, in bytes",
    doc: "The bytes that ESP in tunnel mode adds to a packet of this size: outer IP header, ESP header, initialization vector, \
          padding, trailer and integrity check value (RFC 4303). It is exact, and so depends on the packet's size by way of the \
          padding. Of a profile with several algorithms, the most that any of them adds.",
    arguments: &OVERHEAD,
    answer: Shape::Int(0, 65_535),
    compute: |arguments| {
        let size = arguments.get("packet_size").int().and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
        let overheads = encapsulations(arguments)?.into_iter().map(|it| it.overhead(size));
        Ok(count(overheads.max().unwrap_or_default()))
    },
};

static SEGMENT_WAY: Record = Record {
    doc: "The way between the two ends, and what goes through the tunnel.",
    fields: &[
        Field::optional(
            "inner_ip_version",
            Shape::Enum(&Version::WORDS),
            "The version of IP of the connection through the tunnel.",
        )
        .or(Default::Text(Version::V4.word())),
        OUTER,
        NAT,
    ],
    rules: &[],
};

static SEGMENT: Record = Record {
    doc: "",
    fields: &[
        PROFILE,
        Field::required(
            "mtu",
            Shape::Int(68, 65_535),
            "The largest packet that gets from one end of the session to the other, in bytes: 1500 on most links.",
        ),
        Field::optional(
            "options",
            Shape::Record(&SEGMENT_WAY),
            "The versions of IP and NAT, where it is not plain IPv4 in IPv4.",
        ),
    ],
    rules: &[],
};

/// The segments that fit.
pub static EFFECTIVE_MSS: Declaration = Declaration {
    name: "effective_mss",
    summary: "The largest TCP segment that fits a tunnel, in bytes",
    doc: "The most bytes of TCP payload that one packet through the tunnel carries without fragments, in packets without \
          options: what `max_segment_size` of `tcp_mss_clamping` should be where the path takes no more than `mtu`. Of a \
          profile with several algorithms, what fits with any of them.",
    arguments: &SEGMENT,
    answer: Shape::Int(0, 65_535),
    compute: |arguments| {
        let mtu = arguments.get("mtu").int().and_then(|mtu| usize::try_from(mtu).ok()).unwrap_or_default();
        let inner = version(arguments, "inner_ip_version");
        let fitting: Option<Vec<_>> =
            encapsulations(arguments)?.into_iter().map(|it| it.effective_mss(mtu, inner)).collect();
        let least = fitting.and_then(|fitting| fitting.into_iter().min()).filter(|mss| *mss > 0);
        least.map(count).ok_or_else(|| {
            let what = format!("Packets of {mtu} bytes leave no room for a TCP segment");
            Problem::refused(Place::default().field("mtu"), what, "Give the MTU of the path between the two ends.")
        })
    },
};

/// How the tunnel may wrap packets: with each of the proposals of the profile.
fn encapsulations(arguments: &Tree) -> Result<Vec<Encapsulation>, Problem> {
    let algorithms = TunnelProfile::of(arguments.get("tunnel_profile")).algorithms;
    let outer = version(arguments, "outer_ip_version");
    let nat_traversal = arguments.get("options").get("nat_traversal").bool().unwrap_or(false);
    let proposals = Proposal::all_of(&algorithms.encryption, &algorithms.digests);
    if proposals.is_empty() {
        let place = Place::default().field("tunnel_profile").field("encryption_algorithms");
        return Err(Problem::refused(place, "The profile has no algorithm", "Name one, such as AES_GCM_128."));
    }
    Ok(proposals.into_iter().map(|proposal| Encapsulation { proposal, outer, nat_traversal }).collect())
}

/// The version of IP that the options name.
fn version(arguments: &Tree, field: &str) -> IpVersion {
    arguments.get("options").get(field).text().and_then(Version::parse).unwrap_or(Version::V4).into()
}

fn count(bytes: usize) -> Tree {
    Tree::from(i64::try_from(bytes).unwrap_or(i64::MAX))
}
