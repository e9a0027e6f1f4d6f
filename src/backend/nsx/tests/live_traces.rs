//! Live traces of an endpoint that is no engine: what it tells is passed on.

use serde_json::{Value as Json, json};

use super::fake::{Act, Asked, Fake};
use crate::backend::{Backend, BackendError};
use crate::engine::{Planned, Question};
use crate::model::{LIVE_TRACE, PolicyPath};

const TRACE: &str = "/infra/livetraces/t";

fn path() -> PolicyPath {
    PolicyPath::parse(TRACE).unwrap()
}

/// A live trace that goes on when it is asked about first, and has been invalidated then.
fn running(asked: &Asked, number: usize) -> Option<Act> {
    let status = |state: &str, reason: Option<&str>| {
        let mut status = json!({ "operation_state": state, "request_status": "SUCCESS_DELIVERED" });
        if let Some(reason) = reason {
            status["invalidation_reason"] = json!(reason);
        }
        Act::json(200, &status)
    };
    match asked.object().strip_prefix(TRACE)? {
        "/status" if number < 3 => Some(status("IN_PROGRESS", None)),
        "/status" => Some(status("INVALIDATED", Some("DP_DESTROY"))),
        "/result" => Some(Act::json(200, &json!({ "id": "t", "trace_results": [{ "packet_id": "7" }] }))),
        _ => None,
    }
}

fn declared() -> Json {
    json!({
        "src_port_path": "/infra/segments/s/ports/p",
        "actions": { "counter_config": { "trace_type": "UNI_DIRECTIONAL" } },
    })
}

#[tokio::test]
async fn it_is_created_and_asked_for_what_it_has_seen() {
    let server = Fake::with(running).await;
    let backend = server.client();
    let Json::Object(fields) = declared() else { panic!() };
    let made = backend.create(&path(), fields, "claim").await.unwrap();
    assert_eq!(made.get("resource_type"), Some(&json!("LiveTraceConfig")));
    assert_eq!((made.get("timeout"), made.get("is_transient")), (Some(&json!(10)), Some(&json!(false))));
    let mut last = backend.ask(&Question::LiveTraceResult(path()), &[]).await.unwrap();
    for _ in 0..5 {
        last = backend.ask(&Question::LiveTraceResult(path()), &[]).await.unwrap();
    }
    let document = last.document.unwrap();
    assert_eq!(document["trace_results"][0]["packet_id"], "7");
    assert_eq!(
        (&last.beyond["operation_state"], &last.beyond["invalidation_reason"]),
        (&json!("INVALIDATED"), &json!("DP_DESTROY"))
    );
    assert_eq!(last.until, None);
}

#[tokio::test]
async fn what_is_only_planned_it_does_not_know() {
    let server =
        Fake::with(|asked, _| asked.object().contains("simulated").then(|| Act::error(404, 600, "no such thing")))
            .await;
    let planned = Planned { path: path(), declared: Some((&LIVE_TRACE, (&declared()).into())) };
    let refused = server.client().ask(&Question::LiveTraceResult(path()), &[planned]).await.unwrap_err();
    assert!(matches!(&refused, BackendError::Endpoint(_)), "{refused}");
    assert!(refused.to_string().contains("depends_on"), "{refused}");
}
