//! The store in etcd, and several servers on one engine: with a real etcd on a free port.
//!
//! | module | what it holds |
//! |---|---|
//! | `cluster` | etcd, started and killed |
//! | `proxy` | a network between a store and etcd that fails |
//! | `suite` | what every store must do |
//! | `sizes` | transactions and values larger than etcd takes |
//! | `faults` | etcd and the network fail |
//! | `entrance` | addresses, logins, certificates, and what is no engine |
//! | `replicas` | two servers on one engine |
//! | `lab` | a server, and a client that knows nothing but HTTP |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::pedantic, missing_docs)]

use terraform_provider_vpn::engine::store::{
    EtcdAddress, EtcdStore, Store, StoreError, StoreExt, Transaction, View, ViewExt, Work,
};

mod cluster;
mod entrance;
mod faults;
#[allow(dead_code)]
#[path = "../serve/lab.rs"]
mod lab;
mod proxy;
mod replicas;
mod sizes;
#[path = "../../src/engine/store/suite.rs"]
mod suite;

use std::sync::Arc;

use cluster::{Etcd, fresh_prefix, open};
use suite::{Place, store_suite};

store_suite!(fresh);

fn fresh() -> Place {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    Box::new(move || Box::new(Kept { store: open(&etcd.url(&prefix)), _etcd: Arc::clone(&etcd) }))
}

/// A store that keeps its etcd for as long as it is used.
struct Kept {
    store: EtcdStore,
    _etcd: Arc<Etcd>,
}

impl Store for Kept {
    fn view(&self, read: &mut dyn FnMut(&dyn View) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.store.view(read)
    }

    fn update(&self, work: Work) -> Result<(), StoreError> {
        self.store.update(work)
    }
}
