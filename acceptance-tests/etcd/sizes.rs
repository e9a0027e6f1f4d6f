//! Transactions and values larger than etcd takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::cluster::{Etcd, fresh_prefix, open};
use crate::proxy::Proxy;
use crate::{EtcdStore, StoreError, StoreExt, ViewExt};

/// A transaction that writes `count` entries, and deletes those of the one before.
fn generation(store: &EtcdStore, number: usize, count: usize) -> Result<(), StoreError> {
    store.write(move |tx| {
        for (key, _) in tx.entries("g/")? {
            tx.delete(&key)?;
        }
        tx.put("number", number.to_string().as_bytes())?;
        (0..count).try_for_each(|at| tx.put(&format!("g/{number:04}/{at:06}"), format!("{number}").as_bytes()))
    })
}

/// The generation there is; all of it, and nothing else.
fn whole(store: &EtcdStore, count: usize) -> usize {
    let (number, entries) = store.read(|view| Ok::<_, StoreError>((view.get("number")?, view.entries("g/")?))).unwrap();
    let Some(number) = number else {
        assert_eq!(entries, []);
        return 0;
    };
    let number: usize = String::from_utf8(number).unwrap().parse().unwrap();
    assert_eq!(entries.len(), count);
    for (at, (key, value)) in entries.iter().enumerate() {
        assert_eq!((key, value), (&format!("g/{number:04}/{at:06}"), &number.to_string().into_bytes()));
    }
    number
}

fn bytes(seed: u8, size: usize) -> Vec<u8> {
    (0..size).map(|at| seed.wrapping_add((at % 251) as u8)).collect()
}

#[test]
fn thousands_of_entries_are_one_transaction() {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let (one, two) = (open(&etcd.url(&prefix)), open(&etcd.url(&prefix)));
    for number in 1..=3 {
        generation(&one, number, 3_000).unwrap();
        assert_eq!(whole(&two, 3_000), number);
    }
    assert_eq!(whole(&open(&etcd.url(&prefix)), 3_000), 3);
    // What it took is gone.
    let keys = etcd.keys(&prefix);
    assert_eq!(keys.len(), 3_002, "{:?}", keys.iter().find(|key| !key.starts_with("e/")));
}

#[test]
fn a_large_value_is_kept_whole_and_leaves_nothing() {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let (one, two) = (open(&etcd.url(&prefix)), open(&etcd.url(&prefix)));
    let parts = || etcd.keys(&prefix).iter().filter(|key| key.starts_with("b/")).count();
    for (seed, size) in [(1, 5_500_000), (2, 600_000), (3, 20_000_000)] {
        let value = bytes(seed, size);
        let written = value.clone();
        one.write(move |tx| tx.put("large", &written)).unwrap();
        assert!(two.read(|view| view.get("large")).unwrap() == Some(value));
        assert_eq!(parts(), size.div_ceil(1 << 20));
    }
    assert!(open(&etcd.url(&prefix)).read(|view| view.get("large")).unwrap() == Some(bytes(3, 20_000_000)));
    two.write(|tx| tx.put("large", b"small")).unwrap();
    assert_eq!((one.read(|view| view.get("large")).unwrap().unwrap(), parts()), (b"small".to_vec(), 0));
    // Together with more than fits, replaced and deleted.
    for deletes in [false, true] {
        for at in 0..2 {
            one.write(move |tx| {
                (0..500).try_for_each(|at| tx.put(&format!("small/{at}"), b"x"))?;
                tx.put("large", &bytes(at, 2_000_000))
            })
            .unwrap();
        }
        assert_eq!(parts(), 2);
        two.write(move |tx| if deletes { tx.delete("large").map(|_| ()) } else { tx.put("large", b"x") }).unwrap();
        assert_eq!(parts(), 0);
    }
}

#[test]
fn an_entry_that_is_too_large_is_named_and_does_no_harm() {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let store = open(&etcd.url(&prefix));
    let refused = store.write(|tx| tx.put("a", &vec![0; (64 << 20) + 1]));
    assert!(matches!(&refused, Err(StoreError::TooLarge { key, .. }) if key == "a"), "{refused:?}");
    store.write(|tx| tx.put("b", b"x")).unwrap();
}

#[test]
fn a_large_transaction_is_whole_wherever_the_connection_ends() {
    let etcd = Etcd::shared();
    thread::scope(|scope| {
        for round in 0..12 {
            let etcd = &etcd;
            scope.spawn(move || is_whole_when_cut(etcd, Duration::from_millis(round * 9)));
        }
    });
}

fn is_whole_when_cut(etcd: &Etcd, after: Duration) {
    const COUNT: usize = 400;
    let (proxy, prefix) = (Proxy::new(etcd.port), fresh_prefix());
    let (store, other) = (open(&proxy.url(&prefix)), open(&etcd.url(&prefix)));
    generation(&store, 1, COUNT).unwrap();
    let done = thread::scope(|scope| {
        let writing = scope.spawn(|| generation(&store, 2, COUNT));
        thread::sleep(after);
        proxy.cut();
        writing.join().unwrap()
    });
    let found = whole(&other, COUNT);
    match done {
        Ok(()) => assert_eq!(found, 2),
        Err(StoreError::Etcd(error)) => assert!(error.is_temporary() && found <= 2, "{error}"),
        Err(error) => panic!("{error}"),
    }
    // The other one goes on, whatever was left half spread; and so does this one.
    generation(&other, found + 1, COUNT).unwrap();
    proxy.mend();
    let is_back = || store.read(|view| view.get("number")).is_ok();
    assert!((0..100).any(|_| {
        thread::sleep(Duration::from_millis(20));
        is_back()
    }));
    assert_eq!(whole(&store, COUNT), found + 1);
    generation(&store, found + 2, COUNT).unwrap();
    assert_eq!(whole(&other, COUNT), found + 2);
}

#[test]
fn a_large_transaction_gets_its_turn_among_many_small_ones() {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let (large, small) = (open(&etcd.url(&prefix)), open(&etcd.url(&prefix)));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut count = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                small.write(|tx| tx.put("small", b"x")).unwrap();
                count += 1;
            }
            count
        });
        for number in 1..=3 {
            generation(&large, number, 2_000).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(writing.join().unwrap() > 3);
    });
    assert_eq!(whole(&small, 2_000), 3);
    assert!(!etcd.keys(&prefix).contains(&"turn".to_owned()));
}
