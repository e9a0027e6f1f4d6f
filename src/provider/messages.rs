//! From the model's problems and a backend's refusals to Terraform's
//! diagnostics, with the attribute named.

use super::face::Face;
use crate::backend::BackendError;
use crate::engine::Refusal;
use crate::engine::store::StoreError;
use crate::model::field::{Field, Record, Shape};
use crate::model::problem::{Gravity, Place, Problem, Step};
use crate::model::{PolicyPath, Tree, common, kinds_at};
use crate::tf_provider::{Diagnostic, Diagnostics, Path};

/// A problem of an object of `face` that declares `tree` as a diagnostic.
pub fn of_problem(face: &Face, tree: &Tree, problem: &Problem) -> Diagnostic {
    let made = match problem.gravity {
        Gravity::Refused => Diagnostic::error,
        Gravity::Surprising => Diagnostic::warning,
    };
    let detail = match element_of_a_set(face, tree, &problem.at) {
        Some(element) => format!("In {element}: {}", problem.hint),
        None => problem.hint.clone(),
    };
    made(problem.what.clone(), detail).at(path_of(face, &problem.at))
}

/// Where a place of an object of `face` stands in HCL. The elements of a set have
/// no position: what is wrong within one is said to be within the set, which
/// Terraform can point at while there is only one element.
pub fn path_of(face: &Face, place: &Place) -> Path {
    let mut path = Path::root();
    let mut within_set = false;
    for (step, field) in steps(face, place) {
        match (step, field) {
            (Step::Field(_), Some(field)) => {
                path = path.child(field.hcl_name());
                within_set = matches!(field.shape, Shape::Set(..) | Shape::SetIn(..) | Shape::RecordSet(..));
            }
            (Step::Item(position), _) if !within_set => path = path.index(*position),
            (Step::Item(_), _) => {}
            _ => return path,
        }
    }
    path
}

/// The steps of a place, each with the field it leads to or stands in, as far as
/// Terraform shows it.
fn steps<'p>(face: &Face, place: &'p Place) -> impl Iterator<Item = (&'p Step, Option<&'static Field>)> {
    let kind = face.kind;
    let mut field: Option<&'static Field> = None;
    place.0.iter().map(move |step| {
        if let Step::Field(name) = step {
            let found = match field {
                None => kind.field(name),
                Some(around) => around.shape.record().and_then(|record| record.field(name)),
            };
            field = found.filter(|field| !field.doc.is_empty());
        }
        (step, field)
    })
}

/// What tells the element of a set of blocks that a place lies in from the others:
/// `rule "web"`.
fn element_of_a_set(face: &Face, tree: &Tree, place: &Place) -> Option<String> {
    let mut here = tree;
    for (step, field) in steps(face, place) {
        match step {
            Step::Field(name) => here = here.get(name),
            Step::Item(position) => here = here.items().get(*position)?,
            Step::Stray(_) => return None,
        }
        if let (Step::Item(_), Some(Field { shape: Shape::RecordSet(_, key, ..), .. })) = (step, field) {
            let name = [*key, "display_name"].into_iter().find_map(|name| here.get(name).text())?;
            return Some(format!("{} {name:?}", field?.hcl_name()));
        }
    }
    None
}

/// What a backend's refusal means, for an object of `face` that was to be
/// `done` ("created", "changed", "deleted", "read").
pub fn of_error(face: &Face, done: &str, error: &BackendError) -> Diagnostics {
    let title = face.kind.title;
    let summary = format!("The {title} could not be {done}");
    let refusal = match error {
        BackendError::Refused(refusal) => refusal,
        BackendError::Lost => {
            let detail = format!("{}. Run the same command again.", sentence(&error.to_string()));
            return Diagnostic::error(summary, detail).into();
        }
    };
    match refusal {
        Refusal::Invalid(problems) => problems.iter().map(|problem| of_problem(face, &Tree::Null, problem)).collect(),
        Refusal::Dangling { field, to } => dangling(face, &place_of(face, field), to).into(),
        Refusal::InUse { path, by } => in_use(title, path.as_str(), by.iter().map(PolicyPath::as_str)).into(),
        Refusal::SystemOwned(path) => system_owned(face, path.as_str()).into(),
        Refusal::Store(error) => Diagnostic::error(summary, of_store(error)).into(),
        refusal => Diagnostic::error(summary, refusal.to_string()).into(),
    }
}

/// A reference to an object that does not exist.
pub fn dangling(face: &Face, place: &Place, to: &str) -> Diagnostic {
    does_not_exist(to).at(path_of(face, place))
}

/// A path at which there is no object.
pub fn does_not_exist(path: &str) -> Diagnostic {
    let kind = PolicyPath::parse(path).ok().and_then(|path| kinds_at(&path).next());
    let name = kind.map_or_else(|| "vpn_…".to_owned(), |kind| format!("vpn_{}", kind.name));
    let detail = format!(
        "There is no such object, and this plan is not known to create it. If this configuration declares it, refer to \
         it as {name}.NAME.path, so that Terraform creates it first; otherwise correct the path."
    );
    Diagnostic::error(format!("{path} does not exist"), detail)
}

/// An object that cannot be deleted.
pub fn in_use<'a>(title: &str, path: &str, by: impl Iterator<Item = &'a str>) -> Diagnostic {
    let by: Vec<_> = by.map(|path| format!("  - {path}")).collect();
    let detail = format!(
        "{path} has children or is referred to by:\n{}\n\nThey are not being deleted by this run. Delete them first, or \
         let them refer to something else. To replace an object that is in use, give the new one another id and set \
         create_before_destroy in its lifecycle block.",
        by.join("\n")
    );
    Diagnostic::error(format!("The {title} is in use"), detail)
}

/// An object that belongs to the system.
pub fn system_owned(face: &Face, path: &str) -> Diagnostic {
    let detail = format!(
        "{path} belongs to the system: it cannot be created, changed or deleted. To refer to it, use the data source {}; \
         to stop managing it, use `terraform state rm`.",
        face.type_name()
    );
    Diagnostic::error(format!("The {} is owned by the system", face.kind.title), detail)
}

/// What to do about a store that failed.
pub fn of_store(error: &StoreError) -> String {
    let what = format!("{}.", sentence(&error.to_string()));
    match advice(error) {
        Some(advice) => format!("{what} {advice}"),
        None => what,
    }
}

/// What to do about a failure that does not say so itself.
fn advice(error: &StoreError) -> Option<&'static str> {
    Some(match error {
        StoreError::Foreign { .. } => "Give another path, or move the file away.",
        StoreError::NotAFile { .. } => "Give another path.",
        StoreError::NoFolder { .. } => "Create it, or give another path.",
        StoreError::Denied { .. } => "Let this user have it, or give another path.",
        StoreError::ReadOnly { .. } => "Give a path on a disk that can be written to.",
        StoreError::Full { .. } => "Make room and run the same command again.",
        StoreError::Busy { .. } => "Wait for that process to end and run the same command again.",
        StoreError::Moved { .. } => "Run the same command again.",
        StoreError::Poisoned { cause } => return advice(cause),
        _ => return None,
    })
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), chars.as_str()))
}

/// The place that a backend names `field`, as far as the model knows it.
fn place_of(face: &Face, field: &str) -> Place {
    let mut place = Place::default();
    let mut record = None;
    for part in field.split('.') {
        let (name, rest) = part.split_once('[').map_or((part, ""), |(name, rest)| (name, rest));
        let known = match record {
            None => face.kind.field(name),
            Some(record) => Record::field(record, name),
        };
        let Some(known) = known.or_else(|| common::RECORD.field(name)) else { break };
        place = place.field(known.name);
        if let Some(position) = rest.strip_suffix(']').and_then(|digits| digits.parse().ok()) {
            place = place.item(position);
        }
        record = known.shape.record();
    }
    place
}
