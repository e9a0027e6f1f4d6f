//! What objects are called: by the names that people gave them, before their paths.

use std::collections::BTreeMap;

use super::Failure;
use crate::engine::topology::Topology;
use crate::model::PolicyPath;
use crate::model::kind::kinds_at;

/// The names of a topology's objects.
#[derive(Clone, Copy)]
pub struct Names<'a>(pub &'a Topology);

impl<'a> Names<'a> {
    /// The display name of the object at `path`, or its identifier where it has none.
    pub fn of(self, path: &'a PolicyPath) -> &'a str {
        let Self(topology) = self;
        let session = topology.sessions.get(path).map(|it| &it.display_name);
        let segment = || topology.segments.get(path).map(|it| &it.display_name);
        let peer = || topology.peers.get(path).map(|it| &it.display_name);
        let device = || topology.devices.get(path).map(|it| &it.name);
        let named = session.or_else(segment).or_else(peer).or_else(device).map(String::as_str);
        let tap = || topology.name_of_tap(path).filter(|name| !name.is_empty());
        named.or_else(tap).unwrap_or(path.id())
    }

    /// What sort of object is at `path`, and its name: `session DFW data center`.
    pub fn full(self, path: &'a PolicyPath) -> String {
        format!("{} {}", sort(path), self.of(path))
    }
}

/// What sort of object is at `path`, in a word or two.
pub fn sort(path: &PolicyPath) -> &'static str {
    // Which of the two kinds of session it is does not matter here.
    match kinds_at(path).next().map_or("object", |kind| kind.title) {
        title if title.ends_with("session") => "session",
        "simulated peer" => "peer",
        title => title,
    }
}

/// So many objects a failure lists.
const MOST_LISTED: usize = 20;

/// The one of `objects` that `said` is: its policy path, or its identifier. `sort` is what
/// they are, as in `session`.
pub fn find<'a, T>(
    objects: &'a BTreeMap<PolicyPath, T>,
    sort: &str,
    said: &str,
) -> Result<(&'a PolicyPath, &'a T), Failure> {
    let mut found = objects.iter().filter(|(path, _)| path.as_str() == said || path.id() == said);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => {
            let same = objects.keys().filter(|path| path.id() == said);
            Err(Failure::new(format!("there is more than one {sort} {said}")).hint(format!("say which:{}", list(same))))
        }
        (None, _) if objects.is_empty() => Err(Failure::new(format!("there is no {sort} {said}, and no other one"))),
        (None, _) => {
            Err(Failure::new(format!("there is no {sort} {said}")).hint(format!("there is:{}", list(objects.keys()))))
        }
    }
}

/// Paths, each on a line of its own.
fn list<'a>(paths: impl Iterator<Item = &'a PolicyPath>) -> String {
    let mut lines: Vec<_> = paths.map(|path| format!("\n    {path}")).collect();
    let further = lines.len().saturating_sub(MOST_LISTED);
    if further > 0 {
        lines.truncate(MOST_LISTED);
        lines.push(format!("\n    and {further} more"));
    }
    lines.concat()
}
