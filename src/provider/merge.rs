//! Two people changed one object: what both changed in different fields is
//! merged, what both changed in the same field is refused.

use std::collections::BTreeSet;

use crate::model::reference::secrets;
use crate::model::tree::{Fields, Tree};
use crate::model::{Field, Kind};

/// What becomes of a change that was planned on an object which has been changed
/// meanwhile.
#[derive(Debug, PartialEq)]
pub enum Merge {
    /// The object to write.
    Clean {
        /// All fields.
        fields: Fields,
        /// The fields that others changed meanwhile and this change leaves alone.
        foreign: Vec<String>,
    },
    /// Both changed these fields, to different values.
    Clash(Vec<String>),
}

/// Merges `ours`, planned on `base`, with `theirs`, which is what there is now.
/// All three are in their one spelling, with defaults filled in. Terraform knows nothing of
/// fields that it does not show, but for the one that `shown_here` names.
pub fn merge(kind: &Kind, shown_here: Option<&str>, base: &Fields, ours: &Fields, theirs: &Fields) -> Merge {
    let names: BTreeSet<_> = [base, ours, theirs].into_iter().flat_map(|fields| fields.keys()).collect();
    let (mut fields, mut foreign, mut clashes) = (Fields::new(), Vec::new(), Vec::new());
    for name in names {
        let [base, ours, theirs] = [base, ours, theirs].map(|fields| fields.get(name).unwrap_or(&Tree::Null));
        let shown = || kind.field(name).map_or_else(|| name.clone(), |field| field.hcl_name().to_owned());
        let is_hidden = shown_here != Some(name) && kind.field(name).is_some_and(Field::is_hidden);
        let value = if is_hidden {
            theirs
        } else if theirs == base || theirs == ours {
            ours
        } else if ours == base {
            foreign.push(shown());
            theirs
        } else {
            clashes.push(shown());
            theirs
        };
        if !value.is_null() {
            fields.insert(name.clone(), value.clone());
        }
    }
    if clashes.is_empty() { Merge::Clean { fields, foreign } } else { Merge::Clash(clashes) }
}

/// `fields` with the secrets of `known`, where an object that hides its own has a place for
/// them.
pub fn with_secrets_of(kind: &Kind, mut fields: Fields, known: &Fields) -> Fields {
    for (way, _) in secrets(kind) {
        copy(&mut fields, known, &way);
    }
    fields
}

fn copy(fields: &mut Fields, known: &Fields, way: &[&str]) {
    match way {
        [last] => {
            if let Some(secret) = known.get(*last).filter(|secret| !secret.is_null()) {
                fields.insert((*last).to_owned(), secret.clone());
            }
        }
        [first, rest @ ..] => {
            if let (Some(Tree::Object(inner)), Some(Tree::Object(known))) = (fields.get_mut(*first), known.get(*first))
            {
                copy(inner, known, rest);
            }
        }
        [] => {}
    }
}

/// `merged` with an empty text for each secret of `before` that it no longer has: of an
/// object that hides its secrets, one that is not mentioned stays.
pub fn with_secrets_cleared(kind: &Kind, mut merged: Fields, before: &Fields) -> Fields {
    for (way, _) in secrets(kind) {
        clear(&mut merged, before, &way);
    }
    merged
}

fn clear(merged: &mut Fields, before: &Fields, way: &[&str]) {
    match way {
        [last] => {
            let had = before.get(*last).is_some_and(|secret| !secret.is_null());
            if had && !merged.contains_key(*last) {
                merged.insert((*last).to_owned(), Tree::from(""));
            }
        }
        [first, rest @ ..] => {
            if let (Some(Tree::Object(inner)), Some(Tree::Object(before))) =
                (merged.get_mut(*first), before.get(*first))
            {
                clear(inner, before, rest);
            }
        }
        [] => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BGP_NEIGHBOR, IKE_PROFILE};

    fn password(text: &str) -> Fields {
        Fields::from([("password".to_owned(), Tree::from(text))])
    }

    #[test]
    fn a_secret_that_is_not_shown_is_the_one_that_is_known() {
        let found = with_secrets_of(&BGP_NEIGHBOR, fields(&[("a", 1)]), &password("x"));
        assert_eq!(found.get("password"), Some(&Tree::from("x")));
        assert!(!with_secrets_of(&BGP_NEIGHBOR, fields(&[]), &fields(&[])).contains_key("password"));
    }

    #[test]
    fn a_secret_that_is_taken_away_is_cleared() {
        let cleared = with_secrets_cleared(&BGP_NEIGHBOR, fields(&[]), &password("x"));
        assert_eq!(cleared.get("password"), Some(&Tree::from("")));
        assert!(with_secrets_cleared(&BGP_NEIGHBOR, fields(&[]), &fields(&[])).is_empty());
        let kept = with_secrets_cleared(&BGP_NEIGHBOR, password("y"), &password("x"));
        assert_eq!(kept, password("y"));
    }

    fn fields(pairs: &[(&str, i64)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Tree::from(*value))).collect()
    }

    #[test]
    fn changes_to_different_fields_meet() {
        let merged = merge(
            &IKE_PROFILE,
            None,
            &fields(&[("a", 1), ("b", 1), ("gone", 1)]),
            &fields(&[("a", 2), ("b", 1)]),
            &fields(&[("a", 1), ("b", 2), ("gone", 1), ("new", 1)]),
        );
        let Merge::Clean { fields: merged, foreign } = merged else { panic!("{merged:?}") };
        assert_eq!(merged, fields(&[("a", 2), ("b", 2), ("new", 1)]));
        assert_eq!(foreign, ["b", "new"]);
    }

    #[test]
    fn the_same_change_twice_is_no_clash() {
        let merged = merge(&IKE_PROFILE, None, &fields(&[("a", 1)]), &fields(&[("a", 2)]), &fields(&[("a", 2)]));
        assert_eq!(merged, Merge::Clean { fields: fields(&[("a", 2)]), foreign: vec![] });
    }

    #[test]
    fn different_changes_to_one_field_clash() {
        let base = fields(&[("sa_life_time", 1), ("b", 1)]);
        let merged = merge(
            &IKE_PROFILE,
            None,
            &base,
            &fields(&[("sa_life_time", 2), ("b", 2)]),
            &fields(&[("sa_life_time", 3)]),
        );
        assert_eq!(merged, Merge::Clash(vec!["b".into(), "sa_life_time".into()]));
    }
}
