//! Names nobody knows, values nobody can read, and what is not offered.

use tokio_stream::StreamExt;

use super::*;

/// Calls `$method` about a type nobody declared, and returns what is told.
macro_rules! told {
    ($method:ident $module:ident { $($field:ident: $value:expr),* }) => {{
        let request = proto::$module::Request { $($field: $value.into(),)* ..Default::default() };
        client().$method(request).await.expect("answered").into_inner().diagnostics
    }};
}

#[tokio::test]
async fn an_unknown_type_is_named_in_every_call() {
    let typo = "sample_typo";
    for told in [
        told!(validate_resource_type_config validate_resource_type_config { type_name: typo }),
        told!(upgrade_resource_state upgrade_resource_state { type_name: typo }),
        told!(read_resource read_resource { type_name: typo }),
        told!(plan_resource_change plan_resource_change { type_name: typo }),
        told!(apply_resource_change apply_resource_change { type_name: typo }),
        told!(import_resource_state import_resource_state { type_name: typo }),
        told!(validate_data_source_config validate_data_source_config { type_name: typo }),
        told!(read_data_source read_data_source { type_name: typo }),
        told!(validate_ephemeral_resource_config validate_ephemeral_resource_config { type_name: typo }),
        told!(open_ephemeral_resource open_ephemeral_resource { type_name: typo }),
        told!(renew_ephemeral_resource renew_ephemeral_resource { type_name: typo }),
        told!(close_ephemeral_resource close_ephemeral_resource { type_name: typo }),
        told!(validate_list_resource_config validate_list_resource_config { type_name: typo }),
        told!(upgrade_resource_identity upgrade_resource_identity { type_name: typo }),
        told!(move_resource_state move_resource_state { target_type_name: typo }),
        told!(generate_resource_config generate_resource_config { type_name: typo }),
        told!(plan_action plan_action { action_type: typo }),
        told!(validate_action_config validate_action_config { type_name: typo }),
    ] {
        let one = only(&told);
        assert_eq!(one.severity(), proto::diagnostic::Severity::Error);
        assert!(one.summary.contains(typo) || one.detail.contains(typo), "{one:?}");
    }
}

#[tokio::test]
async fn streams_and_functions_answer_too() {
    let mut client = client();
    let request = proto::list_resource::Request { type_name: THING.into(), ..Default::default() };
    let events: Vec<_> = client.list_resource(request).await.expect("answered").into_inner().collect().await;
    assert_eq!(events.len(), 1);
    assert!(only(&events[0].as_ref().expect("an event").diagnostic).detail.contains(THING));

    let request = proto::invoke_action::Request { action_type: "sample_kick".into(), ..Default::default() };
    let events: Vec<_> = client.invoke_action(request).await.expect("answered").into_inner().collect().await;
    assert_eq!(events.len(), 1);
    let Some(proto::invoke_action::event::Type::Completed(completed)) = &events[0].as_ref().expect("an event").r#type
    else {
        panic!("the stream must end with Completed")
    };
    assert!(only(&completed.diagnostics).detail.contains("sample_kick"));

    let request = proto::call_function::Request { name: "parse".into(), arguments: Vec::new() };
    let answer = client.call_function(request).await.expect("answered").into_inner();
    assert!(answer.error.expect("an error").text.contains("parse"));

    let request = proto::get_resource_identity_schemas::Request {};
    let none = client.get_resource_identity_schemas(request).await.expect("answered").into_inner();
    assert!(none.identity_schemas.is_empty() && none.diagnostics.is_empty());
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_told_with_the_call_and_the_type() {
    let garbage = Some(DynamicValue { msgpack: vec![0xc1, 0xff], json: Vec::new() });
    let request = proto::read_resource::Request {
        type_name: THING.into(),
        current_state: garbage.clone(),
        private: b"x".to_vec(),
        ..Default::default()
    };
    let answer = client().read_resource(request).await.expect("answered").into_inner();
    let told = only(&answer.diagnostics);
    assert!(told.detail.contains("ReadResource was given a state of sample_thing"), "{}", told.detail);
    assert_eq!((answer.new_state, answer.private), (garbage, b"x".to_vec()));
}
