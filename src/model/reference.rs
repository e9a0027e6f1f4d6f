//! Which objects an object refers to.

use super::field::{Field, Record, Shape, Tie};
use super::kind::Kind;
use super::live_trace;
use super::local_endpoint::LOCAL_ENDPOINT;
use super::path::PolicyPath;
use super::policy_based_session::POLICY_BASED_SESSION;
use super::problem::{Place, Problem};
use super::session;
use super::simulated_device::SIMULATED_DEVICE;
use super::simulated_link;
use super::tree::Tree;

/// A reference from an object to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The field that holds it.
    pub from: Place,
    /// The path it holds.
    pub to: String,
    /// Whether what it names cannot go while the reference is there.
    pub holds: bool,
}

/// All references in an object of `kind`, in the order of its fields. Paths of
/// objects the engine does not hold are none of them.
pub fn references(kind: &Kind, tree: &Tree) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(kind.record, tree, &Place::default(), &mut found);
    found
}

/// The references in an object of Neutron to others of Neutron, by their addresses, in the
/// order of its fields.
pub fn neutron_references(kind: &Kind, tree: &Tree) -> Vec<Reference> {
    let reference = |field: &Field| {
        let Shape::NeutronId(collection) = field.shape else { return None };
        let to = PolicyPath::of_neutron(collection, tree.get(field.name).text()?).to_string();
        Some(Reference { from: Place::default().field(field.name), to, holds: true })
    };
    kind.record.fields.iter().filter_map(reference).collect()
}

fn collect(record: &'static Record, tree: &Tree, at: &Place, found: &mut Vec<Reference>) {
    for field in record.fields {
        let value = tree.get(field.name);
        let at = at.field(field.name);
        match &field.shape {
            Shape::Record(record) => collect(record, value, &at, found),
            Shape::Records(record, ..) | Shape::RecordSet(record, ..) => {
                for (position, item) in value.items().iter().enumerate() {
                    collect(record, item, &at.item(position), found);
                }
            }
            shape => leaves(field, shape, value, &at, found),
        }
    }
}

fn leaves(field: &Field, shape: &Shape, value: &Tree, at: &Place, found: &mut Vec<Reference>) {
    match (shape, value) {
        (Shape::Path(_), Tree::Text(to)) => {
            found.push(Reference { from: at.clone(), to: to.clone(), holds: field.tie == Tie::Holds });
        }
        (Shape::List(element, ..) | Shape::Set(element, ..), Tree::List(items)) => {
            for (position, item) in items.iter().enumerate() {
                leaves(field, element, item, &at.item(position), found);
            }
        }
        _ => {}
    }
}

/// Whether an object of this kind can be wrong for one that refers to it.
pub fn must_fit(target_kind: &Kind) -> bool {
    [LOCAL_ENDPOINT.name, POLICY_BASED_SESSION.name, SIMULATED_DEVICE.name].contains(&target_kind.name)
}

/// What is wrong between `object` and one it refers to, which is at `path`, where each
/// alone is right.
pub fn ends_fit(object: &Tree, target_kind: &Kind, path: &PolicyPath, target: &Tree) -> Vec<Problem> {
    if target_kind.name == LOCAL_ENDPOINT.name {
        session::endpoint_fits(object, target)
    } else if target_kind.name == SIMULATED_DEVICE.name {
        simulated_link::ends_at(object, path.as_str(), target)
    } else {
        // Nothing but live traces refers to sessions.
        live_trace::tunnel_can_be_traced(target_kind, target)
    }
}

/// A secret field, and the names of the fields that lead to it: `["bgp", "password"]`.
pub type Secret = (Vec<&'static str>, &'static Field);

/// The secret fields of an object of `kind`. None is an element of a list.
pub fn secrets(kind: &Kind) -> Vec<Secret> {
    secrets_among(kind.fields())
}

fn secrets_among(fields: impl Iterator<Item = &'static Field>) -> Vec<Secret> {
    let below = |field: &'static Field| {
        if field.secret {
            return vec![(vec![field.name], field)];
        }
        let Shape::Record(record) = field.shape else { return Vec::new() };
        let within = secrets_among(record.fields.iter()).into_iter();
        within.map(|(way, secret)| ([field.name].into_iter().chain(way).collect(), secret)).collect()
    };
    fields.flat_map(below).collect()
}
