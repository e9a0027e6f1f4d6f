//! Spellings of AS numbers and communities.

use super::{Declaration, answer};
use crate::model::field::{Field, Record, Shape};
use crate::model::{AsNumber, Community, Place, Problem, Tree};

static ASN: Record = Record {
    doc: "",
    fields: &[Field::required(
        "asn",
        Shape::AsNumber,
        "The AS number, plain or in dot form (RFC 5396). Quotes are needed in dot form: Terraform takes a bare 1.10 for \
         the number 1.1.",
    )],
    rules: &[],
};

/// The spelling of attributes that hold an AS number.
pub static ASN_PLAIN: Declaration = Declaration {
    name: "asn_plain",
    summary: "An AS number in plain form",
    doc: "The AS number as one whole number, as attributes of this provider have it: `\"1.10\"` is `\"65546\"`. It is a \
          text, since `\"65546\" == 65546` is false in Terraform.",
    arguments: &ASN,
    answer: Shape::Text(1, 10),
    compute: |arguments| spelled(arguments, |number| number.to_string()),
};

/// The dot form.
pub static ASN_DOT: Declaration = Declaration {
    name: "asn_dot",
    summary: "An AS number in dot form",
    doc: "The AS number in dot form, for devices that are configured so: `\"65546\"` is `\"1.10\"`. It is the form that RFC \
          5396 calls asdot, in which numbers below 65536 stay plain.",
    arguments: &ASN,
    answer: Shape::Text(1, 11),
    compute: |arguments| spelled(arguments, AsNumber::dotted),
};

fn spelled(arguments: &Tree, spelling: fn(AsNumber) -> String) -> Result<Tree, Problem> {
    let text = arguments.get("asn").text().unwrap_or_default();
    match text.parse() {
        Ok(number) => Ok(Tree::from(spelling(number))),
        Err(error) => Err(refused("asn", text, "an AS number", &error)),
    }
}

static COMMUNITY: Record = Record {
    doc: "",
    fields: &[Field::required(
        "community",
        Shape::Text(1, 64),
        "The community: `high:low` (RFC 1997), `as:function:parameter` for a large one (RFC 8092), a whole number from 0 \
         to 4294967295, or the name of a well-known one, such as `NO_EXPORT` or `no-export`.",
    )],
    rules: &[],
};

static COMMUNITY_PARTS: Record = Record {
    doc: "",
    fields: &[
        Field::required(
            "community",
            Shape::Text(1, 64),
            "The community with colons: two parts, or three of a large one.",
        ),
        Field::required("parts", Shape::List(&Shape::Int(0, 4_294_967_295), 2, 3), "The numbers between the colons."),
        Field::required(
            "number",
            Shape::Int(0, 4_294_967_295),
            "The four bytes of the community as one number; null of a large one.",
        ),
        Field::required(
            "name",
            Shape::Text(1, 64),
            "The name of a community that every router knows, as NSX writes it: `NO_EXPORT`. Null of all others.",
        ),
        Field::required("large", Shape::Bool, "Whether it is a large community."),
    ],
    rules: &[],
};

/// A community, checked and in all of its spellings.
pub static BGP_COMMUNITY: Declaration = Declaration {
    name: "bgp_community",
    summary: "A BGP community in its spellings",
    doc: "Checks a BGP community and gives it with colons, as a number, and by its name if it has one. So communities can \
          be compared however they are written.",
    arguments: &COMMUNITY,
    answer: Shape::Record(&COMMUNITY_PARTS),
    compute: |arguments| {
        let text = arguments.get("community").text().unwrap_or_default();
        let community: Community =
            text.parse().map_err(|error| refused("community", text, "a BGP community", &error))?;
        Ok(answer([
            ("community", Tree::from(community.to_string())),
            ("parts", Tree::List(community.parts().into_iter().map(|part| Tree::from(i64::from(part))).collect())),
            ("number", community.number().map_or(Tree::Null, |number| Tree::from(i64::from(number)))),
            ("name", community.name().map_or(Tree::Null, Tree::from)),
            ("large", Tree::from(matches!(community, Community::Large(..)))),
        ]))
    },
};

/// What is written for the argument `field` is not `what`.
fn refused(field: &'static str, text: &str, what: &str, error: &dyn std::error::Error) -> Problem {
    let reason = error.to_string();
    let mut letters = reason.chars();
    let hint = letters.next().map(|first| format!("{}{}", first.to_uppercase(), letters.as_str())).unwrap_or_default();
    Problem::refused(Place::default().field(field), format!("{text:?} is not {what}"), hint)
}
