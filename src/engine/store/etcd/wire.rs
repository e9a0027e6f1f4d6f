//! The messages and services of `proto/etcd/`, as generated, and short ways to make them.

/// What etcd keeps.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub(super) mod mvccpb {
    tonic::include_proto!("mvccpb");
}

/// What it is asked.
#[allow(dead_code, missing_docs, clippy::all, clippy::pedantic)]
mod etcdserverpb {
    tonic::include_proto!("etcdserverpb");
}

pub(super) use etcdserverpb::auth_client::AuthClient;
use etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
pub(super) use etcdserverpb::kv_client::KvClient;
pub(super) use etcdserverpb::lease_client::LeaseClient;
pub(super) use etcdserverpb::request_op::Request as Op;
use etcdserverpb::response_op::Response as Done;
pub(super) use etcdserverpb::watch_client::WatchClient;
pub(super) use etcdserverpb::watch_request::RequestUnion;
pub(super) use etcdserverpb::*;

impl RequestOp {
    /// Stores a value at a key.
    pub fn put(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self { request: Some(Op::RequestPut(PutRequest { key, value, lease: 0 })) }
    }

    /// Removes the keys from `key` up to but excluding `range_end`; only `key` if that is
    /// empty.
    pub fn delete(key: Vec<u8>, range_end: Vec<u8>) -> Self {
        Self { request: Some(Op::RequestDeleteRange(DeleteRangeRequest { key, range_end })) }
    }

    /// Reads a key.
    pub fn read(key: Vec<u8>) -> Self {
        Self { request: Some(Op::RequestRange(RangeRequest { key, ..RangeRequest::default() })) }
    }
}

impl Compare {
    fn equal(key: Vec<u8>, target: CompareTarget, value: TargetUnion) -> Self {
        Self { result: CompareResult::Equal.into(), target: target.into(), key, target_union: Some(value) }
    }

    /// The key was changed last in this revision; with 0, it does not exist.
    pub fn changed_in(key: Vec<u8>, revision: i64) -> Self {
        Self::equal(key, CompareTarget::Mod, TargetUnion::ModRevision(revision))
    }

    /// The key has this value.
    pub fn is(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self::equal(key, CompareTarget::Value, TargetUnion::Value(value))
    }
}

impl TxnResponse {
    /// What the operation `at` has read, if that exists.
    pub fn found(&self, at: usize) -> Option<&mvccpb::KeyValue> {
        match self.responses.get(at)?.response.as_ref()? {
            Done::ResponseRange(range) => range.kvs.first(),
            Done::ResponsePut(_) | Done::ResponseDeleteRange(_) => None,
        }
    }
}
