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
    EtcdAddress, EtcdStore, Store, StoreError, StoreExt, Transaction, View, ViewExt,
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

use cluster::{Etcd, fresh_prefix, open};
use suite::{Place, store_suite};

store_suite!(on_etcd());

/// New places, on an etcd that is there as long as this.
fn on_etcd() -> impl Fn() -> Place {
    let etcd = Etcd::shared();
    move || {
        let url = etcd.url(&fresh_prefix());
        Box::new(move || Box::new(open(&url)))
    }
}
