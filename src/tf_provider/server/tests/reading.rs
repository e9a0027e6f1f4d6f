//! State read, upgraded and imported; data sources; the provider's own block.

use super::*;
use crate::tf_provider::schema::Schema;

async fn read(name: &str) -> proto::read_resource::Response {
    let request = proto::read_resource::Request {
        type_name: THING.into(),
        current_state: Some(send(&named(name))),
        private: br#"{"etag":7}"#.to_vec(),
        ..Default::default()
    };
    client().read_resource(request).await.expect("answered").into_inner()
}

async fn upgrade(version: i64, json: &str) -> proto::upgrade_resource_state::Response {
    let raw = proto::RawState { json: json.as_bytes().to_vec(), flatmap: [].into() };
    let request = proto::upgrade_resource_state::Request { type_name: THING.into(), version, raw_state: Some(raw) };
    client().upgrade_resource_state(request).await.expect("answered").into_inner()
}

async fn import(id: &str) -> proto::import_resource_state::Response {
    let request =
        proto::import_resource_state::Request { type_name: THING.into(), id: id.into(), ..Default::default() };
    client().import_resource_state(request).await.expect("answered").into_inner()
}

#[tokio::test]
async fn an_object_is_read_with_its_private_state() {
    let answer = read("a").await;
    assert_eq!(answer.diagnostics, []);
    assert_eq!(receive(answer.new_state.as_ref()), named("a"));
    assert_eq!(answer.private, br#"{"etag":7}"#);
}

#[tokio::test]
async fn an_object_that_is_gone_is_null_and_one_that_cannot_be_read_stays() {
    let gone = read("gone").await;
    assert_eq!(gone.diagnostics, []);
    assert!(receive(gone.new_state.as_ref()).is_null());

    let unreadable = read("unreadable").await;
    assert_eq!(only(&unreadable.diagnostics).summary, "Unreadable");
    assert_eq!(receive(unreadable.new_state.as_ref()), named("unreadable"));
}

#[tokio::test]
async fn json_is_accepted_where_msgpack_is_usual() {
    let json = br#"{"name":"a","size":null,"secret":null,"id":"i","serial":3,"rule":[]}"#.to_vec();
    let request = proto::read_resource::Request {
        type_name: THING.into(),
        current_state: Some(DynamicValue { msgpack: Vec::new(), json }),
        ..Default::default()
    };
    let answer = client().read_resource(request).await.expect("answered").into_inner();
    assert_eq!(receive(answer.new_state.as_ref()).get("serial").as_i64(), Some(3));
}

#[tokio::test]
async fn current_state_loses_what_the_schema_no_longer_has() {
    let json = r#"{"name":"a","id":"i","colour":"red","rule":[{"sources":["x"],"colour":"red"}]}"#;
    let answer = upgrade(2, json).await;
    assert_eq!(answer.diagnostics, []);
    let rule = Value::object([("sources", Value::set_of(["x"])), ("token", Value::Null)]);
    let expected = thing(&[("name", "a".into()), ("id", "i".into()), ("rule", Value::List(vec![rule]))]);
    assert_eq!(receive(answer.upgraded_state.as_ref()), expected);
}

#[tokio::test]
async fn an_upgrade_sees_the_attributes_that_are_gone() {
    let answer = upgrade(0, r#"{"title":"old","rule":null}"#).await;
    assert_eq!(answer.diagnostics, []);
    assert_eq!(receive(answer.upgraded_state.as_ref()), named("old"));
}

#[tokio::test]
async fn state_that_cannot_be_upgraded_is_refused_with_the_reason() {
    let newer = upgrade(3, "{}").await;
    assert!(only(&newer.diagnostics).detail.contains("newer version of this provider"));
    let broken = upgrade(2, "{").await;
    assert!(only(&broken.diagnostics).detail.contains("UpgradeResourceState was given a state of sample_thing"));
    let mistyped = upgrade(2, r#"{"name":"a","rule":7}"#).await;
    assert!(only(&mistyped.diagnostics).detail.contains("rule"));

    let raw = proto::RawState { json: Vec::new(), flatmap: [("name".to_owned(), "a".to_owned())].into() };
    let request = proto::upgrade_resource_state::Request { type_name: THING.into(), version: 0, raw_state: Some(raw) };
    let ancient = client().upgrade_resource_state(request).await.expect("answered").into_inner();
    assert!(only(&ancient.diagnostics).detail.contains("0.11"));
}

#[tokio::test]
async fn an_imported_object_is_complete() {
    let answer = import("i").await;
    assert_eq!(answer.diagnostics, []);
    assert_eq!(answer.imported_resources.len(), 1);
    assert_eq!(answer.imported_resources[0].type_name, THING);
    assert_eq!(receive(answer.imported_resources[0].state.as_ref()), thing(&[("id", "i".into())]));
}

#[tokio::test]
async fn an_import_that_finds_nothing_says_so() {
    assert_eq!(only(&import("absent").await.diagnostics).summary, "Nothing to import");
    assert!(only(&import("elsewhere").await.diagnostics).summary.contains("sample_other"));
    let request = proto::import_resource_state::Request {
        type_name: THING.into(),
        identity: Some(proto::ResourceIdentityData::default()),
        ..Default::default()
    };
    let answer = client().import_resource_state(request).await.expect("answered").into_inner();
    assert_eq!(only(&answer.diagnostics).summary, "Import by identity not offered");
}

fn lookup_type() -> Type {
    Type::object([("key", Type::String), ("length", Type::Number)])
}

fn lookup(key: &str) -> DynamicValue {
    let config = Value::object([("key", key.into()), ("length", Value::Null)]);
    DynamicValue { msgpack: to_msgpack(&config, &lookup_type()).expect("fits"), json: Vec::new() }
}

async fn read_lookup(key: &str) -> proto::read_data_source::Response {
    let request = proto::read_data_source::Request {
        type_name: "sample_lookup".into(),
        config: Some(lookup(key)),
        ..Default::default()
    };
    client().read_data_source(request).await.expect("answered").into_inner()
}

#[tokio::test]
async fn a_data_source_is_checked_and_read() {
    let request =
        proto::validate_data_source_config::Request { type_name: "sample_lookup".into(), config: Some(lookup("")) };
    let told = client().validate_data_source_config(request).await.expect("answered").into_inner();
    assert_eq!(about(only(&told.diagnostics)), "key");

    let answer = read_lookup("four").await;
    assert_eq!(answer.diagnostics, []);
    let state = from_msgpack(&answer.state.expect("read").msgpack, &lookup_type()).expect("fits");
    assert_eq!(state.get("length").as_i64(), Some(4));

    assert_eq!(only(&read_lookup("absent").await.diagnostics).summary, "Not found");
    assert!(only(&read_lookup("boom").await.diagnostics).detail.contains("ReadDataSource of sample_lookup"));
}

#[tokio::test]
async fn the_provider_block_is_checked_and_handed_back() {
    let ty = Type::object([("url", Type::String)]);
    let block = |url: &str| {
        let msgpack = to_msgpack(&Value::object([("url", Value::from(url))]), &ty).expect("fits");
        Some(DynamicValue { msgpack, json: Vec::new() })
    };
    let mut client = client();
    let request = proto::prepare_provider_config::Request { config: block("there") };
    let answer = client.prepare_provider_config(request).await.expect("answered").into_inner();
    assert_eq!((answer.diagnostics.as_slice(), answer.prepared_config), ([].as_slice(), block("there")));

    let request = proto::prepare_provider_config::Request { config: block("nowhere") };
    let answer = client.prepare_provider_config(request).await.expect("answered").into_inner();
    assert_eq!(about(only(&answer.diagnostics)), "url");

    let request = proto::configure::Request { config: block("down"), ..Default::default() };
    let answer = client.configure(request).await.expect("answered").into_inner();
    assert_eq!(only(&answer.diagnostics).summary, "Cannot connect");
}

#[test]
fn a_type_declared_twice_is_refused() {
    struct Twice;
    #[async_trait::async_trait]
    impl crate::tf_provider::Provider for Twice {
        fn schema(&self) -> Schema {
            Schema::default()
        }
        fn resources(&self) -> Vec<Arc<dyn crate::tf_provider::Resource>> {
            [Sample.resources(), Sample.resources()].concat()
        }
        fn data_sources(&self) -> Vec<Arc<dyn crate::tf_provider::DataSource>> {
            Vec::new()
        }
        async fn configure(&self, _: &crate::tf_provider::Context, _: &Value) -> crate::tf_provider::Diagnostics {
            crate::tf_provider::Diagnostics::none()
        }
    }
    let refused = ProviderService::new(Arc::new(Twice), CancellationToken::new()).err().expect("refused");
    assert_eq!(refused, super::super::RegistryError::Resource(THING.into()));
}
