//! What must hold between the fields of a record.

use std::net::IpAddr;

use super::network::no_interface_has;
use super::problem::{Place, Problem};
use super::tree::Tree;

/// A rule between the fields of a record. It is shown the record with its
/// defaults filled in, and says what is wrong, with places as seen from the
/// record. What it needs and is not known yet, it lets pass.
pub type Rule = fn(&Facts<'_>) -> Vec<Problem>;

/// What a [`Rule`] is shown.
pub struct Facts<'a> {
    /// The record, defaults filled in.
    pub record: &'a Tree,
    /// The path of the object the record's object lies below, if known.
    pub parent: Option<&'a str>,
}

impl<'a> Facts<'a> {
    /// The text of a field, when it is set and known.
    pub fn text(&self, field: &str) -> Option<&'a str> {
        self.record.get(field).text()
    }

    /// The number of a field, when it is set and known.
    pub fn int(&self, field: &str) -> Option<i64> {
        self.record.get(field).int()
    }

    /// The truth value of a field, when it is set and known.
    pub fn bool(&self, field: &str) -> Option<bool> {
        self.record.get(field).bool()
    }

    /// The texts of a list, when it is set and known throughout.
    pub fn texts(&self, field: &str) -> Option<Vec<&'a str>> {
        match self.record.get(field) {
            Tree::List(items) => items.iter().map(Tree::text).collect(),
            _ => None,
        }
    }

    /// The elements of a list; none when it is unset or unknown.
    pub fn items(&self, field: &str) -> &'a [Tree] {
        self.record.get(field).items()
    }

    /// Whether a field is certainly unset.
    pub fn unset(&self, field: &str) -> bool {
        self.record.get(field).is_null()
    }

    /// Whether a field is certainly set. A value that is not known may turn out to
    /// be none.
    pub fn set(&self, field: &str) -> bool {
        !matches!(self.record.get(field), Tree::Null | Tree::Unknown)
    }
}

/// The address at `at`, when it is known, can be that of an interface: the API and
/// the protocols have no use for any other.
pub fn belongs_to_an_interface(at: Place, address: Option<&str>) -> Option<Problem> {
    let address: IpAddr = address?.parse().ok()?;
    let what = no_interface_has(address)?;
    let hint = "No interface has such an address, so nothing is spoken to there. Give the address of an interface.";
    Some(Problem::refused(at, format!("{address} is {what}"), hint))
}

/// A secret, when it is known, neither begins nor ends with white space. It may,
/// but mostly it is a file's last line break.
pub fn has_no_space_around(secret: &Facts<'_>, field: &'static str) -> Option<Problem> {
    let text = secret.text(field)?;
    let hint = "White space is part of the secret, and the other side needs the same. If it came from a file, cut it off \
                with trimspace().";
    let at = Place::default().field(field);
    (text.trim() != text).then(|| Problem::surprising(at, format!("{field} begins or ends with white space"), hint))
}

/// The API refuses the value of `field`.
pub fn refuse(field: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem::refused(Place::default().field(field), what, hint)
}
