//! The two ends of a tunnel.

use super::{Declaration, answer};
use crate::model::field::{Field, Record, Shape};
use crate::model::network::no_interface_has;
use crate::model::{Network, Place, Problem, Tree};

static NETWORK: Record = Record {
    doc: "",
    fields: &[Field::required(
        "network",
        Shape::Network,
        "The network in CIDR form: a /30 or /31, or a /126 or /127 of IPv6. The address of one end with the prefix length \
         will do.",
    )],
    rules: &[],
};

static ENDS: Record = Record {
    doc: "",
    fields: &[
        Field::required("network", Shape::Network, "The network in CIDR form."),
        Field::required(
            "prefix_length",
            Shape::Int(30, 127),
            "The length of its prefix in bits, for `ip_subnet` of a route-based session.",
        ),
        Field::required("first", Shape::Address, "The lower of the two addresses."),
        Field::required("second", Shape::Address, "The higher of the two addresses."),
    ],
    rules: &[],
};

/// The ends of a tunnel's network.
pub static TUNNEL_PAIR: Declaration = Declaration {
    name: "tunnel_pair",
    summary: "The two ends of a tunnel's network",
    doc: "The addresses of both ends of a tunnel, out of the network between them. One is for `ip_subnet` of the session, \
          the other for `neighbor_address` of the BGP neighbor; which is which is up to you and your peer.\n\nCut a larger \
          network into such ones with `cidrsubnet`.",
    arguments: &NETWORK,
    answer: Shape::Record(&ENDS),
    compute: |arguments| {
        let text = arguments.get("network").text().unwrap_or_default();
        let refused = |what: String, hint: &str| Problem::refused(Place::default().field("network"), what, hint);
        let network = text.parse::<Network>();
        let Some((network, ends)) = network.ok().and_then(|network| Some((network, network.ends()?))) else {
            let hint = "A tunnel has two ends: give a /30 or /31, or a /126 or /127 of IPv6, such as 169.254.31.0/30.";
            return Err(refused(format!("{text} is no network of two ends"), hint));
        };
        for end in ends {
            if let Some(what) = no_interface_has(end) {
                return Err(refused(format!("{end} is {what}"), "Use a network whose addresses interfaces can have."));
            }
        }
        let [first, second] = ends.map(|end| Tree::from(end.to_string()));
        Ok(answer([
            ("network", Tree::from(network.to_string())),
            ("prefix_length", Tree::from(i64::from(network.length()))),
            ("first", first),
            ("second", second),
        ]))
    },
};
