//! Independent work on several processors.
//!
//! Threads are started only for much work, and end with it: with few routes, which is
//! the usual case, everything happens in the thread that asks.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// So many routes, or what takes as long, are worth a thread. In tests it is few, so that
/// they go both ways.
const MUCH: usize = if cfg!(test) { 4 } else { 20_000 };

/// What becomes of two pieces of work, together of so many routes.
pub(super) fn join<A: Send, B>(routes: usize, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    if routes < MUCH || processors() < 2 {
        return (one(), other());
    }
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| resume_unwind(panic)), other)
    })
}

/// What `work` makes of each of `items`, together of so many routes, in their order.
pub(super) fn map<T: Send, R: Send>(routes: usize, items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = if routes < MUCH { 1 } else { processors().min(items.len()) };
    if threads < 2 {
        return items.into_iter().map(work).collect();
    }
    let items = Mutex::new(items.into_iter().enumerate());
    let toil = || {
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::iter::from_fn(next).map(|(at, item)| (at, work(item))).collect::<Vec<_>>()
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(toil)).collect();
        let mut done = toil();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_and_little_work_come_to_the_same() {
        for routes in [0, MUCH] {
            assert_eq!(map(routes, (0..100).collect(), |it| it * 2), (0..100).map(|it| it * 2).collect::<Vec<_>>());
            assert!(map(routes, Vec::<u8>::new(), |it| it).is_empty());
            assert_eq!(join(routes, || "one", || 2), ("one", 2));
        }
    }

    #[test]
    fn little_work_starts_no_thread() {
        let here = thread::current().id();
        assert_eq!(map(MUCH - 1, vec![(), ()], |()| thread::current().id()), [here, here]);
        assert_eq!(join(MUCH - 1, || thread::current().id(), || thread::current().id()), (here, here));
    }
}
