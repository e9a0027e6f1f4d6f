//! From the model's problems and a backend's refusals to Terraform's
//! diagnostics, with the attribute named.

use super::face::Face;
use super::resources::FACES;
use crate::backend::BackendError;
use crate::engine::Refusal;
use crate::engine::store::StoreError;
use crate::model::field::{Field, Record, Shape};
use crate::model::problem::{Gravity, Place, Problem, Step};
use crate::model::{KINDS, Kind, LOCAL_ENDPOINT, PolicyPath, Tree, kinds_at};
use crate::tf_provider::{Diagnostic, Diagnostics, Path};

/// A problem of an object of `face` that declares `tree` as a diagnostic.
pub fn of_problem(face: &Face, tree: &Tree, problem: &Problem) -> Diagnostic {
    let made = match problem.gravity {
        Gravity::Refused | Gravity::Idle => Diagnostic::error,
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
///
/// Terraform prints the line it is pointed at. What is wrong with a secret is
/// therefore said of the whole resource; the text names the attribute.
pub fn path_of(face: &Face, place: &Place) -> Path {
    let mut path = Path::root();
    let mut within_set = false;
    for (step, field) in steps(face, place) {
        match (step, field) {
            (Step::Field(_), Some(field)) if field.secret => return Path::root(),
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
        BackendError::Nowhere { .. } => return Diagnostic::error(summary, error.to_string()).into(),
        BackendError::Endpoint(failure) => return Diagnostic::error(summary, failure.to_string()).into(),
        BackendError::Ledger(store) => {
            let detail =
                format!("What Terraform's data folder notes beside the objects cannot be used. {}", of_store(store));
            return Diagnostic::error(summary, detail).into();
        }
    };
    match refusal {
        Refusal::Invalid(problems) => problems.iter().map(|problem| of_problem(face, &Tree::Null, problem)).collect(),
        Refusal::Neutron(fault) => of_problem(face, &Tree::Null, &fault.problem(face.kind)).into(),
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

/// The endpoints that no configuration declares.
const SYSTEMS_ENDPOINTS: &str = " The ids of the system's endpoints are Private-IP1 and Public-IP1.";

/// A path at which there is no object.
pub fn does_not_exist(path: &str) -> Diagnostic {
    if let Some(path) = PolicyPath::parse(path).ok().filter(PolicyPath::is_of_neutron) {
        let (what, resource) = match path.collection() {
            "ports" => ("port", "vpn_segment_port.NAME.unique_id"),
            "networks" => ("network", "vpn_segment.NAME.unique_id"),
            _ => ("tap service", "vpn_tap_service.NAME.id"),
        };
        let detail = format!(
            "There is no such object. If this configuration declares it, refer to it as {resource}, so that Terraform \
             creates it first. Otherwise correct the id."
        );
        return Diagnostic::error(format!("The {what} {} does not exist", path.id()), detail);
    }
    let kind = PolicyPath::parse(path).ok().and_then(|path| kinds_at(&path).next());
    let face = FACES.into_iter().find(|face| Some(face.kind) == kind);
    let detail = match (face, kind) {
        (Some(face), _) => {
            let name = face.type_name();
            let systems = if face.kind == &LOCAL_ENDPOINT { SYSTEMS_ENDPOINTS } else { "" };
            format!(
                "There is no such object, and this plan is not known to create it. If this configuration declares it, \
                 refer to it as {name}.NAME.path, so that Terraform creates it first. What is there already is found \
                 by a data source, and referred to as data.{name}.NAME.path.{systems} Otherwise correct the path."
            )
        }
        (None, Some(kind)) => match from_the_start(kind) {
            Some(there) => format!(
                "There is no such object. Terraform creates no {} here: use the one that is there from the start, \
                 {there}.",
                kind.title
            ),
            None => format!("There is no such object, and Terraform creates no {} here. Correct the path.", kind.title),
        },
        (None, None) => "There is no such object. Correct the path.".to_owned(),
    };
    Diagnostic::error(format!("{path} does not exist"), detail)
}

/// The object of `kind` below which others lie by default, at its current address.
fn from_the_start(kind: &Kind) -> Option<String> {
    let parents = KINDS.iter().filter_map(|other| PolicyPath::parse(other.default_parent?).ok());
    parents.into_iter().find(|parent| kind.owns(parent)).map(|parent| parent.current_address())
}

/// The command that takes the object at `path` into the state, to be pasted into
/// a shell.
pub fn import_command(face: &Face, path: &PolicyPath) -> String {
    format!("terraform import {}.NAME {}", face.type_name(), shell_word(path.as_str()))
}

/// A text as one word of a shell.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | ':' | '@' | '+' | ',');
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// An object that cannot be deleted.
pub fn in_use<'a>(title: &str, path: &str, by: impl Iterator<Item = &'a str>) -> Diagnostic {
    let by: Vec<_> = by.map(|path| format!("  - {path}")).collect();
    let detail = format!(
        "{path} has children or is referred to by:\n{}\n\nThey are not being deleted by this run. Delete them first, or \
         let them refer to something else. To replace the object, let them be replaced with it: put \
         replace_triggered_by into their lifecycle blocks. A profile or a prefix list can also be replaced by one of another \
         id with create_before_destroy.",
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
    let text = error.to_string();
    let what = if begins_with_a_file(error) { format!("{text}.") } else { format!("{}.", sentence(&text)) };
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
        StoreError::Unreadable { .. } => "Use that release.",
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

/// Whether the text of a failure begins with the name of a file, which is not
/// written with a capital.
fn begins_with_a_file(error: &StoreError) -> bool {
    match error {
        StoreError::Foreign { .. }
        | StoreError::FutureVersion { .. }
        | StoreError::Damaged { .. }
        | StoreError::Missing { .. }
        | StoreError::NotAFile { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::Busy { .. }
        | StoreError::Moved { .. }
        | StoreError::Database { .. } => true,
        StoreError::NoFolder { .. }
        | StoreError::Denied { .. }
        | StoreError::Full { .. }
        | StoreError::Poisoned { .. }
        | StoreError::Unreadable { .. }
        | StoreError::Nested
        | StoreError::NotRun
        | StoreError::TooLarge { .. }
        | StoreError::Etcd(_)
        | StoreError::Io { .. } => false,
    }
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
        let Some(known) = known.or_else(|| face.kind.common().field(name)) else { break };
        place = place.field(known.name);
        if let Some(position) = rest.strip_suffix(']').and_then(|digits| digits.parse().ok()) {
            place = place.item(position);
        }
        record = known.shape.record();
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BGP_NEIGHBOR, BGP_TROUBLESHOOT, IKE_PROFILE};

    fn face(kind: &'static Kind) -> Face {
        Face { kind, parent: None, subcategory: "" }
    }

    #[test]
    fn a_secret_is_said_of_the_whole_resource() {
        let face = face(&BGP_NEIGHBOR);
        let place = |name| Place::default().field(name);
        assert!(path_of(&face, &place("password")).is_root());
        assert_eq!(path_of(&face, &place("neighbor_address")).to_string(), "neighbor_address");
    }

    #[test]
    fn only_resources_that_exist_are_named() {
        let names = |path: &str| does_not_exist(path).detail;
        assert!(names("/infra/ipsec-vpn-ike-profiles/a").contains("data.vpn_ike_profile.NAME.path"));
        for (path, there) in [
            ("/infra/tier-0s/a", "/infra/tier-0s/vmc."),
            ("/infra/tier-1s/a", "/infra/tier-1s/cgw."),
            ("/infra/tier-0s/vmc/locale-services/a", "/infra/tier-0s/vmc/locale-services/default."),
            ("/infra/tier-0s/a/locale-services/b/bgp", "/infra/tier-0s/vmc/locale-services/default/bgp."),
            ("/infra/tier-0s/a/ipsec-vpn-services/b", "/infra/tier-0s/vmc/ipsec-vpn-services/default."),
        ] {
            let detail = names(path);
            assert!(detail.ends_with(there) && !detail.contains("vpn_"), "{path}: {detail}");
        }
        let named = FACES.into_iter().map(|face| face.kind);
        // Nothing refers to what a BGP instance logs.
        let others =
            KINDS.into_iter().filter(|kind| !named.clone().any(|named| named == *kind) && *kind != &BGP_TROUBLESHOOT);
        for kind in others {
            assert!(from_the_start(kind).is_some(), "{kind:?}");
        }
    }

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        let path = |id: &str| PolicyPath::parse(&format!("/infra/ipsec-vpn-ike-profiles/{id}")).unwrap();
        let command = |id: &str| import_command(&face(&IKE_PROFILE), &path(id));
        let begin = "terraform import vpn_ike_profile.NAME ";
        for (id, word) in [
            ("a.b-c_1", "/infra/ipsec-vpn-ike-profiles/a.b-c_1"),
            ("a b", "'/infra/ipsec-vpn-ike-profiles/a b'"),
            ("$(a)", "'/infra/ipsec-vpn-ike-profiles/$(a)'"),
            ("it's \"a\"", r#"'/infra/ipsec-vpn-ike-profiles/it'\''s "a"'"#),
        ] {
            assert_eq!(command(id), format!("{begin}{word}"));
        }
    }

    #[test]
    fn a_file_keeps_its_spelling() {
        let path = std::path::PathBuf::from("vpn-engine.db");
        let kept = StoreError::NotAFile { path: path.clone(), kind: "a folder" };
        assert_eq!(of_store(&kept), "vpn-engine.db is a folder, not a file. Give another path.");
        assert!(of_store(&StoreError::Full { path }).starts_with("No space left on the disk of vpn-engine.db."));
    }
}
