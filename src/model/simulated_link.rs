//! Simulated links: the lines between the devices of a fabric, on the embedded engine.

use std::net::{IpAddr, Ipv4Addr};

use super::field::{Field, Record, Shape};
use super::hold::{Hold, Use};
use super::kind::Kind;
use super::network::Network;
use super::path::PolicyPath;
use super::problem::{Place, Problem};
use super::rule::Facts;
use super::simulated_device::{LATENCY, SPEED, UP, has_interface};
use super::tree::Tree;

static END: Record = Record {
    doc: "An end of the link.",
    fields: &[
        Field::required("device_path", Shape::Path(&["simulated_device"]), "The path of the simulated device."),
        Field::required(
            "interface",
            Shape::Text(1, 64),
            "The name of its interface, such as `xe-0/0/18.0`. No other link ends there.",
        ),
    ],
    rules: &[],
};

fn is_between_two(link: &Facts<'_>) -> Vec<Problem> {
    let [one, other] = link.items("ends") else { return Vec::new() };
    let device = |end: &Tree| end.get("device_path").text().and_then(|path| PolicyPath::parse(path).ok());
    match (device(one), device(other)) {
        (Some(one), Some(other)) if one == other => {
            let at = Place::default().field("ends").item(1).field("device_path");
            let hint = "A link is between two devices. Give the other one.";
            vec![Problem::refused(at, format!("Both ends are at {one}"), hint)]
        }
        _ => Vec::new(),
    }
}

/// What is wrong between a link and the device at `path` that it refers to.
pub(super) fn ends_at(link: &Tree, path: &str, device: &Tree) -> Vec<Problem> {
    let ends = link.get("ends").items().iter().enumerate();
    let here = ends.filter(|(_, end)| end.get("device_path").text() == Some(path));
    here.filter_map(|(position, end)| has_interface(device, end.get("interface").text()?, position)).collect()
}

/// The interfaces at its ends, which no other link has.
pub(super) fn holds(tree: &Tree) -> Vec<Hold> {
    let all = Network::everything(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let hold = |(position, end): (usize, &Tree)| {
        let scope = format!("{}\t{}", end.get("device_path").text()?, end.get("interface").text()?);
        let at = Place::default().field("ends").item(position).field("interface");
        Some(Hold { scope, used_as: Use::Interface, network: all, at })
    };
    tree.get("ends").items().iter().enumerate().filter_map(hold).collect()
}

/// Simulated links.
pub static SIMULATED_LINK: Kind = Kind {
    name: "simulated_link",
    title: "simulated link",
    resource_type: "SimulatedLink",
    places: &[&["infra", "simulated-links", "*"]],
    record: &Record {
        doc: "A line between two simulated devices, on the embedded engine only.",
        fields: &[
            Field::required("ends", Shape::Records(&END, 2, 2), "Its two ends.").singular("end"),
            SPEED,
            LATENCY,
            UP,
        ],
        rules: &[is_between_two],
    },
    default_parent: None,
};
