//! What holds for every kind and every document.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::model::field::{Record, Shape};
use crate::model::reading::canonical;
use crate::model::{KINDS, NEUTRON_KINDS, kinds_at};

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[ -~é]{0,12}".prop_map(Json::from),
        Just(Json::from("10.0.0.1/8")),
        Just(Json::from("169.254.1.1")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-z_]{1,12}", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// A document of a kind: its own fields with values that mostly fit.
fn document(kind: &'static Kind) -> impl Strategy<Value = Json> {
    let fields: Vec<_> = kind.fields().filter(|field| field.is_configurable()).collect();
    let fields: Vec<_> =
        fields.into_iter().map(|field| (field.name, prop::option::weighted(0.7, value(&field.shape)))).collect();
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    values.prop_map(move |values| {
        let set = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Json::Object(set.collect())
    })
}

fn record(record: &'static Record) -> BoxedStrategy<Json> {
    let fields: Vec<_> = record.fields.iter().filter(|field| field.is_configurable()).collect();
    let (names, values): (Vec<_>, Vec<_>) =
        fields.into_iter().map(|field| (field.name, prop::option::weighted(0.8, value(&field.shape)))).unzip();
    values
        .prop_map(move |values| {
            let set = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Json::Object(set.collect())
        })
        .boxed()
}

fn value(shape: &'static Shape) -> BoxedStrategy<Json> {
    let texts = |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(Json::from).boxed();
    let list = |element: BoxedStrategy<Json>| prop::collection::vec(element, 0..4).prop_map(Json::from).boxed();
    match shape {
        Shape::Bool => any::<bool>().prop_map(Json::from).boxed(),
        Shape::Int(min, max) => (*min..=(*max).min(min + 100_000)).prop_map(Json::from).boxed(),
        Shape::Text(..) | Shape::Id => "[a-z]{0,6}".prop_map(Json::from).boxed(),
        Shape::Enum(words) => prop::sample::select(words.words.iter().map(|word| word.name).collect::<Vec<_>>())
            .prop_map(Json::from)
            .boxed(),
        Shape::Address => texts(&["10.0.0.1", "2001:DB8::1", "169.254.1.1"]),
        Shape::Network => texts(&["10.0.0.0/8", "10.1.2.3/8", "2001:DB8:0::1/32", "0.0.0.0/0"]),
        Shape::AddressOrNetwork => texts(&["10.0.0.0/8", "10.1.2.3/8", "10.1.2.3", "2001:DB8::1"]),
        Shape::NetworkOrAny => texts(&["10.0.0.0/8", "10.1.2.3/8", "any", "ANY"]),
        Shape::InterfaceAddress => texts(&["192.168.1.1/24", "2001:DB8::1/64"]),
        Shape::AddressRange => texts(&["192.168.1.5-192.168.1.9", "192.168.1.5", "2001:DB8::5-2001:db8::9"]),
        Shape::Mac => texts(&["00:50:56:AB:cd:ef", "00-50-56-ab-cd-ef"]),
        Shape::AsNumber => texts(&["65000", "1.10", "0.65000"]),
        Shape::Time => texts(&["2026-01-31T12:00:00Z", "2026-01-31T13:00:00.5+01:00"]),
        Shape::NeutronId(_) => texts(&["C9BEB5A1-21f5-4225-9eaf-02ddccdd50a9", "c9beb5a121f542259eaf02ddccdd50a9"]),
        Shape::Vlans => texts(&["1", "1-9,20", "9-1", "4095"]),
        Shape::Path(_) | Shape::ForeignPath(_) => texts(&[
            "/infra/ipsec-vpn-ike-profiles/a",
            "/infra/tier-0s/vmc/prefix-lists/a",
            "/infra/tier-0s/vmc/ipsec-vpn-services/default/local-endpoints/a",
            "/infra/certificates/a",
        ]),
        Shape::List(element, ..) | Shape::Set(element, ..) => list(value(element)),
        Shape::SetIn(name, element, ..) => {
            list(value(element).prop_map(move |value| serde_json::json!({ *name: value })).boxed())
        }
        Shape::Record(inner) => record(inner),
        Shape::Records(inner, ..) | Shape::RecordSet(inner, ..) => list(record(inner)),
    }
}

fn all_kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.into_iter().chain(NEUTRON_KINDS)
}

fn any_kind() -> impl Strategy<Value = &'static Kind> {
    prop::sample::select(all_kinds().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn reading_never_panics(kind in any_kind(), body in any_json()) {
        let _ = read(kind, &Tree::from(&body), kind.default_parent);
    }

    #[test]
    fn what_was_read_reads_as_itself(body in any_kind().prop_flat_map(|kind| document(kind).prop_map(move |body| (kind, body)))) {
        let (kind, body) = body;
        let first = read(kind, &Tree::from(&body), None);
        let second = read(kind, &Tree::from(&first.tree.to_json()), None);
        prop_assert_eq!(first.tree.to_json(), second.tree.to_json());
        prop_assert_eq!(first.is_accepted(), second.is_accepted());
    }

    #[test]
    fn the_one_spelling_has_one_spelling(body in any_kind().prop_flat_map(|kind| document(kind).prop_map(move |body| (kind, body)))) {
        let (kind, body) = body;
        for field in kind.fields() {
            let once = canonical(&field.shape, &Tree::from(&body[field.name]));
            prop_assert_eq!(canonical(&field.shape, &once), once);
        }
    }
}

#[test]
fn every_path_belongs_to_one_kind_but_for_sessions() {
    for kind in all_kinds() {
        for path in kind.example_paths() {
            let path = crate::model::PolicyPath::parse(&path).unwrap();
            let owners: Vec<_> = kinds_at(&path).map(|kind| kind.resource_type).collect();
            let expected = if kind.name.ends_with("_session") { 2 } else { 1 };
            assert_eq!(owners.len(), expected, "{path}: {owners:?}");
        }
    }
}

#[test]
fn a_kind_has_one_collection_at_all_its_places() {
    for kind in KINDS {
        for path in kind.example_paths() {
            let path = crate::model::PolicyPath::parse(&path).unwrap();
            let Some(parent) = kind.parent(&path) else {
                assert_eq!(path.parts().nth(1), kind.collection(), "{path}");
                continue;
            };
            assert!(kind.may_lie_below(&parent), "{path}");
            assert_eq!(kind.path(&parent, path.id()), path);
        }
    }
}

#[test]
fn names_and_texts_are_fit_to_be_shown() {
    fn look(record: &Record, within: &str) {
        for field in record.fields.iter().filter(|field| !field.doc.is_empty()) {
            let name = format!("{within}.{}", field.name);
            assert!(field.doc.ends_with('.'), "{name}: {:?} is no sentence", field.doc);
            assert!(!field.doc.contains("  "), "{name}: {:?} has a gap", field.doc);
            let hcl = field.hcl_name();
            assert!(
                hcl.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit()),
                "{name}: {hcl}"
            );
            if let Some(inner) = field.shape.record() {
                look(inner, &name);
            }
        }
    }
    for kind in all_kinds() {
        look(kind.record, kind.name);
    }
    look(&crate::model::common::RECORD, "common");
    look(&crate::model::neutron::RECORD, "neutron");
}
