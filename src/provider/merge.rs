//! Two people changed one object: what both changed in different fields is
//! merged, what both changed in the same field is refused.

use std::collections::BTreeSet;

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
/// All three are in their one spelling, with defaults filled in.
pub fn merge(kind: &Kind, base: &Fields, ours: &Fields, theirs: &Fields) -> Merge {
    let names: BTreeSet<_> = [base, ours, theirs].into_iter().flat_map(|fields| fields.keys()).collect();
    let (mut fields, mut foreign, mut clashes) = (Fields::new(), Vec::new(), Vec::new());
    for name in names {
        let [base, ours, theirs] = [base, ours, theirs].map(|fields| fields.get(name).unwrap_or(&Tree::Null));
        let shown = || kind.field(name).map_or_else(|| name.clone(), |field| field.hcl_name().to_owned());
        // Terraform knows nothing of what it does not show.
        let value = if kind.field(name).is_some_and(Field::is_hidden) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IKE_PROFILE;

    fn fields(pairs: &[(&str, i64)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Tree::from(*value))).collect()
    }

    #[test]
    fn changes_to_different_fields_meet() {
        let merged = merge(
            &IKE_PROFILE,
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
        let merged = merge(&IKE_PROFILE, &fields(&[("a", 1)]), &fields(&[("a", 2)]), &fields(&[("a", 2)]));
        assert_eq!(merged, Merge::Clean { fields: fields(&[("a", 2)]), foreign: vec![] });
    }

    #[test]
    fn different_changes_to_one_field_clash() {
        let base = fields(&[("sa_life_time", 1), ("b", 1)]);
        let merged =
            merge(&IKE_PROFILE, &base, &fields(&[("sa_life_time", 2), ("b", 2)]), &fields(&[("sa_life_time", 3)]));
        assert_eq!(merged, Merge::Clash(vec!["b".into(), "sa_life_time".into()]));
    }
}
