//! The course of events, kept from one question to the next.
//!
//! What has been read of the journal stays as it is, because an entry is never changed. So
//! what is kept is good for as long as the journal goes on from its last entry that was
//! read: what has been written since, by whomever, happens on top of it. When that is
//! settled already, all is read anew.

use std::sync::{Mutex, PoisonError};

use super::{Replayed, Runtime, journal, replay};
use crate::engine::store::{StoreError, StoreExt, Version};
use crate::engine::{Engine, Moment};

/// A journal of so many entries is settled by who has read it.
const LONG: usize = 100;

/// The course of events as far as somebody has asked for it.
#[derive(Default)]
pub(in crate::engine) struct Kept {
    course: Mutex<Option<Course>>,
}

struct Course {
    /// The store's version that was looked at last.
    version: Option<Version>,
    /// The number of the last entry of the journal that was read.
    last: u64,
    /// The state right after that entry, of which the next one has to know. An entry may be
    /// of an earlier moment than a question that was answered before it was written.
    settled: Runtime,
    /// The same, at the moment that was asked for last.
    ahead: Runtime,
}

impl Kept {
    /// What `look` sees of the engine in operation at `now`. Others wait for it, so it is
    /// short.
    pub fn at<T>(&self, engine: &Engine, now: Moment, look: impl FnOnce(&Runtime) -> T) -> Result<T, StoreError> {
        self.with(engine, now, |course| {
            if now < course.ahead.now() {
                let mut earlier = course.settled.clone();
                earlier.advance(now);
                return look(&earlier);
            }
            course.ahead.advance(now);
            look(&course.ahead)
        })
    }

    /// Settles the journal up to its last entry.
    pub fn settle(&self, engine: &Engine, now: Moment) -> Result<(), StoreError> {
        let (settled, last) = self.with(engine, now, |course| (course.settled.settled(), course.last))?;
        engine.store.write(move |tx| journal::settle_through(tx, &settled, last))
    }

    /// What `look` sees in the course of events, with all of it that the store knows.
    fn with<T>(&self, engine: &Engine, now: Moment, look: impl FnOnce(&mut Course) -> T) -> Result<T, StoreError> {
        let mut kept = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        // Before anything is read: what is committed meanwhile makes another version.
        let version = engine.store.version();
        if let Some(course) = kept.as_mut().filter(|course| version.is_some() && course.version == version) {
            return Ok(look(course));
        }
        let course = match kept.take() {
            Some(course) => match engine.store.read(|view| journal::read_on(view, course.last))? {
                Some((events, last)) => course.goes_on(events, last),
                None => Course::read(engine, now)?,
            },
            None => Course::read(engine, now)?,
        };
        Ok(look(kept.insert(Course { version, ..course })))
    }
}

impl Course {
    /// Reads all that the store knows, and settles it if it was much.
    fn read(engine: &Engine, now: Moment) -> Result<Self, StoreError> {
        let replayed = engine.store.read(|view| replay(view, now, engine.prefix_match, None))?;
        let Replayed { runtime, length, last, begin: _ } = replayed;
        if length >= LONG && !engine.looks_on {
            engine.take_in_before_settling(now);
            // The next process need not let all of that happen again.
            let settled = runtime.settled();
            engine.store.write(move |tx| journal::settle_through(tx, &settled, last))?;
        }
        Ok(Self { version: None, last, settled: runtime.clone(), ahead: runtime })
    }

    /// The same course, in which `events` happen, up to the entry `last`.
    fn goes_on(self, events: journal::Events, last: u64) -> Self {
        let Some((first, _)) = events.first() else { return Self { last, ..self } };
        let Self { settled, ahead, .. } = self;
        // What was answered ahead need not happen again, unless it is later than the event.
        // The other one goes first: what both share is then changed in its place.
        let mut runtime = if *first < ahead.now() {
            drop(ahead);
            settled
        } else {
            drop(settled);
            ahead
        };
        for (at, event) in events {
            runtime.meet(at, event);
        }
        Self { version: None, last, settled: runtime.clone(), ahead: runtime }
    }
}
