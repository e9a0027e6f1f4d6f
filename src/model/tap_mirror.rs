//! Tap mirrors: copies of a port's packets that are sent through a tunnel to an address.

use super::enumeration::words;
use super::field::{Field, Record, Shape};
use super::kind::Kind;
use super::problem::{Place, Problem};
use super::rule::{Facts, refuse};
use super::tap_flow::TapDirection;

words! {
    /// How copies are wrapped.
    pub enum MirrorType {
        /// ERSPAN, version 1 (type II).
        ErspanV1 = "erspanv1",
        /// GRE with a key.
        Gre = "gre",
    }
}

/// The directions, as [`TapDirection`] has them.
const DIRECTIONS: [TapDirection; 3] = [TapDirection::In, TapDirection::Out, TapDirection::Both];

/// The largest session of ERSPAN: ten bits (draft-foschiano-erspan-03, section 4.2).
pub const LAST_ERSPAN_SESSION: i64 = 1_023;

/// A tunnel id: a key of GRE (RFC 2890), or a session of ERSPAN.
const TUNNEL_ID: Shape = Shape::Int(0, 4_294_967_295);

static TUNNEL_IDS: Record = Record {
    doc: "The tunnels that the copies go through, by the direction of the packets.",
    fields: &[
        Field::optional("IN", TUNNEL_ID, "The tunnel id of the packets that go to the port.").singular("in"),
        Field::optional("OUT", TUNNEL_ID, "The tunnel id of the packets that come from the port.").singular("out"),
        Field::optional("BOTH", TUNNEL_ID, "The tunnel id of the packets that go either way.").singular("both"),
    ],
    rules: &[],
};

/// A session of ERSPAN has ten bits.
fn sessions_fit(mirror: &Facts<'_>) -> Vec<Problem> {
    if mirror.text("mirror_type") != Some(MirrorType::ErspanV1.word()) {
        return Vec::new();
    }
    let directions = mirror.record.get("directions");
    let too_large = |direction: TapDirection| {
        let id = directions.get(direction.word()).int().filter(|id| *id > LAST_ERSPAN_SESSION)?;
        let at = Place::default().field("directions").field(direction.word());
        let hint = format!("A session of ERSPAN is a number from 0 to {LAST_ERSPAN_SESSION}.");
        Some(Problem::refused(at, format!("{id} is no session of ERSPAN"), hint))
    };
    DIRECTIONS.into_iter().filter_map(too_large).collect()
}

fn mirrors_something(mirror: &Facts<'_>) -> Vec<Problem> {
    let directions = mirror.record.get("directions");
    let none = matches!(directions, super::Tree::Object(_))
        && DIRECTIONS.into_iter().all(|direction| directions.get(direction.word()).is_null());
    let hint = "The API takes it, and nothing is mirrored. Give the tunnel id of a direction.";
    let problem = Problem::idle(Place::default().field("directions"), "directions names none", hint);
    if none { vec![problem] } else { Vec::new() }
}

/// Copies are sent to an address that somebody may have.
fn somebody_is_there(mirror: &Facts<'_>) -> Vec<Problem> {
    let address: Option<std::net::IpAddr> = mirror.text("remote_ip").and_then(|text| text.parse().ok());
    let stray = address.filter(|address| address.is_unspecified() || address.is_multicast());
    let hint = "Give the address of the collector.";
    stray.map(|address| refuse("remote_ip", format!("{address} is nobody's address"), hint)).into_iter().collect()
}

/// Tap mirrors.
pub static TAP_MIRROR: Kind = Kind {
    name: "tap_mirror",
    title: "tap mirror",
    resource_type: "TapMirror",
    places: &[&["v2.0", "taas", "tap_mirrors", "*"]],
    record: &Record {
        doc: "Copies of the packets of a port, sent through a tunnel to an address outside.",
        fields: &[
            Field::required(
                "port_id",
                Shape::NeutronId("ports"),
                "The UUID of the port whose packets are copied: the `unique_id` of a segment port.",
            )
            .fixed(),
            Field::required(
                "directions",
                Shape::Record(&TUNNEL_IDS),
                "Which packets are copied, and the id of the tunnel they go through: at least one, with `erspanv1` up to 1023. No two mirrors use the same id.",
            )
            .fixed(),
            Field::required("remote_ip", Shape::Address, "The address that the copies are sent to.").fixed(),
            Field::required("mirror_type", Shape::Enum(&MirrorType::WORDS), "How the copies are wrapped.").fixed(),
        ],
        rules: &[sessions_fit, mirrors_something, somebody_is_there],
    },
    default_parent: None,
};

/// The ids of the tunnels through which an object of `kind` sends copies, if it is a mirror. No two
/// mirrors use the same.
pub fn tunnels_of(kind: &Kind, tree: &super::Tree) -> Vec<i64> {
    let super::Tree::Object(directions) = tree.get("directions") else { return Vec::new() };
    if *kind == TAP_MIRROR { directions.values().filter_map(super::Tree::int).collect() } else { Vec::new() }
}
