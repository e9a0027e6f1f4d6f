//! Whether an object is what a query asks for.

use serde_json::{Map, Value as Json};

use super::grammar::{Pattern, Query};
use crate::engine::mirror::Shown;

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
        Query::Holds(None, _) => None,
    }
}

/// Whether the object of these fields is what `query` asks for.
pub fn matches(query: &Query, fields: &Map<String, Json>) -> bool {
    match query {
        Query::All(queries) => queries.iter().all(|query| matches(query, fields)),
        Query::Any(queries) => queries.iter().any(|query| matches(query, fields)),
        Query::Not(query) => !matches(query, fields),
        Query::Holds(None, pattern) => fields.values().any(|value| anywhere(pattern, value)),
        Query::Holds(Some(field), pattern) => {
            let mut way = field.split('.');
            way.next().and_then(|first| fields.get(first)).is_some_and(|value| at(pattern, value, &mut way.clone()))
        }
    }
}

/// Whether a value that `way` leads to fits; a list is all its elements.
fn at<'a>(pattern: &Pattern, value: &Json, way: &mut (impl Iterator<Item = &'a str> + Clone)) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| at(pattern, item, &mut way.clone())),
        Json::Object(fields) => {
            way.next().and_then(|name| fields.get(name)).is_some_and(|value| at(pattern, value, way))
        }
        leaf => way.next().is_none() && fits(pattern, leaf),
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
            ("path:\\/infra\\/tier-1s*", true),
            ("path:\"/infra/tier-1s/cgw/segments/web\"", true),
        ] {
            assert_eq!(matches(&Query::parse(query).unwrap(), &fields), expected, "{query}");
        }
    }
}
