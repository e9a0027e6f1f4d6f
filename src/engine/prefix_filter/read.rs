//! Entries out of a stored prefix list.

use super::{Entry, PrefixFilter, PrefixMatch, Subject};
use crate::model::{Network, Place, PrefixAction, Tree};

/// A document that is no prefix list, or not known yet. What the model has checked
/// is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at} is not what a prefix list has there: {found}")]
pub struct Unreadable {
    /// The value that does not fit.
    pub at: Place,
    /// What was found, as JSON.
    pub found: String,
}

impl PrefixFilter {
    /// The filter of a prefix list as the model has it, with its field `prefixes`.
    pub fn of_list(list: &Tree, mode: PrefixMatch) -> Result<Self, Unreadable> {
        Ok(Self::new(&Entry::all_of(list)?, mode))
    }
}

impl Entry {
    /// The entries of a prefix list as the model has it, with its field `prefixes`.
    pub fn all_of(list: &Tree) -> Result<Vec<Self>, Unreadable> {
        let place = Place::default().field("prefixes");
        let Tree::List(prefixes) = list.get("prefixes") else {
            return Err(unreadable(place, list.get("prefixes")));
        };
        prefixes.iter().enumerate().map(|(position, prefix)| entry(&place.item(position), prefix)).collect()
    }
}

fn entry(place: &Place, prefix: &Tree) -> Result<Entry, Unreadable> {
    let action = match prefix.get("action") {
        Tree::Null => Some(PrefixAction::Permit),
        action => action.text().and_then(PrefixAction::parse),
    };
    let action = action.ok_or_else(|| unreadable(place.field("action"), prefix.get("action")))?;
    let network = prefix.get("network");
    let subject = match network.text() {
        Some(text) if text.eq_ignore_ascii_case("ANY") => Subject::Any,
        text => Subject::Within {
            network: text
                .and_then(|text| text.parse::<Network>().ok())
                .ok_or_else(|| unreadable(place.field("network"), network))?,
            ge: bound(place, prefix, "ge")?,
            le: bound(place, prefix, "le")?,
        },
    };
    Ok(Entry { subject, action })
}

fn bound(place: &Place, prefix: &Tree, field: &'static str) -> Result<Option<u8>, Unreadable> {
    let bound = prefix.get(field);
    match bound.int().map(u8::try_from) {
        Some(Ok(bits)) => Ok(Some(bits)),
        None if bound.is_null() => Ok(None),
        _ => Err(unreadable(place.field(field), bound)),
    }
}

fn unreadable(at: Place, found: &Tree) -> Unreadable {
    Unreadable { at, found: found.to_json().to_string() }
}
