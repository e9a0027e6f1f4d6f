//! Checks and plans.

use super::*;
use crate::tf_provider::path::Path;

async fn validate(config: &Value, capabilities: Option<proto::ClientCapabilities>) -> Vec<proto::Diagnostic> {
    let request = proto::validate_resource_type_config::Request {
        type_name: THING.into(),
        config: Some(send(config)),
        client_capabilities: capabilities,
    };
    client().validate_resource_type_config(request).await.expect("answered").into_inner().diagnostics
}

#[tokio::test]
async fn the_schema_and_then_the_resource_check_a_configuration() {
    assert_eq!(validate(&named("a"), Some(capable())).await, []);
    let told = validate(&named("invalid"), Some(capable())).await;
    assert_eq!((only(&told).summary.as_str(), about(&told[0]).as_str()), ("Invalid name", "name"));
    let told = validate(&thing(&[]), Some(capable())).await;
    assert_eq!(about(only(&told)), "name");
}

#[tokio::test]
async fn a_terraform_without_write_only_attributes_is_told_so() {
    let rule = Value::object([("sources", Value::set_of(["a"])), ("token", "t".into())]);
    let config = thing(&[("name", "a".into()), ("secret", "s".into()), ("rule", Value::List(vec![rule]))]);
    assert_eq!(validate(&config, Some(capable())).await, []);
    let told = validate(&config, None).await;
    // The attributes are named, and Terraform is not made to print their lines.
    assert_eq!(told.iter().map(about).collect::<Vec<_>>(), ["", ""]);
    assert!(told[0].detail.starts_with("secret is") && told[1].detail.starts_with("rule[0].token is"), "{told:?}");
}

#[tokio::test]
async fn a_creation_is_planned_with_defaults_and_unknowns() {
    let config = thing(&[("name", "a".into()), ("secret", "s".into())]);
    let plan = plan(&mut client(), &Value::Null, &config).await;
    assert_eq!(plan.diagnostics, []);
    let planned = receive(plan.planned_state.as_ref());
    assert_eq!(planned.get("size").as_i64(), Some(1));
    assert!(planned.get("id").is_unknown() && planned.get("serial").is_unknown());
    assert!(planned.get("secret").is_null());
    assert_eq!(plan.planned_private, br#"{"planned":true}"#);
    assert_eq!(plan.requires_replace, []);
}

#[tokio::test]
async fn an_unchanged_object_is_planned_as_it_is() {
    let prior = thing(&[("name", "a".into()), ("size", 1.into()), ("id", "i".into()), ("serial", 4.into())]);
    let plan = plan(&mut client(), &prior, &named("a")).await;
    assert_eq!(receive(plan.planned_state.as_ref()), prior);
    assert_eq!(plan.requires_replace, []);
}

#[tokio::test]
async fn a_careless_plan_is_put_right() {
    let prior = thing(&[("name", "a".into()), ("size", 1.into()), ("id", "i".into()), ("serial", 4.into())]);
    let plan = plan(&mut client(), &prior, &named("careless")).await;
    assert!(receive(plan.planned_state.as_ref()).get("secret").is_null());
    let replaced = ["name", "size"].map(Path::attribute);
    assert_eq!(plan.requires_replace, replaced.map(|path| super::super::wire::diagnostics::path(&path)));

    let creation = super::plan(&mut client(), &Value::Null, &named("careless")).await;
    assert_eq!(creation.requires_replace, []);
}

#[tokio::test]
async fn a_refused_plan_says_why() {
    let refused = plan(&mut client(), &Value::Null, &named("unplannable")).await;
    assert_eq!(only(&refused.diagnostics).summary, "Unplannable");
    let refused = plan(&mut client(), &named("precious"), &Value::Null).await;
    assert_eq!(only(&refused.diagnostics).summary, "Too precious");
}

#[tokio::test]
async fn a_deletion_is_planned_as_null_and_keeps_the_private_state() {
    let request = proto::plan_resource_change::Request {
        type_name: THING.into(),
        prior_state: Some(send(&named("a"))),
        proposed_new_state: Some(send(&Value::Null)),
        config: Some(send(&Value::Null)),
        prior_private: br#"{"etag":7}"#.to_vec(),
        ..Default::default()
    };
    let plan = client().plan_resource_change(request).await.expect("answered").into_inner();
    assert_eq!(plan.diagnostics, []);
    assert!(receive(plan.planned_state.as_ref()).is_null());
    assert_eq!(plan.planned_private, br#"{"etag":7}"#);
}
