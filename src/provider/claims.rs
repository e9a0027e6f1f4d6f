//! Objects with random identifiers, and what a killed run leaves of them.
//!
//! An object whose identifier follows from the configuration is found again by
//! the run after one that was killed between creating it and Terraform's note of
//! it. One with a random identifier is not, so it is created with a claim: who
//! had it created, and where. The claim is settled when Terraform certainly knows
//! of the object: when the process is dismissed in good order, or when the object
//! shows up in the state. Whoever has to create an object of that kind looks for
//! one first that an earlier run claimed in the same place.
//!
//! A place is a working directory with the workspace selected in it: where
//! Terraform keeps one state. What another state may know of is not touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, fs};

use uuid::Uuid;

use crate::model::PolicyPath;

/// The claims of this run, and those it has found.
pub struct Claims {
    own: Claim,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Left by earlier runs in this place.
    left: BTreeMap<PolicyPath, Left>,
    /// Terraform knows of these when this run ends in good order.
    settled: Vec<PolicyPath>,
}

/// What became of an object that was left.
#[derive(Clone, Copy, PartialEq)]
enum Left {
    Open,
    Taken,
}

/// Where and by whom an object was created.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Claim {
    place: Uuid,
    /// The process of Terraform: two provider processes of one run are not each
    /// other's earlier runs.
    terraform: Process,
}

/// A process, told from others that had its number: in a container Terraform may
/// be number 1 every time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Process {
    number: u32,
    /// When it was started, in ticks since the machine was; 0 if that is not known.
    started: u64,
}

impl Claims {
    /// The claims of this process, which finds `all` in its backend.
    pub fn of_process(all: Vec<(PolicyPath, String)>) -> Self {
        let own = Claim { place: place(), terraform: Process::parent() };
        let left = all.into_iter().filter(|(_, claim)| Claim::parse(claim).is_some_and(|claim| own.follows(claim)));
        let left = left.map(|(path, _)| (path, Left::Open)).collect();
        Self { own, known: Mutex::new(Known { left, settled: Vec::new() }) }
    }

    /// The claim of this run, to note with an object.
    pub fn text(&self) -> String {
        self.own.to_string()
    }

    /// Notes that this run has created the object at `path`, with its claim.
    pub fn has_created(&self, path: PolicyPath) {
        self.known().settled.push(path);
    }

    /// Notes that the object at `path` is in Terraform's state.
    pub fn is_in_state(&self, path: &PolicyPath) {
        self.take(path);
    }

    /// The objects that earlier runs created here, as far as nobody is known to
    /// know of them.
    pub fn left(&self) -> Vec<PolicyPath> {
        let known = self.known();
        known.left.iter().filter(|(_, state)| **state == Left::Open).map(|(path, _)| path.clone()).collect()
    }

    /// Takes the object at `path`, left by an earlier run. `false` when it is not
    /// there for the taking.
    pub fn take(&self, path: &PolicyPath) -> bool {
        let mut known = self.known();
        match known.left.get_mut(path) {
            Some(state) if *state == Left::Open => {
                *state = Left::Taken;
                known.settled.push(path.clone());
                true
            }
            _ => false,
        }
    }

    /// The objects that Terraform knows of, if this run has ended in good order.
    pub fn settled(&self) -> Vec<PolicyPath> {
        self.known().settled.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let place = parts.next()?.parse().ok()?;
        let terraform = Process { number: parts.next()?.parse().ok()?, started: parts.next()?.parse().ok()? };
        Some(Self { place, terraform })
    }

    /// Whether this is a later run in the same place.
    fn follows(self, earlier: Self) -> bool {
        self.place == earlier.place && self.terraform != earlier.terraform
    }
}

impl Process {
    /// The process that started this one.
    fn parent() -> Self {
        let number = std::os::unix::process::parent_id();
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        // The name of the program, in parentheses, may hold anything; what follows
        // it begins with the third field, and the start is the twenty-second.
        let started = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)?.parse().ok());
        Self { number, started: started.unwrap_or_default() }
    }
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.place, self.terraform.number, self.terraform.started)
    }
}

/// The place of this process.
fn place() -> Uuid {
    let folder = env::current_dir().unwrap_or_default();
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let data = set("TF_DATA_DIR").map_or_else(|| PathBuf::from(".terraform"), PathBuf::from);
    let workspace = set("TF_WORKSPACE").map(|name| name.to_string_lossy().into_owned());
    place_of(&folder, &data, workspace)
}

/// The place in `folder` with Terraform's data in `data`, and the workspace that
/// was selected, or else the one that is noted there.
fn place_of(folder: &Path, data: &Path, workspace: Option<String>) -> Uuid {
    let noted = || fs::read_to_string(folder.join(data).join("environment")).ok().filter(|name| !name.is_empty());
    let workspace = workspace.or_else(noted).unwrap_or_else(|| "default".to_owned());
    // No path of this machine goes into the engine's file.
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}\n{workspace}", folder.display()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(id: &str) -> PolicyPath {
        PolicyPath::parse(&format!("/infra/tier-1s/cgw/segments/{id}")).unwrap()
    }

    fn claims(all: &[(&str, String)]) -> Claims {
        Claims::of_process(all.iter().map(|(id, claim)| (path(id), claim.clone())).collect())
    }

    #[test]
    fn only_earlier_runs_of_this_place_have_left_something() {
        let here = Claim { place: place(), terraform: Process { number: 1, started: 1 } };
        let own = claims(&[]).text();
        let elsewhere = Claim { place: Uuid::nil(), terraform: Process { number: 1, started: 1 } };
        let claims = claims(&[
            ("a", here.to_string()),
            ("b", own),
            ("c", elsewhere.to_string()),
            ("d", "something else".to_owned()),
        ]);
        assert_eq!(claims.left(), [path("a")]);
        assert!(claims.take(&path("a")) && !claims.take(&path("a")), "once");
        assert!(!claims.take(&path("b")));
        assert_eq!(claims.left(), []);
        assert!(Process::parent().started > 0);
        assert_eq!(claims.settled(), [path("a")]);
    }

    #[test]
    fn what_is_in_the_state_is_not_left() {
        let here = Claim { place: place(), terraform: Process { number: 1, started: 1 } };
        let claims = claims(&[("a", here.to_string()), ("b", here.to_string())]);
        claims.is_in_state(&path("a"));
        claims.is_in_state(&path("other"));
        assert_eq!(claims.left(), [path("b")]);
        claims.has_created(path("new"));
        assert_eq!(claims.settled(), [path("a"), path("new")]);
    }

    #[test]
    fn a_place_is_a_folder_and_a_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let data = Path::new(".terraform");
        let of = |workspace: Option<&str>| place_of(folder.path(), data, workspace.map(str::to_owned));
        let default = of(None);
        assert_eq!(default, of(Some("default")));
        assert_ne!(default, of(Some("other")));
        assert_ne!(default, place_of(&folder.path().join("below"), data, None));
        fs::create_dir(folder.path().join(data)).unwrap();
        fs::write(folder.path().join(data).join("environment"), "other").unwrap();
        assert_eq!(of(None), of(Some("other")));
    }
}
