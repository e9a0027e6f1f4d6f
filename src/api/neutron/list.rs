//! Lists: filters, fields, orders, pages.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::{Map, Value as Json, json};
use url::form_urlencoded;

use super::{NeutronError, plural, tags};
use crate::api::query::shortened;
use crate::engine::networks::{Attributes, NetworkFault, Scope, is_view};
use crate::engine::taps::{Fault, Member, truth};
use crate::engine::{Engine, Refusal};
use crate::model::{Field, Kind, Shape};

/// The parameters of a URL, in their order.
pub(super) fn parameters(query: Option<&str>) -> Result<Vec<(String, String)>, NeutronError> {
    let query = query.unwrap_or_default();
    let is_text = percent_encoding::percent_decode_str(query).decode_utf8().is_ok();
    if !is_text {
        return Err(NeutronError::bad_request("The parameters of the URL are not UTF-8."));
    }
    Ok(form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into(), value.into())).collect())
}

/// The fields that an item is to have; none: all.
pub(super) fn fields(query: &[(String, String)]) -> Result<Vec<String>, NeutronError> {
    let stray: Vec<_> = query.iter().filter(|(name, _)| name != "fields").map(|(name, _)| name.as_str()).collect();
    if !stray.is_empty() {
        return Err(not_a_filter(&stray));
    }
    Ok(query.iter().map(|(_, field)| field.clone()).filter(|field| !field.is_empty()).collect())
}

/// The object with these fields only; those that it does not have are left out, as
/// Neutron does.
pub(super) fn only(object: Attributes, fields: &[String]) -> Attributes {
    if fields.is_empty() {
        return object;
    }
    object.into_iter().filter(|(name, _)| fields.contains(name)).collect()
}

/// Names as Python prints a list of them.
fn quoted(names: &[&str]) -> String {
    format!("[{}]", names.iter().map(|name| format!("'{}'", shortened(name))).collect::<Vec<_>>().join(", "))
}

fn not_a_filter(names: &[&str]) -> NeutronError {
    NeutronError::bad_request(format!("{} is invalid attribute for filtering", quoted(names)))
}

/// What is to be listed, in which order, and how much of it.
pub(super) struct Listing {
    kind: &'static Kind,
    /// By attribute, the values of which one has to be there.
    filters: Vec<(&'static Field, Vec<Wanted>)>,
    tags: Vec<tags::Filter>,
    fields: Vec<String>,
    /// Attributes, and whether the least comes first.
    sorts: Vec<(String, bool)>,
    limit: Option<usize>,
    marker: Option<String>,
    is_reversed: bool,
    /// The parameters that a link to another page repeats.
    kept: Vec<(String, String)>,
}

/// A value of a filter.
enum Wanted {
    Text(String),
    Truth(bool),
    /// `fixed_ips=ip_address=10.0.0.5`: what an element has under this name, or a part of it.
    Within {
        name: String,
        value: String,
        is_part: bool,
    },
}

/// What follows the name of an attribute where a part of its value is enough.
const PART: &str = "_substr";

impl Wanted {
    fn of(field: &Field, value: &str) -> Result<Self, NeutronError> {
        let wrong = |what: String| Err(Fault::from(NetworkFault::Invalid(what)).into());
        match &field.shape {
            Shape::Bool => match truth(&Json::from(value)) {
                Some(truth) => Ok(Self::Truth(truth)),
                None => wrong(not_a_truth(value)),
            },
            Shape::Records(record, ..) => {
                let Some((name, wanted)) = value.split_once('=').map(|(name, value)| (name.trim(), value.trim()))
                else {
                    return wrong(format!("'{}' is not of the form <key>=[value]", shortened(value)));
                };
                let part = name.strip_suffix(PART);
                let known = part.unwrap_or(name);
                if record.field(known).is_none() {
                    return Err(not_a_filter(&[&format!("{}={name}", field.name)]));
                }
                Ok(Self::Within { name: known.to_owned(), value: wanted.to_owned(), is_part: part.is_some() })
            }
            _ => Ok(Self::Text(value.to_owned())),
        }
    }

    fn is(&self, value: &Json) -> bool {
        match (self, value) {
            (Self::Truth(wanted), Json::Bool(value)) => wanted == value,
            (Self::Text(wanted), Json::String(value)) => wanted == value,
            (Self::Text(wanted), Json::Null) => wanted == "None",
            (Self::Text(wanted), Json::Number(number)) => *wanted == number.to_string(),
            (Self::Text(_), Json::Array(items)) => items.iter().any(|item| self.is(item)),
            (Self::Within { name, value: wanted, is_part }, Json::Object(fields)) => {
                let has = fields.get(name).and_then(Json::as_str);
                has.is_some_and(|has| if *is_part { has.contains(wanted.as_str()) } else { has == wanted })
            }
            _ => false,
        }
    }
}

/// Whether `value` is one of those `wanted`. Of a list of records one has to have all that is
/// wanted: under each name one of the values.
fn is_one_of(wanted: &[Wanted], value: &Json) -> bool {
    let name_of = |wanted: &Wanted| match wanted {
        Wanted::Within { name, is_part, .. } => Some((name.clone(), *is_part)),
        _ => None,
    };
    let names: BTreeSet<_> = wanted.iter().filter_map(name_of).collect();
    let Json::Array(items) = value else { return wanted.iter().any(|wanted| wanted.is(value)) };
    if names.is_empty() {
        return wanted.iter().any(|wanted| wanted.is(value));
    }
    let has = |item: &Json, name: &(String, bool)| {
        wanted.iter().any(|wanted| name_of(wanted).as_ref() == Some(name) && wanted.is(item))
    };
    items.iter().any(|item| names.iter().all(|name| has(item, name)))
}

/// The attribute of `kind` that a list can be filtered and sorted by.
fn attribute(kind: &'static Kind, name: &str) -> Option<&'static Field> {
    kind.field(name).filter(|field| !field.unseen && !matches!(field.shape, Shape::Record(_)))
}

impl Listing {
    /// What the parameters say.
    pub fn of(kind: &'static Kind, query: &[(String, String)]) -> Result<Self, NeutronError> {
        let filled = |name: &str| -> Vec<String> {
            let named = query.iter().filter(|(known, value)| known == name && !value.is_empty());
            named.map(|(_, value)| value.clone()).collect()
        };
        let has_tags = is_view(kind);
        let mut tag_filters = Vec::new();
        let mut filters: Vec<(&'static Field, Vec<Wanted>)> = Vec::new();
        let mut stray = Vec::new();
        for (name, value) in query {
            if ["fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse"].contains(&name.as_str()) {
                continue;
            }
            if has_tags && tags::Filter::of(name, std::iter::empty()).is_some() {
                let texts = query.iter().filter(|(known, _)| known == name).map(|(_, text)| text.as_str());
                tag_filters.extend(tags::Filter::of(name, texts));
                continue;
            }
            let Some(field) = attribute(kind, name) else {
                stray.push(name.as_str());
                continue;
            };
            let wanted = Wanted::of(field, value)?;
            match filters.iter_mut().find(|(known, _)| known.name == field.name) {
                Some((_, values)) => values.push(wanted),
                None => filters.push((field, vec![wanted])),
            }
        }
        if !stray.is_empty() {
            return Err(not_a_filter(&stray));
        }
        Ok(Self {
            kind,
            filters,
            tags: tag_filters,
            fields: filled("fields"),
            sorts: sorts(kind, filled("sort_key"), &filled("sort_dir"))?,
            limit: limit(filled("limit").pop())?.filter(|limit| *limit > 0),
            marker: filled("marker").pop(),
            is_reversed: filled("page_reverse").pop().map_or(Ok(false), |text| is_reversed(&text))?,
            kept: query.iter().filter(|(name, _)| name != "marker" && name != "page_reverse").cloned().collect(),
        })
    }

    /// Whether the list is in the order of ids, in which the engine has the objects.
    fn is_by_id(&self) -> bool {
        self.sorts.first().is_none_or(|(name, is_rising)| name == "id" && *is_rising)
    }

    /// The texts that the filter `name` wants one of; none: there is no such filter.
    fn texts(&self, name: &str) -> Option<BTreeSet<String>> {
        let (_, wanted) = self.filters.iter().find(|(field, _)| field.name == name)?;
        let text = |wanted: &Wanted| if let Wanted::Text(text) = wanted { Some(text.clone()) } else { None };
        Some(wanted.iter().filter_map(text).collect())
    }

    /// The objects of the page that is asked for.
    pub fn found(&self, engine: &Engine, by: &Member) -> Result<Vec<Attributes>, Refusal> {
        let marker = self.marker.as_ref().map(|id| engine.neutron_object(self.kind, id, by)).transpose()?;
        let is_by_id = self.is_by_id();
        let scope = Scope {
            ids: self.texts("id"),
            networks: self.texts("network_id"),
            names: self.texts("name"),
            after: self.marker.clone().filter(|_| is_by_id),
            is_reversed: is_by_id && self.is_reversed,
        };
        let enough = self.limit.filter(|_| is_by_id).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        engine.each_in_neutron(self.kind, &scope, by, &mut |object| {
            if self.wants(&object, marker.as_ref()) {
                found.push(object);
            }
            if found.len() < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(found)
    }

    /// Whether `object` passes the filters, and lies on the side of `marker` that is asked for.
    fn wants(&self, object: &Attributes, marker: Option<&Attributes>) -> bool {
        let value = |field: &Field| object.get(field.name).unwrap_or(&Json::Null);
        let side = if self.is_reversed { Ordering::Less } else { Ordering::Greater };
        marker.is_none_or(|marker| self.order(object, marker) == side)
            && self.filters.iter().all(|(field, values)| is_one_of(values, value(field)))
            && self.tags.iter().all(|filter| filter.lets(object))
    }

    /// The page of what was found, which is at `url`.
    pub fn page(&self, mut page: Vec<Attributes>, url: &str) -> Json {
        page.sort_by(|one, other| self.order(one, other));
        if let Some(limit) = self.limit {
            if self.is_reversed {
                page.drain(..page.len().saturating_sub(limit));
            } else {
                page.truncate(limit);
            }
        }
        let links = self.links(&page, url);
        let shown: Vec<_> = page.into_iter().map(|object| Json::Object(only(object, &self.fields))).collect();
        let mut answer = Map::from_iter([(plural(self.kind).to_owned(), Json::Array(shown))]);
        if !links.is_empty() {
            answer.insert(format!("{}_links", plural(self.kind)), Json::Array(links));
        }
        Json::Object(answer)
    }

    fn order(&self, one: &Attributes, other: &Attributes) -> Ordering {
        let by = |name: &str| compare(one.get(name), other.get(name));
        let sorted = self.sorts.iter().map(|(name, is_rising)| if *is_rising { by(name) } else { by(name).reverse() });
        sorted.fold(Ordering::Equal, Ordering::then).then_with(|| by("id"))
    }

    /// Links to the pages before and after, where there may be some.
    fn links(&self, page: &[Attributes], url: &str) -> Vec<Json> {
        let Some(limit) = self.limit else { return Vec::new() };
        let is_full = page.len() >= limit;
        let link = |rel: &str, marker: Option<&Attributes>| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&self.kept);
            if let Some(id) = marker.and_then(|object| object["id"].as_str()) {
                query.append_pair("marker", id);
            }
            if rel == "previous" {
                query.append_pair("page_reverse", "True");
            }
            json!({ "rel": rel, "href": format!("{url}?{}", query.finish()) })
        };
        let next = (is_full || self.is_reversed).then(|| link("next", page.last()));
        let previous = (is_full || !self.is_reversed).then(|| link("previous", page.first()));
        next.into_iter().chain(previous).collect()
    }
}

fn compare(one: Option<&Json>, other: Option<&Json>) -> Ordering {
    match (one.unwrap_or(&Json::Null), other.unwrap_or(&Json::Null)) {
        (Json::String(one), Json::String(other)) => one.cmp(other),
        (Json::Bool(one), Json::Bool(other)) => one.cmp(other),
        (Json::Number(one), Json::Number(other)) => one.as_i64().cmp(&other.as_i64()),
        (Json::Null, Json::Null) => Ordering::Equal,
        (Json::Null, _) => Ordering::Less,
        (_, Json::Null) => Ordering::Greater,
        (one, other) => one.to_string().cmp(&other.to_string()),
    }
}

fn limit(text: Option<String>) -> Result<Option<usize>, NeutronError> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let message =
            format!("Bad limit request: Limit must be an integer 0 or greater and not '{}'.", shortened(&text));
        NeutronError::new(axum::http::StatusCode::BAD_REQUEST, "BadRequest", message)
    })
}

/// Whether pages go back. What Neutron would take for no, whatever it says, is refused.
fn is_reversed(text: &str) -> Result<bool, NeutronError> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::from(NetworkFault::Invalid(not_a_truth(text))).into()),
    }
}

fn not_a_truth(text: &str) -> String {
    format!("'{}' cannot be converted to boolean", shortened(text))
}

fn sorts(kind: &'static Kind, keys: Vec<String>, dirs: &[String]) -> Result<Vec<(String, bool)>, NeutronError> {
    if keys.len() != dirs.len() {
        return Err(NeutronError::bad_request("The number of sort_keys and sort_dirs must be same"));
    }
    let is_key = |key: &&String| {
        let field = attribute(kind, key);
        field.is_some_and(|field| !matches!(field.shape, Shape::List(..) | Shape::Records(..)))
    };
    let stray: Vec<_> = keys.iter().filter(|key| !is_key(key)).map(String::as_str).collect();
    if !stray.is_empty() {
        return Err(NeutronError::bad_request(format!("{} is invalid attribute for sort_keys", quoted(&stray))));
    }
    let stray: Vec<_> = dirs.iter().map(String::as_str).filter(|dir| !["asc", "desc"].contains(dir)).collect();
    if !stray.is_empty() {
        let message = format!("{} is invalid value for sort_dirs, valid value is 'asc' and 'desc'", quoted(&stray));
        return Err(NeutronError::bad_request(message));
    }
    Ok(keys.into_iter().zip(dirs.iter().map(|dir| dir == "asc")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PORT, TAP_FLOW};

    fn flows() -> Vec<Attributes> {
        let flow = |(id, name, direction): (&str, &str, &str)| {
            let Json::Object(flow) = json!({ "id": id, "name": name, "direction": direction, "vlan_filter": null })
            else {
                panic!()
            };
            flow
        };
        [("1", "c", "IN"), ("2", "a", "OUT"), ("3", "b", "IN"), ("4", "a", "BOTH")].map(flow).to_vec()
    }

    fn ask(query: &str) -> Result<Json, NeutronError> {
        let listing = Listing::of(&TAP_FLOW, &parameters(Some(query))?)?;
        let marker = listing.marker.as_ref();
        let marker = marker.map(|marker| flows().into_iter().find(|flow| flow["id"] == **marker).unwrap());
        let found = flows().into_iter().filter(|flow| listing.wants(flow, marker.as_ref())).collect();
        Ok(listing.page(found, "http://h/v2.0/taas/tap_flows"))
    }

    fn ids(query: &str) -> String {
        let page = ask(query).unwrap();
        page["tap_flows"].as_array().unwrap().iter().map(|flow| flow["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_list_is_filtered_and_sorted() {
        for (query, found) in [
            ("", "1234"),
            ("name=a", "24"),
            ("name=a&name=b", "234"),
            ("name=a&direction=OUT", "2"),
            ("name=nobody", ""),
            ("vlan_filter=None", "1234"),
            ("sort_key=name&sort_dir=asc", "2431"),
            ("sort_key=name&sort_dir=desc&sort_key=id&sort_dir=desc", "1342"),
            ("sort_key=direction&sort_key=name&sort_dir=asc&sort_dir=desc", "4132"),
            ("name=a&name=c&direction=IN&direction=OUT", "12"),
        ] {
            assert_eq!(ids(query), found, "{query}");
        }
        assert_eq!(ask("id=1&fields=name&fields=nothing").unwrap(), json!({ "tap_flows": [{ "name": "c" }] }));
    }

    #[test]
    fn pages_follow_each_other_both_ways() {
        let first = ask("limit=2&name=a&name=b&fields=id").unwrap();
        assert_eq!(first["tap_flows"], json!([{ "id": "2" }, { "id": "3" }]));
        let next = &first["tap_flows_links"][0];
        assert_eq!(next["rel"], "next");
        assert_eq!(next["href"], "http://h/v2.0/taas/tap_flows?limit=2&name=a&name=b&fields=id&marker=3");
        assert_eq!(ids("limit=2&name=a&name=b&marker=3"), "4");
        assert_eq!(ids("limit=2&marker=4&page_reverse=True"), "23");
        assert_eq!(ids("limit=3&page_reverse=true"), "234");
        assert_eq!(ids("limit=3&page_reverse=False"), "123");
        let last = ask("limit=3&marker=2").unwrap();
        let rels: Vec<_> = last["tap_flows_links"].as_array().unwrap().iter().map(|link| &link["rel"]).collect();
        assert_eq!(rels, ["previous"]);
        // Behind the last there is an empty page, and from there it goes back to the last full one.
        let empty = ask("limit=2&marker=4").unwrap();
        let back = json!([{ "rel": "previous", "href": "http://h/v2.0/taas/tap_flows?limit=2&page_reverse=True" }]);
        assert_eq!((&empty["tap_flows"], &empty["tap_flows_links"]), (&json!([]), &back));
        assert_eq!(ids("limit=2&page_reverse=True"), "34");
        let empty = ask("limit=2&marker=1&page_reverse=True").unwrap();
        let on = json!([{ "rel": "next", "href": "http://h/v2.0/taas/tap_flows?limit=2" }]);
        assert_eq!((&empty["tap_flows"], &empty["tap_flows_links"]), (&json!([]), &on));
    }

    #[test]
    fn what_is_not_meant_is_refused_in_neutrons_words() {
        for (query, says) in [
            ("directon=IN", "['directon'] is invalid attribute for filtering"),
            ("sort_key=name", "The number of sort_keys and sort_dirs must be same"),
            ("sort_key=nothing&sort_dir=asc", "['nothing'] is invalid attribute for sort_keys"),
            ("sort_key=name&sort_dir=up", "['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'"),
            ("page_reverse=maybe", "Invalid input for operation: 'maybe' cannot be converted to boolean."),
            ("page_reverse=1", "Invalid input for operation: '1' cannot be converted to boolean."),
            ("limit=-1", "Bad limit request: Limit must be an integer 0 or greater and not '-1'."),
            ("name=%ff", "The parameters of the URL are not UTF-8."),
        ] {
            assert_eq!(ask(query).unwrap_err().body()["NeutronError"]["message"], says, "{query}");
        }
    }

    #[test]
    fn filters_are_read_as_the_attribute_has_it() {
        let Json::Object(port) =
            json!({ "id": "1", "admin_state_up": true, "fixed_ips": [{ "subnet_id": "s", "ip_address": "10.0.0.5" }] })
        else {
            panic!()
        };
        let count = |query: &str| {
            let listing = Listing::of(&PORT, &parameters(Some(query)).unwrap())?;
            Ok::<_, NeutronError>(usize::from(listing.wants(&port, None)))
        };
        for (query, found) in [
            ("admin_state_up=True", 1),
            ("admin_state_up=1", 1),
            ("admin_state_up=false", 0),
            ("fixed_ips=ip_address%3D10.0.0.5", 1),
            ("fixed_ips=ip_address%3D10.0.0.6", 0),
            // Under one name either will do, and under each one has to.
            ("fixed_ips=ip_address%3D10.0.0.6&fixed_ips=ip_address%3D10.0.0.5", 1),
            ("fixed_ips=ip_address%3D10.0.0.5&fixed_ips=subnet_id%3Ds", 1),
            ("fixed_ips=ip_address%3D10.0.0.5&fixed_ips=subnet_id%3Dt", 0),
            ("fixed_ips=ip_address_substr%3D10.0", 1),
            ("fixed_ips=ip_address_substr%3D10.1", 0),
        ] {
            assert_eq!(count(query).unwrap(), found, "{query}");
        }
        for (query, says) in [
            ("admin_state_up=perhaps", "Invalid input for operation: 'perhaps' cannot be converted to boolean."),
            ("fixed_ips=10.0.0.5", "Invalid input for operation: '10.0.0.5' is not of the form <key>=[value]."),
            ("fixed_ips=mac%3Dx", "['fixed_ips=mac'] is invalid attribute for filtering"),
        ] {
            assert_eq!(count(query).unwrap_err().body()["NeutronError"]["message"], says, "{query}");
        }
    }
}
