//! Plans carried out, and what is left when that fails.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn an_object_is_created_changed_and_deleted() {
    let mut client = client();
    let created = apply(&mut client, &Value::Null, &named("a")).await;
    assert_eq!(created.diagnostics, []);
    assert_eq!(created.private, br#"{"etag":7,"planned":true}"#);
    let state = receive(created.new_state.as_ref());
    assert_eq!((state.get("id").as_str(), state.get("serial").as_i64()), (Some("thing-1"), Some(1)));

    let changed = apply(&mut client, &state, &named("b")).await;
    assert_eq!(changed.diagnostics, []);
    let state = receive(changed.new_state.as_ref());
    assert_eq!((state.get("id").as_str(), state.get("serial").as_i64()), (Some("thing-1"), Some(2)));

    let deleted = apply(&mut client, &state, &Value::Null).await;
    assert_eq!(deleted.diagnostics, []);
    assert!(receive(deleted.new_state.as_ref()).is_null());
    assert_eq!(deleted.private, b"");
}

#[tokio::test]
async fn what_a_failed_creation_left_behind_is_returned() {
    let left = apply(&mut client(), &Value::Null, &named("half")).await;
    assert_eq!(only(&left.diagnostics).summary, "Only half of it");
    assert_eq!(receive(left.new_state.as_ref()).get("id").as_str(), Some("thing-1"));
    assert_eq!(left.private, br#"{"etag":7,"planned":true}"#);

    let nothing = apply(&mut client(), &Value::Null, &named("refused")).await;
    assert_eq!(only(&nothing.diagnostics).summary, "Refused");
    assert!(receive(nothing.new_state.as_ref()).is_null());
}

#[tokio::test]
async fn a_failed_change_or_deletion_leaves_the_prior_state() {
    let prior = thing(&[("name", "sticky".into()), ("size", 1.into()), ("id", "i".into()), ("serial", 4.into())]);
    for config in [named("refused"), named("boom"), Value::Null] {
        let failed = apply(&mut client(), &prior, &config).await;
        only(&failed.diagnostics);
        assert_eq!(receive(failed.new_state.as_ref()), prior);
    }
}

#[tokio::test]
async fn a_success_without_an_object_is_an_error() {
    let lost = apply(&mut client(), &Value::Null, &named("lost")).await;
    assert_eq!(only(&lost.diagnostics).summary, "The provider returned no object");
}

#[tokio::test]
async fn what_stays_unknown_becomes_null_and_is_named() {
    let vague = apply(&mut client(), &Value::Null, &named("vague")).await;
    assert_eq!(about(only(&vague.diagnostics)), "serial");
    let state = receive(vague.new_state.as_ref());
    assert!(state.get("serial").is_null());
    assert_eq!(state.get("id").as_str(), Some("thing-1"));
}

#[tokio::test]
async fn missing_attributes_are_null_and_write_only_ones_too() {
    let sparse = apply(&mut client(), &Value::Null, &named("sparse")).await;
    assert_eq!(sparse.diagnostics, []);
    assert_eq!(receive(sparse.new_state.as_ref()), thing(&[("name", "sparse".into()), ("id", "thing-1".into())]));
    let chatty = apply(&mut client(), &Value::Null, &named("chatty")).await;
    assert!(receive(chatty.new_state.as_ref()).get("secret").is_null());
}

#[tokio::test]
async fn an_object_with_an_attribute_of_the_wrong_type_is_not_lost() {
    let crooked = apply(&mut client(), &Value::Null, &named("crooked")).await;
    assert_eq!(about(only(&crooked.diagnostics)), "serial");
    let state = receive(crooked.new_state.as_ref());
    assert!(state.get("serial").is_null());
    assert_eq!(state.get("id").as_str(), Some("thing-1"));
}

#[tokio::test]
async fn a_panic_is_contained_and_tells_no_secret() {
    let mut client = client();
    let config = thing(&[("name", "boom".into()), ("secret", "hunter2".into())]);
    let failed = apply(&mut client, &Value::Null, &config).await;
    let told = only(&failed.diagnostics);
    assert!(told.detail.contains("ApplyResourceChange of sample_thing"), "{}", told.detail);
    assert!(!told.detail.contains("hunter2"));
    assert!(receive(failed.new_state.as_ref()).is_null());
    // The next one is served as if nothing had happened.
    assert_eq!(apply(&mut client, &Value::Null, &named("a")).await.diagnostics, []);
}

#[tokio::test]
async fn stop_cancels_what_runs_and_the_object_is_still_returned() {
    let service = service();
    let mut slow = ProviderClient::new(ProviderServer::new(service.clone()));
    let running = tokio::spawn(async move { apply(&mut slow, &Value::Null, &named("slow")).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!running.is_finished());

    let mut client = ProviderClient::new(ProviderServer::new(service));
    let stopped = client.stop(proto::stop::Request {}).await.expect("answered").into_inner();
    assert_eq!(stopped.error, "");
    let left = running.await.expect("no panic");
    assert_eq!(only(&left.diagnostics).summary, "Cancelled");
    assert_eq!(receive(left.new_state.as_ref()).get("id").as_str(), Some("thing-1"));

    // What begins later is not cancelled: with reattach the process serves on.
    let mut later = client.clone();
    let next = tokio::spawn(async move { apply(&mut later, &Value::Null, &named("slow")).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!next.is_finished());
    next.abort();
}
