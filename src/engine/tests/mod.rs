//! The engine from the outside: what seed 002 and the facts say of requests and
//! answers.

mod clashes;
mod gateways;
mod ledger;
mod references;
mod seed;
mod writing;

use serde_json::Value as Json;
use tempfile::TempDir;

use super::{Caller, Engine, Moment, Object, Refusal, Reveal};
use crate::model::PolicyPath;

/// An engine on a file of its own, with a clock that the test sets.
struct Lab {
    engine: Engine,
    now: i64,
    folder: TempDir,
}

impl Lab {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = Engine::open(&folder.path().join("engine.db"), Moment(1)).unwrap();
        Self { engine, now: 1_000, folder }
    }

    fn caller(&self) -> Caller {
        Caller { user: "admin".to_owned(), now: Moment(self.now) }
    }

    fn put(&self, at: &str, body: Json) -> Result<Object, Refusal> {
        self.engine.put(&path(at), body, &self.caller())
    }

    fn patch(&self, at: &str, body: Json) -> Result<Object, Refusal> {
        self.engine.patch(&path(at), body, &self.caller())
    }

    fn delete(&self, at: &str) -> Result<(), Refusal> {
        self.engine.delete(&path(at), Moment(1_000))
    }

    fn get(&self, at: &str) -> Result<Json, Refusal> {
        self.engine.get(&path(at), Reveal::Public).map(Object::into_json)
    }

    fn revealed(&self, at: &str) -> Json {
        self.engine.get(&path(at), Reveal::Secrets).unwrap().into_json()
    }

    fn paths(&self) -> Vec<String> {
        self.engine.all(Reveal::Public).unwrap().iter().map(|object| object.path().to_string()).collect()
    }
}

fn path(text: &str) -> PolicyPath {
    PolicyPath::parse(text).unwrap()
}

/// The HTTP status and the code of a refusal.
fn code<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (u16, u32) {
    let (status, _, code, _) = result.unwrap_err().status();
    (status, code)
}
