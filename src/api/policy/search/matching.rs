//! Whether an object is what a query asks for.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json};

use super::grammar::{Pattern, Query};
use crate::engine::mirror::Shown;
use crate::model::{Kind, kind_of_type};

/// Whether the object is what `query` asks for. Its fields are read only if what is known of
/// it without that does not tell.
pub fn finds(query: &Query, object: &Shown) -> bool {
    at_a_glance(query, object).unwrap_or_else(|| {
        let fields: Option<Map<String, Json>> = serde_json::from_slice(object.document()).ok();
        fields.is_some_and(|fields| matches(query, &fields))
    })
}

/// The same, if the fields that are known tell.
fn at_a_glance(query: &Query, object: &Shown) -> Option<bool> {
    // One that tells is enough; otherwise all have to.
    let one_of = |queries: &[Query], telling: bool| {
        let mut all_tell = true;
        for query in queries {
            match at_a_glance(query, object) {
                Some(found) if found == telling => return Some(telling),
                Some(_) => {}
                None => all_tell = false,
            }
        }
        all_tell.then_some(!telling)
    };
    match query {
        Query::All(queries) => one_of(queries, false),
        Query::Any(queries) => one_of(queries, true),
        Query::Not(query) => at_a_glance(query, object).map(|found| !found),
        Query::Holds(Some(field), pattern) => match field.as_str() {
            "resource_type" => Some(fits_text(pattern, object.kind().resource_type)),
            "display_name" => Some(fits_text(pattern, object.display_name())),
            "path" => Some(fits_text(pattern, object.path().as_str())),
            "id" => Some(fits_text(pattern, object.path().id())),
            _ => None,
        },
        Query::Holds(None, _) | Query::Compares(..) | Query::OfType(_) => None,
    }
}

/// Whether the object of these fields is what `query` asks for.
pub fn matches(query: &Query, fields: &Map<String, Json>) -> bool {
    match query {
        Query::All(queries) => queries.iter().all(|query| matches(query, fields)),
        Query::Any(queries) => queries.iter().any(|query| matches(query, fields)),
        Query::Not(query) => !matches(query, fields),
        Query::Holds(None, pattern) => fields.values().any(|value| anywhere(pattern, value)),
        Query::Holds(Some(field), pattern) => within(fields, field, &|leaf| fits(pattern, leaf)),
        Query::Compares(field, relation, value) => {
            within(fields, field, &|leaf| order(leaf, value).is_some_and(|order| relation.holds(order)))
        }
        Query::OfType(name) => fields.get("resource_type").and_then(Json::as_str).is_some_and(|own| {
            let counts_as = kind_of_type(own).map(Kind::wrapped_as);
            own.eq_ignore_ascii_case(name) || counts_as.is_some_and(|counts| counts.eq_ignore_ascii_case(name))
        }),
    }
}

/// Whether a value that `field` leads to is one that `fits`.
fn within(fields: &Map<String, Json>, field: &str, fits: &dyn Fn(&Json) -> bool) -> bool {
    let mut way = field.split('.');
    way.next().and_then(|first| fields.get(first)).is_some_and(|value| at(value, &mut way.clone(), fits))
}

/// Whether a value that `way` leads to fits; a list is all its elements.
fn at<'a>(value: &Json, way: &mut (impl Iterator<Item = &'a str> + Clone), fits: &dyn Fn(&Json) -> bool) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| at(item, &mut way.clone(), fits)),
        Json::Object(fields) => way.next().and_then(|name| fields.get(name)).is_some_and(|value| at(value, way, fits)),
        leaf => way.next().is_none() && fits(leaf),
    }
}

/// How a value stands to another that a query gives: numbers as numbers, the rest as texts
/// without regard to case. Nothing stands to what is no number like a number.
fn order(leaf: &Json, given: &str) -> Option<Ordering> {
    match leaf {
        Json::Number(number) => number.as_f64()?.partial_cmp(&given.parse().ok()?),
        Json::String(text) => Some(text.to_lowercase().cmp(&given.to_lowercase())),
        Json::Bool(truth) => Some(truth.to_string().as_str().cmp(&given.to_lowercase())),
        _ => None,
    }
}

fn anywhere(pattern: &Pattern, value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| anywhere(pattern, item)),
        Json::Object(fields) => fields.values().any(|value| anywhere(pattern, value)),
        leaf => fits(pattern, leaf),
    }
}

/// A text fits as a whole, and by each of its words, as the index of a search has them.
fn fits_text(pattern: &Pattern, text: &str) -> bool {
    pattern.fits(text) || text.split_whitespace().any(|word| pattern.fits(word))
}

fn fits(pattern: &Pattern, leaf: &Json) -> bool {
    match leaf {
        Json::String(text) => fits_text(pattern, text),
        Json::Number(number) => pattern.fits(&number.to_string()),
        Json::Bool(truth) => pattern.fits(if *truth { "true" } else { "false" }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_found_through_objects_and_lists() {
        let object = json!({
            "resource_type": "Segment",
            "display_name": "Web servers",
            "tags": [{ "scope": "site", "tag": "Dallas" }, { "scope": "env", "tag": "prod" }],
            "_revision": 3,
            "enabled": true,
            "bfd": { "interval": 500 },
            "path": "/infra/tier-1s/cgw/segments/web",
        });
        let Json::Object(fields) = object else { unreachable!() };
        for (query, expected) in [
            ("resource_type:segment", true),
            ("resource_type:Seg", false),
            ("tags.scope:site AND tags.tag:dallas", true),
            ("tags:site", false),
            ("tags.tag:austin", false),
            ("display_name:\"web servers\"", true),
            ("display_name:web", true),
            ("dallas", true),
            ("_revision:3 enabled:true", true),
            ("bfd.interval:5*", true),
            ("bfd:500", false),
            ("NOT tags.tag:austin", true),
            ("nothing:*", false),
            ("_revision:>2", true),
            ("_revision:(>=3 AND <4)", true),
            ("_revision:(>3 OR <3)", false),
            ("bfd.interval:<=500 NOT bfd.interval:<500", true),
            ("display_name:>=web", true),
            ("display_name:<web", false),
            ("_revision:>x", false),
            ("path:\\/infra\\/tier-1s*", true),
            ("path:\"/infra/tier-1s/cgw/segments/web\"", true),
        ] {
            assert_eq!(matches(&Query::parse(query).unwrap(), &fields), expected, "{query}");
        }
    }
}
