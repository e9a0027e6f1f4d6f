//! One prefix list of 10, 1,000 and 10,000 entries through each operation, from
//! the bytes Terraform sends to the bytes it gets: the time for an entry must not
//! grow with the list.
//!
//!     cargo bench --bench prefix_list

#![allow(clippy::expect_used)]

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use terraform_provider_vpn::provider::VpnProvider;
use terraform_provider_vpn::tf_provider::plan::propose;
use terraform_provider_vpn::tf_provider::validate::validate;
use terraform_provider_vpn::tf_provider::value::{from_msgpack, to_msgpack};
use terraform_provider_vpn::tf_provider::{
    Context, CreateRequest, DeleteRequest, PlanRequest, Private, Provider, ReadRequest, Resource, Schema, Type, Value,
};

/// A configured provider, and its prefix lists.
struct Lab {
    runtime: tokio::runtime::Runtime,
    resource: Arc<dyn Resource>,
    schema: Schema,
    ty: Type,
    cx: Context,
    _folder: TempDir,
}

impl Lab {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let provider = VpnProvider::default();
        let cx = Context::default();
        let file = folder.path().join("engine.db").display().to_string();
        let embedded = Value::object([("path", Value::from(file))]);
        let told = runtime.block_on(provider.configure(&cx, &Value::object([("embedded", embedded)])));
        assert!(told.is_empty(), "{told:?}");
        let resources = provider.resources();
        let resource =
            resources.into_iter().find(|resource| resource.type_name() == "vpn_prefix_list").expect("it is there");
        let schema = resource.schema();
        let ty = schema.block.ty();
        Self { runtime, resource, schema, ty, cx, _folder: folder }
    }

    /// The configuration of a list of so many entries, as Terraform sends it.
    fn config(&self, entries: usize) -> Vec<u8> {
        let entry = |position: usize| {
            Value::object([
                ("network", Value::from(format!("10.{}.{}.0/24", position / 256 % 256, position % 256))),
                ("action", Value::Null),
                ("ge", Value::Null),
                ("le", Value::from(32)),
            ])
        };
        let mut config = Value::object(self.schema.block.attributes.iter().map(|a| (a.name.clone(), Value::Null)));
        config.set("display_name", format!("list-{entries}"));
        config.set("tag", Value::Set(std::iter::empty().collect()));
        config.set("prefix", Value::List((0..entries).map(entry).collect()));
        to_msgpack(&config, &self.ty).expect("it fits")
    }

    fn validate(&self, config: &[u8]) {
        let config = from_msgpack(config, &self.ty).expect("it fits");
        let mut told = validate(&self.schema, &config);
        told.extend(self.runtime.block_on(self.resource.validate(&self.cx, &config)));
        assert!(told.is_empty(), "{told:?}");
    }

    fn plan(&self, config: &[u8], prior: Option<&[u8]>) -> Vec<u8> {
        let config = from_msgpack(config, &self.ty).expect("it fits");
        let prior = prior.map(|prior| from_msgpack(prior, &self.ty).expect("it fits"));
        let chosen = self.resource.choose(&config, prior.as_ref());
        let proposal = propose(&self.schema, &chosen, prior.as_ref());
        let mut request = PlanRequest {
            config: &config,
            prior: prior.as_ref(),
            planned: proposal.planned,
            replace: proposal.replace,
            private: Private::default(),
        };
        let told = self.runtime.block_on(self.resource.plan(&self.cx, &mut request));
        assert!(!told.has_errors(), "{told:?}");
        to_msgpack(&request.planned, &self.ty).expect("it fits")
    }

    fn create(&self, config: &[u8], planned: &[u8]) -> Vec<u8> {
        let config = from_msgpack(config, &self.ty).expect("it fits");
        let planned = from_msgpack(planned, &self.ty).expect("it fits");
        let request = CreateRequest { config: &config, planned: &planned, private: Private::default() };
        let applied = self.runtime.block_on(self.resource.create(&self.cx, request));
        assert!(!applied.diagnostics.has_errors(), "{:?}", applied.diagnostics);
        to_msgpack(&applied.state.expect("created"), &self.ty).expect("it fits")
    }

    fn read(&self, state: &[u8]) -> Vec<u8> {
        let state = from_msgpack(state, &self.ty).expect("it fits");
        let request = ReadRequest { state: &state, private: Private::default() };
        let answer = self.runtime.block_on(self.resource.read(&self.cx, request));
        to_msgpack(&answer.state.expect("there"), &self.ty).expect("it fits")
    }

    fn delete(&self, state: &[u8]) {
        let state = from_msgpack(state, &self.ty).expect("it fits");
        let request = DeleteRequest { state: &state, private: Private::default() };
        assert!(self.runtime.block_on(self.resource.delete(&self.cx, request)).is_empty());
    }
}

fn prefix_list(criterion: &mut Criterion) {
    let lab = Lab::new();
    let mut group = criterion.benchmark_group("prefix_list");
    group.sample_size(10);
    for entries in [10, 1_000, 10_000] {
        group.throughput(Throughput::Elements(entries as u64));
        let config = lab.config(entries);
        let planned = lab.plan(&config, None);
        group.bench_with_input(BenchmarkId::new("validate", entries), &config, |b, config| {
            b.iter(|| lab.validate(config));
        });
        group.bench_with_input(BenchmarkId::new("plan", entries), &config, |b, config| {
            b.iter(|| lab.plan(config, None));
        });
        group.bench_with_input(BenchmarkId::new("create and delete", entries), &planned, |b, planned| {
            b.iter(|| lab.delete(&lab.create(&config, planned)));
        });
        let state = lab.create(&config, &planned);
        group.bench_with_input(BenchmarkId::new("read", entries), &state, |b, state| b.iter(|| lab.read(state)));
        group.bench_with_input(BenchmarkId::new("empty plan", entries), &state, |b, state| {
            b.iter(|| assert_eq!(lab.plan(&config, Some(state)), *state));
        });
        lab.delete(&state);
    }
    group.finish();
}

criterion_group!(benches, prefix_list);
criterion_main!(benches);
