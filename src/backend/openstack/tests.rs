//! The backend against a Keystone and a Neutron of a few lines, which fail as they are told.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::clouds::Places;
use super::settings::{check, together};
use super::*;
use crate::backend::settings::Given;
use crate::model::{TAP_FLOW, TAP_SERVICE};

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The token is no longer one.
    TokenOver,
    /// A proxy's page comes in place of the answer, after what was asked is done.
    AnswerLost,
    /// The quota is used up.
    OverQuota,
}

#[derive(Default)]
struct Cloud {
    tokens: usize,
    services: Vec<Json>,
    /// What goes wrong with the next requests to create something.
    faults: VecDeque<Fault>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Cloud>>;

async fn answer(State(cloud): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let mut cloud = cloud.lock().unwrap();
    cloud.asked.push(format!("{method} {}", uri.path()));
    let body: Json = serde_json::from_str(&body).unwrap_or_default();
    if uri.path() == "/identity/v3/auth/tokens" {
        if body["auth"]["identity"]["password"]["user"]["password"] != "hunter2" {
            let said = json!({ "error": { "code": 401, "title": "Unauthorized", "message": "No, hunter3 is wrong." } });
            return (StatusCode::UNAUTHORIZED, axum::Json(said)).into_response();
        }
        cloud.tokens += 1;
        let host = headers["host"].to_str().unwrap();
        let endpoint = json!({ "interface": "public", "region_id": "one", "url": format!("http://{host}/networking") });
        let token = json!({ "token": {
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2026-01-01T01:00:00.000000Z",
            "catalog": [{ "type": "network", "endpoints": [endpoint] }],
        }});
        return (StatusCode::CREATED, [("X-Subject-Token", format!("t{}", cloud.tokens))], axum::Json(token))
            .into_response();
    }
    let unauthorized = || {
        let said = json!({ "error": { "code": 401, "title": "Unauthorized", "message": "Authentication required" } });
        (StatusCode::UNAUTHORIZED, axum::Json(said)).into_response()
    };
    if headers.get("x-auth-token").is_none_or(|token| *token != format!("t{}", cloud.tokens)) {
        return unauthorized();
    }
    let path = uri.path().strip_prefix("/networking/v2.0/taas/tap_services").unwrap();
    match (method.as_str(), path.strip_prefix('/')) {
        ("GET", None) => axum::Json(json!({ "tap_services": cloud.services })).into_response(),
        ("GET", Some(id)) => {
            if let Some(service) = cloud.services.iter().find(|service| service["id"] == id) {
                return axum::Json(json!({ "tap_service": service })).into_response();
            }
            let text = format!("Tap Service  {id} does not exist");
            let said = json!({ "NeutronError": { "type": "TapServiceNotFound", "message": text, "detail": "" } });
            (StatusCode::NOT_FOUND, axum::Json(said)).into_response()
        }
        ("POST", None) => {
            let fault = cloud.faults.pop_front();
            match fault {
                Some(Fault::TokenOver) => {
                    cloud.tokens += 1;
                    return unauthorized();
                }
                Some(Fault::OverQuota) => {
                    let text = "Quota exceeded for resources: ['tap_service'].";
                    let said = json!({ "NeutronError": { "type": "OverQuota", "message": text, "detail": "" } });
                    // What is on its way out is gone the next time.
                    cloud
                        .services
                        .retain(|service| service["status"] != "PENDING_DELETE" || service["description"] != "soon");
                    cloud.services.iter_mut().for_each(|service| service["description"] = json!("soon"));
                    return (StatusCode::CONFLICT, axum::Json(said)).into_response();
                }
                Some(Fault::AnswerLost) | None => {}
            }
            let mut service = body["tap_service"].clone();
            service["id"] = json!(Uuid::new_v4().to_string());
            service["tenant_id"] = json!("p");
            service["status"] = json!("DOWN");
            cloud.services.push(service.clone());
            if fault == Some(Fault::AnswerLost) {
                return (StatusCode::BAD_GATEWAY, Html("<title>502 Bad Gateway</title>")).into_response();
            }
            (StatusCode::CREATED, axum::Json(json!({ "tap_service": service }))).into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

struct Fixture {
    cloud: Shared,
    address: String,
    folder: TempDir,
}

impl Fixture {
    async fn start() -> Self {
        let cloud = Shared::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/identity", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&cloud));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { cloud, address, folder: tempfile::tempdir().unwrap() }
    }

    fn given(&self, password: &str) -> Given {
        let texts =
            [("auth_url", self.address.as_str()), ("user_name", "ops"), ("password", password), ("tenant_name", "net")];
        Given { texts: texts.into_iter().map(|(name, text)| (name, text.to_owned())).collect(), ..Given::default() }
    }

    fn backend(&self, password: &str) -> OpenStack {
        let mut given = self.given(password);
        given.numbers.insert("max_retries", 2);
        let settings = check(&given, self.folder.path().to_owned(), CancellationToken::new(), &|_| false);
        OpenStack::open(settings.unwrap().unwrap()).unwrap()
    }

    fn fails(&self, faults: &[Fault]) {
        self.cloud.lock().unwrap().faults.extend(faults);
    }

    fn services(&self) -> Vec<Json> {
        self.cloud.lock().unwrap().services.clone()
    }
}

fn anew() -> PolicyPath {
    PolicyPath::parse(&format!("/v2.0/taas/tap_services/{}", Uuid::new_v4())).unwrap()
}

fn fields(name: &str) -> Map<String, Json> {
    let fields = json!({ "name": name, "description": null, "port_id": "c9beb5a1-21f5-4225-9eaf-02ddccdd50a9", "project_id": null });
    fields.as_object().unwrap().clone()
}

#[tokio::test]
async fn neutron_says_by_which_id_an_object_is_known() {
    let there = Fixture::start().await;
    let backend = there.backend("hunter2");
    let made = backend.create(&anew(), fields("one"), "claim").await.unwrap();
    assert_eq!(there.services()[0]["id"], made.path().id());
    assert_eq!(made.get("project_id"), Some(&json!("p")), "the tenant of an older release");
    let found = backend.get(made.path()).await.unwrap().unwrap();
    assert_eq!(found.get("name"), Some(&json!("one")));
    assert_eq!(backend.notes().claims().await.unwrap(), [(made.path().clone(), "claim".to_owned())]);
    assert!(backend.get(&anew()).await.unwrap().is_none());
    assert_eq!(there.cloud.lock().unwrap().tokens, 1, "one token for all");
}

#[tokio::test]
async fn a_token_that_is_over_is_had_anew() {
    let there = Fixture::start().await;
    let backend = there.backend("hunter2");
    there.fails(&[Fault::TokenOver]);
    backend.create(&anew(), fields("one"), "c").await.unwrap();
    assert_eq!(there.services().len(), 1);
}

#[tokio::test]
async fn nothing_is_created_twice_when_an_answer_is_lost() {
    let there = Fixture::start().await;
    let backend = there.backend("hunter2");
    // Somebody else has one that looks the same.
    let mut other = Json::Object(fields("one"));
    other["id"] = json!(Uuid::new_v4().to_string());
    there.cloud.lock().unwrap().services.push(other.clone());
    there.fails(&[Fault::AnswerLost, Fault::AnswerLost]);
    let (path_a, path_b) = (anew(), anew());
    let (a, b) = tokio::join!(backend.create(&path_a, fields("one"), "a"), backend.create(&path_b, fields("one"), "b"));
    let mut ids = vec![a.unwrap().path().id().to_owned(), b.unwrap().path().id().to_owned()];
    ids.push(other["id"].as_str().unwrap().to_owned());
    let mut all: Vec<_> = there.services().iter().map(|service| service["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    all.sort();
    assert_eq!(all, ids, "three different ones");
}

#[tokio::test(start_paused = false)]
async fn a_quota_that_is_about_to_be_free_is_waited_for() {
    let there = Fixture::start().await;
    let backend = there.backend("hunter2");
    let gone = json!({ "id": Uuid::new_v4().to_string(), "name": "old", "port_id": "p", "status": "PENDING_DELETE" });
    there.cloud.lock().unwrap().services.push(gone.clone());
    assert!(backend.list(&TAP_SERVICE, "/v2.0/taas").await.unwrap().is_empty(), "it is as good as gone");
    there.fails(&[Fault::OverQuota]);
    backend.create(&anew(), fields("new"), "c").await.unwrap();
    there.cloud.lock().unwrap().services.retain(|service| service["status"] != "PENDING_DELETE");
    there.fails(&[Fault::OverQuota]);
    let refused = backend.create(&anew(), fields("more"), "c").await.unwrap_err().to_string();
    assert!(refused.contains("Quota exceeded"), "{refused}");
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_not_told() {
    let there = Fixture::start().await;
    let backend = there.backend("hunter3");
    let path = anew();
    let (one, other) = tokio::join!(backend.get(&path), backend.get(&path));
    for refused in [one, other] {
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("does not accept the credentials") && said.contains("user_name"), "{said}");
        assert!(!said.contains("hunter3"), "{said}");
    }
    assert_eq!(there.cloud.lock().unwrap().asked, ["POST /identity/v3/auth/tokens"]);
}

#[tokio::test]
async fn what_is_of_the_policy_api_is_not_asked_for() {
    let there = Fixture::start().await;
    let path = PolicyPath::parse("/infra/segments/a").unwrap();
    assert!(matches!(there.backend("hunter2").get(&path).await, Err(BackendError::Refused(Refusal::InvalidPath(_)))));
    assert!(TAP_FLOW.places[0].starts_with(&["v2.0"]));
    assert!(there.cloud.lock().unwrap().asked.is_empty());
}

fn texts(given: &[(&'static str, &str)]) -> Given {
    Given { texts: given.iter().map(|(name, text)| (*name, (*text).to_owned())).collect(), ..Given::default() }
}

fn lab(folder: &Path) -> Places {
    let text = "clouds:\n  lab:\n    auth:\n      auth_url: http://lab/identity/v3\n      username: ops\n      password: hunter2\n      \
                project_name: net\n      user_domain_name: People\n    region_name: one\n    verify: false\n";
    std::fs::write(folder.join("clouds.yaml"), text).unwrap();
    Places { file: None, folders: vec![folder.to_owned()] }
}

#[test]
fn the_block_goes_before_the_cloud_and_the_cloud_before_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let environment =
        texts(&[("region", "three"), ("tenant_name", "other"), ("endpoint_type", "internal"), ("token", "t")]);
    let block = texts(&[("cloud", "lab"), ("region", "two")]);
    let given = together(block, environment, &lab(folder.path())).unwrap();
    let all: Vec<_> = given.texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(
        all,
        [
            ("auth_url", "http://lab/identity/v3"),
            ("cloud", "lab"),
            ("endpoint_type", "internal"),
            ("password", "hunter2"),
            ("region", "two"),
            ("tenant_name", "net"),
            ("user_domain_name", "People"),
            ("user_name", "ops"),
        ],
        "a token is another way to authenticate"
    );
    assert!(given.flags["insecure"]);
}

#[test]
fn what_is_wrong_names_its_attribute() {
    const CLOUD: (&str, &str) = ("auth_url", "https://cloud");
    const USER: (&str, &str) = ("user_name", "ops");
    const PASSWORD: (&str, &str) = ("password", "x");
    let wrong_in = |given: &[(&'static str, &str)]| {
        let checked = check(&texts(given), "notes".into(), CancellationToken::new(), &|_| false);
        checked.map(drop).unwrap_err().attribute
    };
    for (given, attribute) in [
        (&[USER, PASSWORD][..], "auth_url"),
        (&[("auth_url", "https://ops:x@cloud"), USER, PASSWORD], "auth_url"),
        (&[("auth_url", "https://cloud/v2.0"), USER, PASSWORD], "auth_url"),
        (&[CLOUD], "user_name"),
        (&[CLOUD, PASSWORD], "user_name"),
        (&[CLOUD, USER, PASSWORD, ("token", "t")], "password"),
        (&[CLOUD, ("application_credential_secret", "s")], "application_credential_id"),
        (&[CLOUD, ("application_credential_name", "n"), ("application_credential_secret", "s")], "user_name"),
        (&[CLOUD, ("application_credential_id", "i")], "application_credential_secret"),
        (&[CLOUD, USER, PASSWORD, ("endpoint_type", "outside")], "endpoint_type"),
        (&[CLOUD, USER, PASSWORD, ("cacert_file", "/nowhere")], "cacert_file"),
        (&[CLOUD, USER, PASSWORD, ("cert", "-----BEGIN CERTIFICATE-----")], "key"),
    ] {
        assert_eq!(wrong_in(given), attribute, "{given:?}");
    }
}
