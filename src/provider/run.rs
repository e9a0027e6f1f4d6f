//! What one run of Terraform is about to do.
//!
//! Terraform asks for one resource at a time, in an order that only references
//! between resources constrain. Some things want to be known across them: that a
//! path which does not exist yet will be created by the same run, and that an
//! object which is in the way of a deletion will be deleted as well.
//!
//! A plan and its apply are two processes; see `notes` for what one tells the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, watch};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::notes::{Noted, name_of};
use super::terraform::parallelism;
use crate::engine::{self, Object};
use crate::model::hold::{Hold, clash};
use crate::model::{Kind, PolicyPath, Problem, SEGMENT, SEGMENT_PORT, TAP_SERVICE, Tree};
use crate::tf_provider::Context;

/// After so long without any other request of the run, nothing more is expected
/// of it.
const QUIET: Duration = Duration::from_secs(2);

/// The same, once something has been waited for in vain: the run fails anyway.
const IMPATIENCE: Duration = Duration::from_millis(200);

/// How long to gather what happens before looking at it.
const PAUSE: Duration = Duration::from_millis(20);

/// How ids begin that stand for those which are known at apply only.
pub const STAND_IN: &str = "known-after-apply-";

/// What this run of Terraform is about to do.
pub struct Run {
    name: String,
    known: Mutex<Known>,
    events: watch::Sender<u64>,
    room: Arc<Room>,
    /// What the plan that is carried out makes of objects in the state.
    pub noted: OnceCell<Noted>,
}

#[derive(Default)]
struct Known {
    /// The paths of what is created, and of which kind it is.
    created: BTreeMap<PolicyPath, &'static str>,
    /// The paths of what is deleted, and the unique ids.
    deleted: BTreeMap<PolicyPath, String>,
    replaced: BTreeSet<String>,
    /// What a resource no longer has: the path, the unique id and the kind.
    given_up: BTreeMap<PolicyPath, (String, &'static str)>,
    /// What objects have for themselves that the run creates, changes or keeps.
    holds: BTreeMap<PolicyPath, Vec<Hold>>,
    declared: BTreeMap<PolicyPath, Arc<Tree>>,
    /// What objects are going to be that are created or changed.
    objects: BTreeMap<PolicyPath, (&'static Kind, Tree)>,
    /// The kinds and the substance of objects that stay as they are.
    unchanged: BTreeSet<(&'static str, String)>,
    /// Their paths.
    kept: BTreeSet<PolicyPath>,
    /// The tunnels that taps are to send copies through, and whose they are.
    tunnels: BTreeMap<i64, PolicyPath>,
    /// How many objects are created of which a project may not have any number, by kind and project.
    taken: BTreeMap<(&'static str, String), usize>,
    /// What stays as it is, and is created anew nevertheless: `-replace` wants it.
    anew: BTreeSet<PolicyPath>,
    in_state: BTreeSet<PolicyPath>,
    taken_over: BTreeSet<PolicyPath>,
    carried_out: BTreeMap<String, Deletions>,
    has_applied: bool,
}

impl Known {
    /// Whether the object at `path` stays, changed or not.
    fn stays(&self, path: &PolicyPath) -> bool {
        self.kept.contains(path) || self.objects.contains_key(path)
    }
}

/// What a run plans.
pub struct Planned {
    /// The paths of what it creates.
    pub created: Vec<PolicyPath>,
    /// The paths and the unique ids of what it deletes.
    pub deleted: Vec<(PolicyPath, String)>,
    /// The unique ids of the objects that it creates anew.
    pub replaced: Vec<String>,
    /// The unique ids of those that another resource of the same type creates than had
    /// them: it was renamed.
    pub handed_over: Vec<String>,
}

/// What a plan that is being carried out deletes.
#[derive(Default)]
struct Deletions {
    noted: BTreeMap<PolicyPath, String>,
    /// The unique ids of what is not deleted, because another resource is to have it.
    handed_over: BTreeSet<String>,
    done: usize,
}

/// Where operations of a plan wait for each other.
struct Room {
    /// How many operations Terraform has under way at a time.
    places: usize,
    taken: AtomicUsize,
    was_waited_in_vain: AtomicBool,
}

/// What happens in a run from the moment this was made.
pub struct Events {
    events: watch::Receiver<u64>,
    room: Arc<Room>,
}

/// What came of waiting.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// Something happened.
    Moved,
    /// It has been quiet for so long that nothing is to be expected, or Terraform
    /// was told to stop.
    InVain,
    /// Not at all: so many operations wait already that Terraform would have no room
    /// for the one that they wait for.
    Crowded,
}

impl Events {
    /// Waits for something to happen, unless something has since the last time.
    /// `false` when it has been quiet for so long that nothing is to be expected,
    /// or when Terraform was told to stop.
    pub async fn next(&mut self, cx: &Context) -> bool {
        self.happens(cx, QUIET).await
    }

    /// The same for what an operation of a plan would like to know. It has less
    /// patience once others have waited in vain.
    pub async fn next_of_plan(&mut self, cx: &Context) -> Waited {
        let room = Arc::clone(&self.room);
        let is_full = room.taken.fetch_add(1, Ordering::Relaxed) + 1 >= room.places;
        let patience = if room.was_waited_in_vain.load(Ordering::Relaxed) { IMPATIENCE } else { QUIET };
        let waited = match is_full {
            true => Waited::Crowded,
            false if self.happens(cx, patience).await => Waited::Moved,
            false => Waited::InVain,
        };
        room.taken.fetch_sub(1, Ordering::Relaxed);
        if waited == Waited::InVain {
            room.was_waited_in_vain.store(true, Ordering::Relaxed);
        }
        waited
    }

    /// The same for what is content with less: `patience` says how long it has to be
    /// quiet.
    pub async fn next_within(&mut self, cx: &Context, patience: Duration) -> Waited {
        let room = Arc::clone(&self.room);
        let is_full = room.taken.fetch_add(1, Ordering::Relaxed) + 1 >= room.places;
        let waited = match is_full {
            true => Waited::Crowded,
            false if self.happens(cx, patience).await => Waited::Moved,
            false => Waited::InVain,
        };
        room.taken.fetch_sub(1, Ordering::Relaxed);
        waited
    }

    async fn happens(&mut self, cx: &Context, patience: Duration) -> bool {
        let happened = tokio::select! {
            () = cx.cancelled.cancelled() => return false,
            changed = timeout(patience, self.events.changed()) => matches!(changed, Ok(Ok(()))),
        };
        if happened {
            // Many things happen at once: look again when some have.
            sleep(PAUSE).await;
        }
        happened
    }
}

impl Run {
    /// A run of which nothing is known yet.
    pub fn new() -> Self {
        let room =
            Room { places: parallelism(), taken: AtomicUsize::new(0), was_waited_in_vain: AtomicBool::new(false) };
        Self {
            name: name_of(&Uuid::new_v4().to_string()),
            known: Mutex::default(),
            events: watch::Sender::new(0),
            room: Arc::new(room),
            noted: OnceCell::new(),
        }
    }

    /// The name of the note of what the run plans.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Notes that something happened, for those who wait.
    pub fn stir(&self) {
        self.events.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// What happens in the run from now on. To wait for a condition, take this
    /// first, and then look whether the condition holds.
    pub fn events(&self) -> Events {
        Events { events: self.events.subscribe(), room: Arc::clone(&self.room) }
    }

    /// Notes that the run carries out a plan.
    pub fn applies(&self) {
        self.known().has_applied = true;
    }

    /// Whether the run has carried out something of a plan.
    pub fn has_applied(&self) -> bool {
        self.known().has_applied
    }

    /// Notes that the run creates `path`. `false` when that has been noted before:
    /// two resources declare one object.
    pub fn will_create(&self, path: PolicyPath, kind: &'static str) -> bool {
        let is_new = self.known().created.insert(path, kind).is_none();
        self.stir();
        is_new
    }

    /// Whether the run is known to create `path`.
    pub fn creates(&self, path: &PolicyPath) -> bool {
        self.known().created.contains_key(path)
    }

    /// Notes what the object at `path` is going to be.
    pub fn will_be(&self, path: PolicyPath, tree: Tree) {
        self.known().declared.insert(path, Arc::new(tree));
        self.stir();
    }

    /// What the object at `path` is going to be, as far as that is known.
    pub fn declared(&self, path: &PolicyPath) -> Option<Arc<Tree>> {
        self.known().declared.get(path).cloned()
    }

    /// Notes what the object of `kind` at `path` is going to be, known or not.
    pub fn plans(&self, path: PolicyPath, kind: &'static Kind, tree: Tree) {
        self.known().objects.insert(path, (kind, tree));
        self.stir();
    }

    /// Whether the run makes something of the object at `path`, as far as it has come.
    pub fn changes(&self, path: &PolicyPath) -> bool {
        self.known().objects.contains_key(path)
    }

    /// Whether it makes something of any object of these kinds.
    pub fn changes_any(&self, kinds: &[&'static Kind]) -> bool {
        self.known().objects.values().any(|(kind, _)| kinds.contains(kind))
    }

    /// Notes that the object at `path`, of `kind` and with this substance, stays as it is.
    pub fn sees_unchanged(&self, kind: &'static Kind, path: Option<PolicyPath>, substance: String) {
        let mut known = self.known();
        known.unchanged.insert((kind.name, substance));
        known.kept.extend(path);
    }

    /// Whether the object at `path` is in the state, and the run has not come to it: it may be about to
    /// be replaced, because it is tainted.
    pub fn may_be_tainted(&self, path: &PolicyPath) -> bool {
        let known = self.known();
        known.in_state.contains(path) && !known.kept.contains(path)
    }

    /// Whether an object of `kind` with this substance was planned to stay as it is.
    pub fn has_seen_unchanged(&self, kind: &'static Kind, substance: &str) -> bool {
        self.known().unchanged.contains(&(kind.name, substance.to_owned()))
    }

    /// The objects that the run creates, changes and deletes, as far as it has come.
    pub fn planned_objects(&self) -> Vec<engine::Planned> {
        let known = self.known();
        let objects = known.objects.iter().map(|(path, declared)| (path.clone(), Some(declared.clone())));
        let gone = known.deleted.keys().filter(|path| !known.objects.contains_key(*path));
        let all = gone.map(|path| (path.clone(), None)).chain(objects);
        all.map(|(path, declared)| engine::Planned { path, declared }).collect()
    }

    /// Whether the run is known to have something in its state, and plans no change so
    /// far.
    pub fn is_about_what_exists(&self) -> bool {
        let known = self.known();
        !known.in_state.is_empty() && known.objects.is_empty() && known.deleted.is_empty()
    }

    /// Notes that `path` is in Terraform's state.
    pub fn is_in_state(&self, path: PolicyPath) {
        self.known().in_state.insert(path);
        self.stir();
    }

    /// Whether `path` is known to be in Terraform's state.
    pub fn has_in_state(&self, path: &PolicyPath) -> bool {
        self.known().in_state.contains(path)
    }

    /// Notes that the object at `path`, which existed, was taken for created.
    pub fn has_taken_over(&self, path: PolicyPath) {
        self.known().taken_over.insert(path);
    }

    /// Whether this run took the object at `path` for created.
    pub fn took_over(&self, path: &PolicyPath) -> bool {
        self.known().taken_over.contains(path)
    }

    /// Notes that the run deletes the object at `path` with this unique id.
    pub fn will_delete(&self, path: &PolicyPath, unique_id: &str) {
        self.known().deleted.insert(path.clone(), unique_id.to_owned());
    }

    /// Whether the run is known to delete `path`.
    pub fn will_be_deleted(&self, path: &PolicyPath) -> bool {
        self.known().deleted.contains_key(path)
    }

    /// Notes what the object at `path` has for itself when the run is over.
    pub fn will_hold(&self, path: &PolicyPath, holds: Vec<Hold>) {
        self.known().holds.insert(path.clone(), holds);
        self.stir();
    }

    /// What of `holds`, which the object at `path` is to have for itself, another one
    /// is to have as well when the run is over.
    pub fn clashes(&self, path: &PolicyPath, holds: &[Hold]) -> Vec<Problem> {
        if holds.is_empty() {
            return Vec::new();
        }
        let known = self.known();
        let others = known.holds.iter().filter(|(other, _)| *other != path);
        let clashes = others.flat_map(|(other, theirs)| {
            holds.iter().flat_map(move |own| theirs.iter().filter_map(move |their| clash(own, their, other)))
        });
        clashes.collect()
    }

    /// Notes that the object at `path` is going to send copies through these tunnels. Returns one
    /// that another object of the run is going to use.
    pub fn will_use_tunnels(&self, path: &PolicyPath, tunnels: &[i64]) -> Option<i64> {
        let mut known = self.known();
        let is_others = |id: &&i64| known.tunnels.get(id).is_some_and(|other| other != path);
        let clash = tunnels.iter().find(is_others).copied();
        if clash.is_none() {
            known.tunnels.extend(tunnels.iter().map(|id| (*id, path.clone())));
        }
        clash
    }

    /// Notes that the run creates an object of `kind` in `project`, and what that takes the place of.
    pub fn will_take(&self, kind: &'static Kind, project: &str, before: Option<&PolicyPath>) {
        let mut known = self.known();
        known.anew.extend(before.cloned());
        *known.taken.entry((kind.name, project.to_owned())).or_default() += 1;
        drop(known);
        self.stir();
    }

    /// How many objects `project` has after the run, as far as it has come, if it has these of `kind`
    /// now: for certain, and unless something is deleted that the run has not come to.
    pub fn will_have(&self, kind: &'static Kind, project: &str, now: &[PolicyPath]) -> (usize, usize) {
        let known = self.known();
        let taken = known.taken.get(&(kind.name, project.to_owned())).copied().unwrap_or_default();
        let goes = |path: &&PolicyPath| known.deleted.contains_key(*path) || known.anew.contains(*path);
        let kept = now.iter().filter(|path| known.stays(path) && !goes(path)).count();
        (taken + kept, taken + now.iter().filter(|path| !goes(path)).count())
    }

    /// Whether what is at one of `paths` may yet go with something else, or with a resource that the
    /// run has not come to.
    pub fn may_lose(&self, paths: &[PolicyPath]) -> bool {
        let known = self.known();
        let takes_along =
            |path: &PolicyPath| [&SEGMENT_PORT, &SEGMENT, &TAP_SERVICE].iter().any(|kind| kind.owns(path));
        known.deleted.keys().any(takes_along)
            || paths.iter().any(|path| known.in_state.contains(path) && !known.stays(path))
    }

    /// Whether the run has counted what projects get.
    pub fn has_counted(&self) -> bool {
        !self.known().taken.is_empty()
    }

    /// Whether it is known what the object at `path` has for itself when the run is
    /// over.
    pub fn knows_holds(&self, path: &PolicyPath) -> bool {
        self.known().holds.contains_key(path)
    }

    /// Notes that the run creates the object with this unique id anew.
    pub fn will_replace(&self, unique_id: &str) {
        self.known().replaced.insert(unique_id.to_owned());
    }

    /// Notes that the resource which had the object at `path`, with this unique id,
    /// is no longer declared.
    pub fn gives_up(&self, path: &PolicyPath, unique_id: &str, kind: &'static str) {
        self.known().given_up.insert(path.clone(), (unique_id.to_owned(), kind));
    }

    /// What the run plans, as far as it has come.
    pub fn planned(&self) -> Planned {
        let known = self.known();
        let given_up = known.given_up.iter();
        let handed_over = given_up.filter(|(path, (_, kind))| known.created.get(path) == Some(kind));
        let handed_over: BTreeSet<_> = handed_over.map(|(_, (unique_id, _))| unique_id.clone()).collect();
        let deleted = known.deleted.iter().filter(|(_, unique_id)| !handed_over.contains(*unique_id));
        Planned {
            created: known.created.keys().cloned().collect(),
            deleted: deleted.map(|(path, unique_id)| (path.clone(), unique_id.clone())).collect(),
            replaced: known.replaced.iter().cloned().collect(),
            handed_over: handed_over.into_iter().collect(),
        }
    }

    /// Whether it is known what the plan with the note `planned` deletes.
    pub fn carries_out(&self, planned: &str) -> bool {
        self.known().carried_out.contains_key(planned)
    }

    /// Notes what the plan with the note `planned` deletes.
    pub fn will_carry_out(&self, planned: &str, deletions: Vec<(PolicyPath, String)>, handed_over: BTreeSet<String>) {
        let noted = || Deletions { noted: deletions.into_iter().collect(), handed_over, done: 0 };
        self.known().carried_out.entry(planned.to_owned()).or_insert_with(noted);
    }

    /// Whether the plan with the note `planned` is known to delete `object`.
    pub fn deletes(&self, planned: &str, object: &Object) -> bool {
        let known = self.known();
        let noted = known.carried_out.get(planned).and_then(|deletions| deletions.noted.get(object.path()));
        noted.is_some_and(|unique_id| unique_id == object.unique_id())
    }

    /// Whether the plan with the note `planned` is known to leave `object` to another
    /// resource.
    pub fn hands_over(&self, planned: &str, object: &Object) -> bool {
        self.known().carried_out.get(planned).is_some_and(|plan| plan.handed_over.contains(object.unique_id()))
    }

    /// Notes that one of the deletions in the plan with the note `planned` is done. `true` when that was the last of them.
    pub fn has_deleted_one(&self, planned: &str) -> bool {
        self.stir();
        self.known().carried_out.get_mut(planned).is_some_and(|deletions| {
            deletions.done += 1;
            // Those who are to have something still want to read the note.
            deletions.handed_over.is_empty() && deletions.done == deletions.noted.len()
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
