//! Which objects Terraform may not know of, because a run was killed.
//!
//! Every object is created with a claim: by which run, and where Terraform keeps
//! the state of it. A claim is settled when a later run shows the object in a
//! state, wherever that is. Until then, whoever has to create an object that an
//! earlier run for the same state created takes it over instead, so that a run that
//! was killed between the creation and Terraform's note of it can be repeated. What
//! another state may have, or was there before, is never touched.
//!
//! A run that ends in good order, without having been interrupted, says so in its
//! claims: Terraform knows of those objects, and nobody takes them over any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::terraform::{Process, StateHome};
use crate::model::PolicyPath;

/// The claims of this run, and those it has found.
pub struct Claims {
    own: Claim,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Made by others than this run.
    found: BTreeMap<PolicyPath, Found>,
    /// Created or taken over by this run.
    ours: BTreeSet<PolicyPath>,
    imported: Vec<PolicyPath>,
}

/// A claim that this run has found, and what became of it.
struct Found {
    claim: Option<Claim>,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Open,
    Taken,
    InState,
}

/// What is to be noted when a run ends.
pub struct Account {
    /// The claim of a run that has ended in good order.
    pub claim: String,
    /// The objects it is true of.
    pub ended: Vec<PolicyPath>,
    /// The objects that are in a state.
    pub settled: Vec<PolicyPath>,
}

/// Where and by whom an object was created.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Claim {
    home: StateHome,
    /// The process of Terraform: two provider processes of one run are not each
    /// other's earlier runs.
    terraform: Process,
    /// Whether the run has ended in good order.
    has_ended: bool,
}

impl Claims {
    /// The claims of this process, which finds `all` in its backend.
    pub fn of_process(all: Vec<(PolicyPath, String)>) -> Self {
        let own = Claim { home: StateHome::of_process(), terraform: Process::parent(), has_ended: false };
        let claims = Self { own, known: Mutex::default() };
        claims.learn(all);
        claims
    }

    /// Whether a claim on the object at `path` has been found.
    pub fn knows(&self, path: &PolicyPath) -> bool {
        self.known().found.contains_key(path)
    }

    /// Takes note of claims that are not known yet. A provider that lost its
    /// Terraform works on for some seconds.
    pub fn learn(&self, all: Vec<(PolicyPath, String)>) {
        let mut known = self.known();
        for (path, claim) in all {
            known.found.entry(path).or_insert_with(|| Found { claim: Claim::parse(&claim), fate: Fate::Open });
        }
    }

    /// The claim of this run, to note with an object.
    pub fn text(&self) -> String {
        self.own.to_string()
    }

    /// Notes that this run has created the object at `path`, with its claim.
    pub fn has_created(&self, path: PolicyPath) {
        self.known().ours.insert(path);
    }

    /// Notes that the object at `path` is in Terraform's state.
    pub fn is_in_state(&self, path: &PolicyPath) {
        if let Some(found) = self.known().found.get_mut(path).filter(|found| found.fate == Fate::Open) {
            found.fate = Fate::InState;
        }
    }

    /// Notes that the object at `path` is being imported into Terraform's state.
    pub fn is_imported(&self, path: PolicyPath) {
        self.known().imported.push(path);
    }

    /// Whether this run has created or taken over the object at `path`.
    pub fn is_ours(&self, path: &PolicyPath) -> bool {
        self.known().ours.contains(path)
    }

    /// The objects that killed runs created here, as far as nobody is known to
    /// know of them.
    pub fn left(&self) -> Vec<PolicyPath> {
        let known = self.known();
        known.found.iter().filter(|(_, found)| self.is_for_the_taking(found)).map(|(path, _)| path.clone()).collect()
    }

    /// Whether it is noted in a claim that the object at `path` was created for this
    /// state.
    pub fn is_for_this_state(&self, path: &PolicyPath) -> bool {
        let known = self.known();
        known.found.get(path).and_then(|found| found.claim).is_some_and(|claim| claim.home == self.own.home)
    }

    /// Whether the object at `path` was created here by an earlier run, and nobody
    /// is known to know of it.
    pub fn may_take(&self, path: &PolicyPath) -> bool {
        self.known().found.get(path).is_some_and(|found| self.is_for_the_taking(found))
    }

    /// Takes the object at `path`, created by an earlier run. `false` when it is not
    /// there for the taking.
    pub fn take(&self, path: &PolicyPath) -> bool {
        let mut known = self.known();
        let taken = known.found.get_mut(path).filter(|found| self.is_for_the_taking(found));
        let is_taken = taken.map(|found| found.fate = Fate::Taken).is_some();
        if is_taken {
            known.ours.insert(path.clone());
        }
        is_taken
    }

    /// What is to be noted when this run ends now.
    pub fn account(&self) -> Account {
        let known = self.known();
        let in_state = known.found.iter().filter(|(_, found)| found.fate == Fate::InState);
        Account {
            claim: Claim { has_ended: true, ..self.own }.to_string(),
            ended: known.ours.iter().cloned().collect(),
            settled: in_state.map(|(path, _)| path).chain(&known.imported).cloned().collect(),
        }
    }

    fn is_for_the_taking(&self, found: &Found) -> bool {
        found.fate == Fate::Open && found.claim.is_some_and(|claim| self.own.follows(claim))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ENDED: &str = "ended";

impl Claim {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let home = parts.next()?.parse().ok()?;
        let terraform = Process { number: parts.next()?.parse().ok()?, started: parts.next()?.parse().ok()? };
        Some(Self { home, terraform, has_ended: parts.next() == Some(ENDED) })
    }

    /// Whether this is a later run for the same state, and the earlier one did not
    /// end in good order.
    fn follows(self, earlier: Self) -> bool {
        self.home == earlier.home && self.terraform != earlier.terraform && !earlier.has_ended
    }
}

impl Display for Claim {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.home, self.terraform.number, self.terraform.started)?;
        if self.has_ended { write!(f, " {ENDED}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const EARLIER: Process = Process { number: 1, started: 1 };

    fn path(id: &str) -> PolicyPath {
        PolicyPath::parse(&format!("/infra/tier-1s/cgw/segments/{id}")).unwrap()
    }

    fn claims(all: &[(&str, String)]) -> Claims {
        Claims::of_process(all.iter().map(|(id, claim)| (path(id), claim.clone())).collect())
    }

    fn of_earlier_run(has_ended: bool) -> String {
        Claim { home: StateHome::of_process(), terraform: EARLIER, has_ended }.to_string()
    }

    #[test]
    fn only_earlier_runs_for_this_state_have_left_something() {
        let elsewhere = format!("{} 1 1", Uuid::nil());
        let claims = claims(&[
            ("a", of_earlier_run(false)),
            ("b", claims(&[]).text()),
            ("c", elsewhere),
            ("d", "something else".to_owned()),
        ]);
        assert_eq!(claims.left(), [path("a")]);
        assert!(claims.may_take(&path("a")));
        assert!(claims.take(&path("a")) && !claims.take(&path("a")), "once");
        assert!(!["b", "c", "d", "e"].into_iter().any(|id| claims.may_take(&path(id)) || claims.take(&path(id))));
        assert_eq!(claims.left(), []);
        assert_eq!(claims.account().ended, [path("a")]);
    }

    #[test]
    fn what_is_in_a_state_is_settled() {
        let elsewhere = format!("{} 1 1", Uuid::nil());
        let claims = claims(&[("a", of_earlier_run(false)), ("b", of_earlier_run(false)), ("c", elsewhere)]);
        ["a", "c", "other"].iter().for_each(|id| claims.is_in_state(&path(id)));
        assert_eq!(claims.left(), [path("b")]);
        assert!(!claims.may_take(&path("a")));
        let account = claims.account();
        assert_eq!(account.settled, [path("a"), path("c")]);
        assert!(account.ended.is_empty());
    }

    #[test]
    fn after_a_good_end_nothing_can_be_taken() {
        let claims = claims(&[("a", of_earlier_run(true))]);
        assert_eq!(claims.left(), []);
        assert!(!claims.may_take(&path("a")) && !claims.take(&path("a")));
        assert!(claims.is_for_this_state(&path("a")));
    }

    #[test]
    fn claims_that_come_to_light_later_count_as_well() {
        let claims = claims(&[("a", of_earlier_run(false))]);
        claims.is_in_state(&path("a"));
        claims.learn(["a", "b"].map(|id| (path(id), of_earlier_run(false))).into());
        assert_eq!(claims.left(), [path("b")]);
    }

    #[test]
    fn what_a_run_created_is_in_its_account() {
        let claims = claims(&[]);
        claims.has_created(path("a"));
        let account = claims.account();
        assert_eq!(account.ended, [path("a")]);
        assert!(Claim::parse(&account.claim).unwrap().has_ended && !Claim::parse(&claims.text()).unwrap().has_ended);
    }
}
