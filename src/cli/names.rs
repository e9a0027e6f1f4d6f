//! What objects are called: by the names that people gave them, before their paths.

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
        session.or_else(segment).or_else(peer).map_or(path.id(), String::as_str)
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
