//! etcd and the network fail.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::cluster::{Etcd, fresh_prefix, open};
use crate::proxy::Proxy;
use crate::{EtcdStore, StoreError, StoreExt, ViewExt};

fn increment(store: &EtcdStore) -> Result<i64, StoreError> {
    store.write(|tx| {
        let number = number(tx.get("n")?) + 1;
        tx.put("n", number.to_string().as_bytes())?;
        tx.put(&format!("done/{number:08}"), b"")?;
        Ok(number)
    })
}

fn number(value: Option<Vec<u8>>) -> i64 {
    value.map_or(0, |bytes| String::from_utf8(bytes).unwrap().parse().unwrap())
}

fn counted(store: &EtcdStore) -> i64 {
    let (count, done) =
        store.read(|view| Ok::<_, StoreError>((number(view.get("n")?), view.entries("done/")?))).unwrap();
    assert_eq!(i64::try_from(done.len()).unwrap(), count);
    count
}

#[test]
fn a_write_whose_answer_is_lost_takes_effect_once() {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let proxy = Proxy::new(etcd.port);
    let store = open(&proxy.url(&prefix));
    for expected in 1..=10 {
        proxy.lose_answers();
        let number = thread::scope(|scope| {
            let writing = scope.spawn(|| increment(&store));
            thread::sleep(Duration::from_millis(100));
            proxy.mend();
            writing.join().unwrap()
        });
        assert_eq!(number.unwrap(), expected);
    }
    assert_eq!(counted(&open(&etcd.url(&prefix))), 10);
}

#[test]
fn a_write_whose_answer_is_lost_is_told_from_the_one_that_came_next() {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let proxy = Proxy::new(etcd.port);
    let (store, other) = (open(&proxy.url(&prefix)), open(&etcd.url(&prefix)));
    for round in 0..5 {
        proxy.lose_answers();
        let mut seen = thread::scope(|scope| {
            let writing = scope.spawn(|| increment(&store));
            thread::sleep(Duration::from_millis(100));
            let next = increment(&other).unwrap();
            proxy.mend();
            [writing.join().unwrap().unwrap(), next]
        });
        seen.sort_unstable();
        assert_eq!(seen, [2 * round + 1, 2 * round + 2]);
    }
    assert_eq!((counted(&store), counted(&other)), (10, 10));
}

#[test]
fn what_others_did_meanwhile_is_seen_after_a_break_although_etcd_has_forgotten_how() {
    let (etcd, prefix) = (Etcd::new(), fresh_prefix());
    let proxy = Proxy::new(etcd.port);
    let (store, other) = (open(&proxy.url(&prefix)), open(&etcd.url(&prefix)));
    for compacted in [false, true] {
        proxy.cut();
        for _ in 0..5 {
            increment(&other).unwrap();
        }
        if compacted {
            etcd.compact();
        }
        proxy.mend();
        assert_eq!(counted(&store), counted(&other));
        increment(&store).unwrap();
        assert_eq!(counted(&other), counted(&store));
    }
    assert_eq!(counted(&other), 12);
}

#[test]
fn who_cannot_reach_etcd_is_told_so_and_goes_on_when_it_is_back() {
    let (etcd, prefix) = (Etcd::new(), fresh_prefix());
    let store = open(&etcd.url(&prefix));
    increment(&store).unwrap();
    etcd.kill();
    for result in [increment(&store), store.read(|view| Ok(number(view.get("n")?)))] {
        let Err(error @ StoreError::Etcd(_)) = result else { panic!("{result:?}") };
        assert!(error.is_temporary());
        assert!(error.to_string().contains(&etcd.url(&prefix)), "{error}");
        assert!(error.to_string().contains("Connection refused"), "{error}");
    }
    etcd.start();
    let found = (0..100).find_map(|_| {
        thread::sleep(Duration::from_millis(50));
        increment(&store).ok()
    });
    assert_eq!(found, Some(2));
}

#[test]
fn etcd_with_other_data_is_believed() {
    let (etcd, prefix) = (Etcd::new(), fresh_prefix());
    let store = open(&etcd.url(&prefix));
    for _ in 0..5 {
        increment(&store).unwrap();
    }
    etcd.kill();
    std::fs::remove_dir_all(etcd.folder.path().join("data")).unwrap();
    etcd.start();
    assert_eq!(increment(&store).unwrap(), 1);
    assert_eq!(counted(&store), 1);
}

#[test]
fn a_member_that_fails_is_not_missed() {
    let (etcds, prefix) = (Etcd::three(), fresh_prefix());
    let members: Vec<_> = etcds.iter().map(|etcd| format!("127.0.0.1:{}", etcd.port)).collect();
    let url = format!("etcd://{}{prefix}", members.join(","));
    let (one, two) = (open(&url), open(&url));
    let (mut acknowledged, stop) = (BTreeSet::new(), AtomicBool::new(false));
    thread::scope(|scope| {
        let writers: Vec<_> = [&one, &two]
            .map(|store| {
                scope.spawn(|| {
                    let mut seen = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        seen.push(increment(store).unwrap());
                    }
                    seen
                })
            })
            .into();
        // Both talk to the first one. Then to the second, while the first comes back.
        for at in [0, 1] {
            thread::sleep(Duration::from_millis(300));
            etcds[at].kill();
            thread::sleep(Duration::from_millis(1_500));
            etcds[at].start();
        }
        thread::sleep(Duration::from_millis(300));
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            acknowledged.extend(writer.join().unwrap());
        }
    });
    let last = *acknowledged.last().unwrap();
    assert_eq!((counted(&one), counted(&two)), (last, last));
    assert_eq!(acknowledged, (1..=last).collect());
}
