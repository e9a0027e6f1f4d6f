//! Every fault on the way ends in success or says what is wrong; nothing is made twice.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fake::{Act, Asked, Fake};
use super::objects::{PROFILE, path, profile};
use crate::backend::{Backend, BackendError};
use crate::engine::Refusal;

/// Does `act` to the first request with the method.
fn once(method: &'static str, act: impl Fn() -> Act + Send + Sync + 'static) -> impl Fn(&Asked, usize) -> Option<Act> {
    let done = std::sync::atomic::AtomicBool::new(false);
    move |asked: &Asked, _| {
        (asked.method == method && !done.swap(true, std::sync::atomic::Ordering::Relaxed)).then(&act)
    }
}

fn busy(status: u16, after: Option<&str>) -> Act {
    let headers = after.map(|after| ("retry-after", after.to_owned())).into_iter().collect();
    Act::Answer(status, headers, json!({ "error_message": "too busy", "error_code": 102 }).to_string())
}

#[tokio::test]
async fn a_busy_endpoint_is_asked_again() {
    for act in [busy(429, None), busy(503, None), busy(504, None)] {
        for method in ["GET", "PUT", "DELETE"] {
            let act = act.clone();
            let server = Fake::with(once(method, move || act.clone())).await;
            let backend = server.client();
            let made = backend.create(&path(PROFILE), profile(), "me").await.unwrap();
            assert_eq!(made.revision(), 0, "{method}");
            backend.delete(&path(PROFILE)).await.unwrap();
            assert!(server.held(PROFILE).is_none());
        }
    }
}

#[tokio::test]
async fn an_endpoint_is_left_alone_for_as_long_as_it_wants() {
    let server = Fake::with(once("GET", || busy(429, Some("1")))).await;
    let begin = Instant::now();
    server.client().get(&path(PROFILE)).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_endpoint_that_wants_to_be_left_alone_for_long_is_given_up_at_once() {
    let server = Fake::with(|_, _| Some(busy(503, Some("3600")))).await;
    let said = server.client().get(&path(PROFILE)).await.unwrap_err().to_string();
    assert!(said.contains("3600 seconds") && said.contains("too busy"), "{said}");
    let server = Fake::with(|_, _| Some(busy(429, Some("3600")))).await;
    let backend = server.client();
    for _ in 0..3 {
        let said = backend.get(&path(PROFILE)).await.unwrap_err().to_string();
        assert!(said.contains("3600 seconds"), "nobody waits for another's pause: {said}");
    }
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_stays_busy_is_given_up() {
    let server = Fake::with(|_, _| Some(busy(503, None))).await;
    let said = server.client().get(&path(PROFILE)).await.unwrap_err().to_string();
    assert!(said.contains("tried 5 times") && said.contains("503, code 102"), "{said}");
    assert_eq!(server.lines().len(), 5);
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice_and_loses_nothing() {
    let acts = [
        || Act::Close { after_the_work: false },
        || Act::Close { after_the_work: true },
        || Act::CutShort,
        || Act::Slowly(Duration::from_millis(50)),
    ];
    for act in acts {
        let server = Fake::with(once("PUT", act)).await;
        let backend = server.client();
        let made = backend.create(&path(PROFILE), profile(), "me").await.unwrap();
        assert_eq!(server.held(PROFILE).unwrap()["_revision"], 0, "{:?}", server.lines());
        assert_eq!(made.revision(), 0);
    }
    for act in acts {
        let puts = std::sync::atomic::AtomicUsize::new(0);
        let server = Fake::with(move |asked, _| {
            (asked.method == "PUT" && puts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1).then(act)
        })
        .await;
        let backend = server.client();
        let made = backend.create(&path(PROFILE), profile(), "me").await.unwrap();
        let mut declared = made.declared();
        declared.insert("sa_life_time".to_owned(), json!(40_000));
        let changed = backend.replace(&path(PROFILE), declared, 0).await.unwrap();
        assert_eq!(
            (changed.revision(), changed.get("sa_life_time")),
            (1, Some(&json!(40_000))),
            "{:?}",
            server.lines()
        );
        assert_eq!(server.held(PROFILE).unwrap()["_revision"], 1);
    }
    for act in acts {
        let server = Fake::with(once("DELETE", act)).await;
        let backend = server.client();
        backend.create(&path(PROFILE), profile(), "me").await.unwrap();
        let done = backend.delete(&path(PROFILE)).await;
        assert!(matches!(done, Ok(()) | Err(BackendError::Refused(Refusal::NotFound(_)))), "{done:?}");
        assert!(server.held(PROFILE).is_none());
    }
}

#[tokio::test]
async fn an_object_that_somebody_else_made_meanwhile_is_not_taken_for_ours() {
    let server = Fake::with(once("PUT", || Act::Close { after_the_work: false })).await;
    let other = {
        let server = std::sync::Arc::clone(&server);
        tokio::spawn(async move {
            while !server.lines().iter().any(|line| line.starts_with("PUT")) {
                tokio::task::yield_now().await;
            }
            server.hold(PROFILE, json!({ "resource_type": "IPSecVpnIkeProfile", "sa_life_time": 30_000 }));
        })
    };
    let done = server.client().create(&path(PROFILE), profile(), "me").await;
    other.await.unwrap();
    assert!(matches!(done, Err(BackendError::Refused(Refusal::Exists(_)))), "{done:?}");
    assert_eq!(server.held(PROFILE).unwrap()["sa_life_time"], 30_000);
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_not_shown_whole() {
    for status in [200, 302, 502] {
        let page = "<html><head><title>Sign in</title></head><body>long body</body></html>";
        let server = Fake::with(move |_, _| {
            Some(Act::Answer(status, vec![("content-type", "text/html".to_owned())], page.to_owned()))
        })
        .await;
        let said = server.client().get(&path(PROFILE)).await.unwrap_err().to_string();
        assert!(
            said.contains(&format!("answered {status}")) && said.contains("as NSX does: Sign in. Check host"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_refusal_is_told_as_it_is_without_the_secret_in_it() {
    let server = Fake::with(once("PUT", || Act::error(400, 4711, "psk hunter2 is weak"))).await;
    let session = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/s";
    let body = json!({ "resource_type": "RouteBasedIPSecVpnSession", "psk": "hunter2" });
    let error = server.client().create(&path(session), super::objects::fields(body), "me").await.unwrap_err();
    let BackendError::Refused(Refusal::Invalid(problems)) = &error else { panic!("{error}") };
    let said = format!("{} {}", problems[0].what, problems[0].hint);
    assert!(said.contains("psk (hidden) is weak") && said.contains("400, code 4711"), "{said}");
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("PUT")).count(), 1, "a refusal is final");
    assert!(server.client().notes().claims().await.unwrap().is_empty(), "what was not made is not claimed");
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_says_which() {
    let server = Fake::start().await;
    let mut given = server.given();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    given.texts.insert("host", format!("http://{address}"));
    given.numbers.insert("max_retries", 1);
    let said = server.client_as(&given, CancellationToken::new()).get(&path(PROFILE)).await.unwrap_err().to_string();
    assert!(said.contains(&format!("{address} cannot be reached")) && said.contains("tried 2 times"), "{said}");
}

#[tokio::test]
async fn a_stop_ends_what_waits_and_begins_nothing() {
    let server = Fake::with(|_, _| Some(busy(503, Some("200")))).await;
    let cancelled = CancellationToken::new();
    let backend = server.client_as(&server.given(), cancelled.clone());
    let stop = async {
        while server.lines().is_empty() {
            tokio::task::yield_now().await;
        }
        cancelled.cancel();
    };
    let place = path(PROFILE);
    let (read, ()) = tokio::join!(backend.get(&place), stop);
    let said = read.unwrap_err().to_string();
    assert!(said.contains("told to stop"), "{said}");
    backend.create(&path(PROFILE), profile(), "me").await.unwrap_err();
    assert!(server.lines().iter().all(|line| line.starts_with("GET")), "{:?}", server.lines());
}

#[tokio::test]
async fn a_stop_waits_for_the_answer_to_a_write() {
    let server = Fake::with(|asked, _| (asked.method == "PUT").then(|| Act::Slowly(Duration::from_millis(300)))).await;
    let cancelled = CancellationToken::new();
    let backend = server.client_as(&server.given(), cancelled.clone());
    let stop = async {
        while server.held(PROFILE).is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cancelled.cancel();
    };
    let place = path(PROFILE);
    let (made, ()) = tokio::join!(backend.create(&place, profile(), "me"), stop);
    assert_eq!(made.unwrap().revision(), 0);
}
