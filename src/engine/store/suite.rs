//! What every store must do. An implementation passes `store_suite!(fresh)`,
//! where `fresh()` names a new empty [`Place`] each time. The tests of the store in etcd
//! include this file.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Store, StoreError, StoreExt, Transaction, View, ViewExt};

/// Somewhere a store lives: every call opens the same one.
pub(super) type Place = Box<dyn Fn() -> Box<dyn Store>>;
type Fresh<'f> = &'f dyn Fn() -> Place;

/// The suite, as tests of the calling module, which has imported this macro and `suite`.
macro_rules! store_suite {
    ($fresh:expr) => {
        store_suite!($fresh;
            agrees_with_a_map, a_refusal_leaves_no_trace, a_transaction_sees_its_own_writes,
            a_view_is_one_snapshot, scans_follow_the_bytes, any_text_is_a_key_and_any_bytes_a_value,
            concurrent_increments_lose_nothing, two_handles_lose_nothing, sums_hold_in_every_view,
            decisions_on_what_was_read_hold, refusals_do_not_touch_their_neighbours,
            a_panic_is_its_callers_own, a_write_inside_a_write_is_refused, what_was_committed_is_found_again,
            a_version_is_that_of_one_state);
    };
    ($fresh:expr; $($name:ident),+) => {
        $(#[test] fn $name() { suite::$name(&$fresh); })+
    };
}
pub(super) use store_suite;

/// The error of the transactions here: refused, or failed.
#[derive(Debug)]
pub(super) enum Refused {
    OnPurpose,
    Failed(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

fn put(store: &dyn Store, key: &str, value: &[u8]) {
    let (key, value) = (key.to_owned(), value.to_vec());
    store.write(move |tx| tx.put(&key, &value)).unwrap();
}

fn get(store: &dyn Store, key: &str) -> Option<Vec<u8>> {
    store.read(|view| view.get(key)).unwrap()
}

fn number(view: &(impl View + ?Sized), key: &str) -> Result<i64, StoreError> {
    let value = view.get(key)?;
    Ok(value.map_or(0, |bytes| String::from_utf8(bytes).unwrap().parse().unwrap()))
}

fn add(tx: &mut dyn Transaction, key: &str, amount: i64) -> Result<i64, StoreError> {
    let sum = number(tx, key)? + amount;
    tx.put(key, sum.to_string().as_bytes())?;
    Ok(sum)
}

fn increment(store: &dyn Store, times: usize) -> Vec<i64> {
    (0..times).map(|_| store.write(|tx| add(tx, "n", 1)).unwrap()).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Put(String, Vec<u8>),
    Delete(String),
    Get(String),
    Scan(String, Option<String>, Option<usize>),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || prop_oneof!["[a-c]{0,3}", "/(a|b)/[x-z]{1,2}", "[\u{0}\u{7f}-\u{81}\u{ffff}\u{10000}]{0,2}"];
    prop_oneof![
        4 => (key(), vec(any::<u8>(), 0..40)).prop_map(|(key, value)| Step::Put(key, value)),
        2 => key().prop_map(Step::Delete),
        1 => key().prop_map(Step::Get),
        1 => (key(), proptest::option::of(key()), proptest::option::of(0..4_usize))
            .prop_map(|(from, to, limit)| Step::Scan(from, to, limit)),
    ]
}

type Map = BTreeMap<String, Vec<u8>>;

fn scan(view: &(impl View + ?Sized), from: &str, to: Option<&str>, limit: Option<usize>) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let each = &mut |key: &str, value: &[u8]| {
        found.push((key.to_owned(), value.to_vec()));
        ControlFlow::Continue(())
    };
    view.scan(from, to, limit, each).unwrap();
    found
}

fn scan_map(map: &Map, from: &str, to: Option<&str>, limit: Option<usize>) -> Vec<(String, Vec<u8>)> {
    if to.is_some_and(|to| to <= from) {
        return Vec::new();
    }
    let range = (Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded));
    let entries = map.range::<str, _>(range).take(limit.unwrap_or(usize::MAX));
    entries.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn apply(tx: &mut dyn Transaction, map: &mut Map, step: &Step) {
    match step {
        Step::Put(key, value) => {
            tx.put(key, value).unwrap();
            map.insert(key.clone(), value.clone());
        }
        Step::Delete(key) => assert_eq!(tx.delete(key).unwrap(), map.remove(key).is_some()),
        Step::Get(key) => assert_eq!(tx.get(key).unwrap(), map.get(key).cloned()),
        Step::Scan(from, to, limit) => {
            assert_eq!(scan(tx, from, to.as_deref(), *limit), scan_map(map, from, to.as_deref(), *limit));
        }
    }
}

pub(super) fn agrees_with_a_map(fresh: Fresh<'_>) {
    let transactions = vec((vec(step(), 0..12), any::<bool>()), 1..12);
    proptest!(ProptestConfig::with_cases(64), |(transactions in transactions)| {
           let place = fresh();
           let store = place();
           let mut map = Map::new();
           for (steps, commit) in transactions {
               let before = map.clone();
               let result = store.write(move |tx| {
                   let mut map = before.clone();
                   for step in &steps {
    apply(tx, &mut map, step);
    }
                   if commit { Ok(map) } else { Err(Refused::OnPurpose) }
               });
               match result {
                   Ok(after) => map = after,
                   Err(Refused::OnPurpose) => prop_assert!(!commit),
                   Err(Refused::Failed(error)) => panic!("{error}"),
               }
               let seen = store.read(|view| Ok::<_, StoreError>(scan(view, "", None, None))).unwrap();
               prop_assert_eq!(seen, scan_map(&map, "", None, None));
           }
           drop(store);
           let seen = place().read(|view| view.entries("")).unwrap();
           prop_assert_eq!(seen, scan_map(&map, "", None, None));
       });
}

pub(super) fn a_refusal_leaves_no_trace(fresh: Fresh<'_>) {
    let store = fresh()();
    put(&*store, "kept", b"old");
    let refused = store.write(|tx| {
        tx.put("kept", b"new")?;
        tx.put("added", b"new")?;
        assert!(tx.delete("kept")?);
        Err::<(), _>(Refused::OnPurpose)
    });
    assert!(matches!(refused, Err(Refused::OnPurpose)));
    assert_eq!(store.read(|view| view.entries("")).unwrap(), [("kept".to_owned(), b"old".to_vec())]);
}

pub(super) fn a_transaction_sees_its_own_writes(fresh: Fresh<'_>) {
    let store = fresh()();
    put(&*store, "b", b"old");
    let seen = store.write(|tx| {
        tx.put("a", b"1")?;
        tx.put("b", b"2")?;
        tx.put("c", b"3")?;
        assert!(tx.delete("a")?);
        assert!(!tx.delete("a")?);
        assert_eq!(tx.get("b")?.as_deref(), Some(b"2".as_slice()));
        tx.entries("")
    });
    let expected = [("b".to_owned(), b"2".to_vec()), ("c".to_owned(), b"3".to_vec())];
    assert_eq!(seen.unwrap(), expected);
    assert_eq!(store.read(|view| view.entries("")).unwrap(), expected);
}

pub(super) fn a_view_is_one_snapshot(fresh: Fresh<'_>) {
    let store = fresh()();
    put(&*store, "a", b"1");
    put(&*store, "b", b"1");
    let read = store.read(|view| {
        let a = view.get("a")?;
        store.write(|tx| {
            tx.put("a", b"2")?;
            tx.put("b", b"2")?;
            tx.put("c", b"2")
        })?;
        assert_eq!(get(&*store, "b").as_deref(), Some(b"2".as_slice()), "a later view sees the commit");
        assert_eq!(view.get("a")?, a);
        assert_eq!(view.get("b")?, a);
        assert_eq!(view.get("c")?, None);
        view.entries("")
    });
    assert_eq!(read.unwrap().len(), 2);
}

pub(super) fn scans_follow_the_bytes(fresh: Fresh<'_>) {
    let store = fresh()();
    let mut keys =
        vec!["", "A", "B", "a", "a/", "a/b", "a0", "ab", "b", "\u{7f}", "ä", "\u{ffff}", "\u{10000}", "Z\0", "Z"];
    for key in &keys {
        put(&*store, key, key.as_bytes());
    }
    keys.sort_unstable();
    store
        .read(|view| {
            let all = scan(view, "", None, None);
            assert_eq!(all.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), keys);
            for from in &keys {
                for to in &keys {
                    let expected = keys.iter().filter(|key| from <= *key && *key < to).count();
                    assert_eq!(scan(view, from, Some(to), None).len(), expected, "{from:?}..{to:?}");
                }
            }
            assert_eq!(scan(view, "a", None, Some(2)).len(), 2);
            assert_eq!(scan(view, "a", None, Some(0)).len(), 0);
            let names = |prefix| {
                Ok::<_, StoreError>(view.entries(prefix)?.into_iter().map(|entry| entry.0).collect::<Vec<_>>())
            };
            assert_eq!(names("a/")?, ["a/", "a/b"]);
            assert_eq!(names("a")?, ["a", "a/", "a/b", "a0", "ab"]);
            let mut shown = 0;
            view.scan_prefix("a", &mut |_, _| {
                shown += 1;
                if shown == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            assert_eq!(shown, 3);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

pub(super) fn any_text_is_a_key_and_any_bytes_a_value(fresh: Fresh<'_>) {
    let store = fresh()();
    let large: Vec<u8> = (0..1_000_000_u32).map(|at| at.to_le_bytes()[at as usize % 3]).collect();
    let long = "/infra/".repeat(500);
    let entries: [(&str, &[u8]); 5] =
        [("", b""), ("\0", b"\0"), ("quote ' \" % _ \u{1f512}", b"\xff\xfe"), (&long, b"x"), ("large", &large)];
    for (key, value) in entries {
        put(&*store, key, value);
    }
    for (key, value) in entries {
        assert!(get(&*store, key).as_deref() == Some(value), "{key:?}");
    }
}

const THREADS: usize = 8;

pub(super) fn concurrent_increments_lose_nothing(fresh: Fresh<'_>) {
    let store = fresh()();
    let store = &*store;
    let mut seen: Vec<i64> = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| increment(store, 50))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    seen.sort_unstable();
    assert_eq!(seen, (1..=i64::try_from(THREADS * 50).unwrap()).collect::<Vec<_>>());
}

pub(super) fn two_handles_lose_nothing(fresh: Fresh<'_>) {
    let place = fresh();
    let handles = [place(), place()];
    thread::scope(|scope| {
        for at in 0..4 {
            let store = &*handles[at % 2];
            scope.spawn(move || increment(store, 50));
        }
    });
    for store in &handles {
        assert_eq!(get(&**store, "n").as_deref(), Some(b"200".as_slice()));
    }
}

pub(super) fn sums_hold_in_every_view(fresh: Fresh<'_>) {
    let store = fresh()();
    let (store, stop) = (&*store, &AtomicBool::new(false));
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(move || {
                    let mut views = 0;
                    while !stop.load(Ordering::Relaxed) || views == 0 {
                        let sum = store.read(|view| Ok::<_, StoreError>(number(view, "a")? + number(view, "b")?));
                        assert_eq!(sum.unwrap(), 0);
                        views += 1;
                    }
                })
            })
            .collect();
        for amount in 0..200 {
            let transfer = store.write(move |tx| {
                add(tx, "a", -amount)?;
                add(tx, "b", amount)?;
                if amount % 3 == 0 { Err(Refused::OnPurpose) } else { Ok(()) }
            });
            assert_eq!(transfer.is_err(), amount % 3 == 0);
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// Two transactions that each read what the other writes: one must see the other.
pub(super) fn decisions_on_what_was_read_hold(fresh: Fresh<'_>) {
    let store = fresh()();
    let store = &*store;
    for round in 0..20 {
        let take = |own: &str, other: &str| {
            let (own, other) = (format!("{round}/{own}"), format!("{round}/{other}"));
            store.write(move |tx| match tx.get(&other)? {
                None => Ok(tx.put(&own, b"taken")?),
                Some(_) => Err(Refused::OnPurpose),
            })
        };
        let (one, two) = thread::scope(|scope| {
            let (one, two) = (scope.spawn(|| take("x", "y")), scope.spawn(|| take("y", "x")));
            (one.join().unwrap(), two.join().unwrap())
        });
        assert!(one.is_ok() != two.is_ok(), "round {round}: {one:?}, {two:?}");
    }
}

pub(super) fn refusals_do_not_touch_their_neighbours(fresh: Fresh<'_>) {
    let store = fresh()();
    let store = &*store;
    thread::scope(|scope| {
        for worker in 0..THREADS {
            scope.spawn(move || {
                for round in 0..40 {
                    let refuse = (worker + round) % 2 == 0;
                    let done = store.write(move |tx| {
                        tx.put(&format!("{worker}/{round}"), b"x")?;
                        add(tx, "n", 1)?;
                        if refuse { Err(Refused::OnPurpose) } else { Ok(()) }
                    });
                    assert_eq!(done.is_err(), refuse);
                    assert_eq!(get(store, &format!("{worker}/{round}")).is_none(), refuse);
                }
            });
        }
    });
    assert_eq!(get(store, "n").unwrap(), (THREADS * 20).to_string().into_bytes());
}

pub(super) fn a_panic_is_its_callers_own(fresh: Fresh<'_>) {
    let store = fresh()();
    let store = &*store;
    thread::scope(|scope| {
        scope.spawn(move || increment(store, 100));
        for _ in 0..20 {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                store.write(|tx| -> Result<(), StoreError> {
                    tx.put("half", b"x")?;
                    std::panic::resume_unwind(Box::new("on purpose"))
                })
            }));
            assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "on purpose");
        }
    });
    assert_eq!(get(store, "half"), None);
    assert_eq!(get(store, "n").as_deref(), Some(b"100".as_slice()));
}

pub(super) fn a_write_inside_a_write_is_refused(fresh: Fresh<'_>) {
    let store: std::sync::Arc<dyn Store> = fresh()().into();
    let inner = std::sync::Arc::clone(&store);
    let nested = store.write(move |tx| {
        tx.put("outer", b"x")?;
        inner.write(|tx| tx.put("inner", b"x"))
    });
    assert!(matches!(nested, Err(StoreError::Nested)), "{nested:?}");
    assert_eq!(store.read(|view| view.entries("")).unwrap(), []);
    put(&*store, "after", b"x");
}

pub(super) fn what_was_committed_is_found_again(fresh: Fresh<'_>) {
    let place = fresh();
    for round in 0..5 {
        let store = place();
        assert_eq!(store.read(|view| number(view, "n")).unwrap(), round);
        store.write(|tx| add(tx, "n", 1)).unwrap();
    }
}

/// Where a store tells its version, it is another one after every commit, through whichever
/// handle, and the same for who asks again when there was none.
pub(super) fn a_version_is_that_of_one_state(fresh: Fresh<'_>) {
    let place = fresh();
    let (store, other) = (place(), place());
    let Some(mut before) = store.version() else { return };
    for round in 0..20 {
        put(if round % 3 == 0 { &*store } else { &*other }, "a", round.to_string().as_bytes());
        let after = store.version().unwrap();
        assert_ne!(after, before, "round {round}");
        get(&*store, "a");
        assert_eq!(store.version(), Some(after), "round {round}");
        before = after;
    }
    // Several who ask at once are told so too.
    let seen: Vec<_> = (0..50)
        .map(|round| {
            put(&*other, "a", round.to_string().as_bytes());
            let store = &*store;
            thread::scope(|scope| {
                let asking: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| store.version().unwrap())).collect();
                asking.into_iter().map(|asked| asked.join().unwrap()).collect::<Vec<_>>()
            })
        })
        .collect();
    for (round, versions) in seen.iter().enumerate() {
        assert!(seen[..round].iter().flatten().all(|before| !versions.contains(before)), "round {round}");
    }
}
