//! Who we are to the endpoint, and who it is to us.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use serde_json::json;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::fake::{Act, Asked, Fake};
use super::objects::{PROFILE, path, profile};
use crate::backend::nsx::settings::Given;
use crate::backend::{Backend, Nsx};

fn given(server: &Fake, texts: &[(&'static str, &str)]) -> Given {
    let host = [("host", server.address.as_str())];
    let texts = host.iter().chain(texts).map(|(name, text)| (*name, (*text).to_owned()));
    Given { texts: texts.collect(), flags: [].into(), ..server.given() }
}

const BY_NAME: [(&str, &str); 2] = [("username", "admin"), ("password", "hunter2")];

#[tokio::test]
async fn a_name_and_a_password_go_into_each_request() {
    for (flag, word) in [("remote_auth", "Remote"), ("nothing", "Basic")] {
        let server = Fake::start().await;
        let mut given = given(&server, &BY_NAME);
        given.flags = [(flag, true), ("session_auth", false)].into();
        server.client_as(&given, CancellationToken::new()).get(&path(PROFILE)).await.unwrap();
        assert_eq!(server.asked()[0].header("authorization"), format!("{word} YWRtaW46aHVudGVyMg=="));
    }
}

/// Opens sessions with numbers, of which the first is soon over.
fn sessions() -> impl Fn(&Asked, usize) -> Option<Act> {
    let opened = AtomicUsize::new(0);
    move |asked, _| {
        if asked.path == "/api/session/create" {
            assert_eq!(asked.body, "j_username=admin&j_password=hunter2");
            let number = opened.fetch_add(1, Ordering::Relaxed) + 1;
            let headers = vec![
                ("set-cookie", format!("JSESSIONID=s{number}; Path=/; Secure; HttpOnly")),
                ("x-xsrf-token", format!("x{number}")),
            ];
            return Some(Act::Answer(200, headers, String::new()));
        }
        let known = (asked.header("cookie"), asked.header("x-xsrf-token"));
        let is_over = known == ("JSESSIONID=s1", "x1") && asked.method == "PUT";
        let is_nobody = !matches!(known, ("JSESSIONID=s1", "x1") | ("JSESSIONID=s2", "x2"));
        (is_over || is_nobody).then(|| Act::error(403, 98, "The request has no valid XSRF token."))
    }
}

#[tokio::test]
async fn a_session_is_opened_once_and_anew_when_it_is_over() {
    let server = Fake::with(sessions()).await;
    let backend = server.client_as(&given(&server, &BY_NAME), CancellationToken::new());
    backend.create(&path(PROFILE), profile(), "me").await.unwrap();
    let opened = server.asked().iter().filter(|asked| asked.path == "/api/session/create").count();
    assert_eq!(opened, 2);
    assert_eq!(server.held(PROFILE).unwrap()["_revision"], 0);
}

/// Ten requests at once with a wrong password would lock the user out.
#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    for session_auth in [true, false] {
        let server = Fake::with(|_, _| Some(Act::error(403, 403, "The credentials were incorrect."))).await;
        let mut given = given(&server, &BY_NAME);
        given.flags.insert("session_auth", session_auth);
        let backend = Arc::new(server.client_as(&given, CancellationToken::new()));
        for said in read_at_once(&backend).await {
            assert!(said.contains("Check username and password"), "{said}");
        }
        backend.get(&path(PROFILE)).await.unwrap_err();
        assert_eq!(server.asked().len(), 1, "{:?}", server.lines());
    }
}

/// What ten reads at once are told, which fail.
async fn read_at_once(backend: &Arc<Nsx>) -> Vec<String> {
    let mut said = Vec::new();
    let reads: Vec<_> = (0..10)
        .map(|number| {
            let backend = Arc::clone(backend);
            let place = path(&format!("/infra/ipsec-vpn-ike-profiles/p{number}"));
            tokio::spawn(async move { backend.get(&place).await.unwrap_err().to_string() })
        })
        .collect();
    for read in reads {
        said.push(read.await.unwrap());
    }
    said
}

/// Where nobody answers, thousands of objects do not wait for it one after the other.
#[tokio::test]
async fn an_endpoint_that_is_not_there_is_given_up_once() {
    let server = Fake::start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut given = server.given();
    given.texts.insert("host", format!("http://{}", listener.local_addr().unwrap()));
    given.numbers.insert("max_retries", 100);
    drop(listener);
    let backend = Arc::new(server.client_as(&given, CancellationToken::new()));
    for said in read_at_once(&backend).await {
        assert!(said.contains("cannot be reached") && said.contains("tried 4 times"), "{said}");
    }
    backend.get(&path(PROFILE)).await.unwrap_err();
    assert_eq!(backend.requests(), 4);
}

/// Makes tokens with numbers, each good for so many requests.
fn tokens(good_for: usize, life: u64) -> impl Fn(&Asked, usize) -> Option<Act> {
    let (made, used) = (AtomicUsize::new(0), AtomicUsize::new(0));
    move |asked, _| {
        if asked.path == "/csp/gateway/am/api/auth/api-tokens/authorize" {
            assert_eq!(asked.body, "refresh_token=long+lived%26");
            used.store(0, Ordering::Relaxed);
            let token = format!("t{}", made.fetch_add(1, Ordering::Relaxed) + 1);
            return Some(Act::json(200, &json!({ "access_token": token, "expires_in": life })));
        }
        let current = format!("t{}", made.load(Ordering::Relaxed));
        let is_current =
            asked.header("csp-auth-token") == current && asked.header("authorization") == format!("Bearer {current}");
        let is_good = is_current && used.fetch_add(1, Ordering::Relaxed) < good_for;
        (!is_good).then(|| Act::Answer(401, Vec::new(), "<html>expired</html>".to_owned()))
    }
}

#[tokio::test]
async fn a_token_is_renewed_once_for_all_when_it_ends_in_the_middle() {
    let server = Fake::with(tokens(5, 1_799)).await;
    let texts = [("vmc_token", "long lived&"), ("vmc_auth_host", server.address.as_str())];
    let backend = Arc::new(server.client_as(&given(&server, &texts), CancellationToken::new()));
    let creations: Vec<_> = (0..4)
        .map(|number| {
            let backend = Arc::clone(&backend);
            let place = path(&format!("/infra/ipsec-vpn-ike-profiles/p{number}"));
            tokio::spawn(async move { backend.create(&place, profile(), "me").await.map(drop) })
        })
        .collect();
    for creation in creations {
        creation.await.unwrap().unwrap();
    }
    let made = server.asked().iter().filter(|asked| asked.path.starts_with("/csp")).count();
    assert_eq!(made, 2, "{:?}", server.lines());
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let server = Fake::with(tokens(100, 0)).await;
    let texts = [("vmc_token", "long lived&"), ("vmc_auth_host", server.address.as_str())];
    let backend = server.client_as(&given(&server, &texts), CancellationToken::new());
    backend.create(&path(PROFILE), profile(), "me").await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|asked| asked.path.starts_with("/csp")).count(), 2, "one for each request");
    assert!(asked.iter().all(|asked| !asked.path.is_empty()));
}

#[tokio::test]
async fn an_app_has_a_token_made_by_its_secret() {
    let server = Fake::with(|asked, _| {
        (asked.path == "/csp/gateway/am/api/auth/authorize").then(|| {
            assert_eq!(asked.header("authorization"), "Basic aWQ6c2VjcmV0");
            assert_eq!(asked.body, "grant_type=client_credentials");
            Act::json(200, &json!({ "access_token": "t", "expires_in": 1_799 }))
        })
    })
    .await;
    let texts = [
        ("vmc_client_id", "id"),
        ("vmc_client_secret", "secret"),
        ("vmc_auth_host", server.address.as_str()),
        ("vmc_auth_mode", "Bearer"),
    ];
    server.client_as(&given(&server, &texts), CancellationToken::new()).get(&path(PROFILE)).await.unwrap();
    let last = server.asked().pop().unwrap();
    assert_eq!((last.header("authorization"), last.header("csp-auth-token")), ("Bearer t", ""));
}

#[tokio::test]
async fn wrong_credentials_are_said_to_be_wrong_and_not_tried_again() {
    let wrong = || Act::error(403, 403, "The credentials were incorrect or the account specified has been locked.");
    let server = Fake::with(move |_, _| Some(wrong())).await;
    for given in [given(&server, &BY_NAME), server.given()] {
        let before = server.lines().len();
        let said =
            server.client_as(&given, CancellationToken::new()).get(&path(PROFILE)).await.unwrap_err().to_string();
        assert!(
            said.contains("does not accept the credentials") && said.contains("Check username and password"),
            "{said}"
        );
        assert!(!said.contains("hunter2"));
        assert_eq!(server.lines().len(), before + 1);
    }
    let invalid = |asked: &Asked, _| {
        asked
            .path
            .starts_with("/csp")
            .then(|| Act::json(400, &json!({ "message": "invalid_grant: Invalid refresh token" })))
    };
    let server = Fake::with(invalid).await;
    let texts = [("vmc_token", "old"), ("vmc_auth_host", server.address.as_str())];
    let backend = server.client_as(&given(&server, &texts), CancellationToken::new());
    let said = backend.get(&path(PROFILE)).await.unwrap_err().to_string();
    assert!(said.contains("Invalid refresh token") && said.contains("vmc_token"), "{said}");
}

/// A server's certificate of an authority with this name, which is returned as PEM.
fn certified(name: &str) -> (TlsAcceptor, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_says_what_to_do() {
    let (tls, authority) = certified("an authority");
    let server = Fake::over(|_, _| None, Some(tls)).await;
    let trusting = |name: &'static str, text: &str| {
        let mut given = server.given();
        given.texts.insert(name, text.to_owned());
        server.client_as(&given, CancellationToken::new())
    };
    let (_, another) = certified("another");
    let said = trusting("ca", &another).get(&path(PROFILE)).await.unwrap_err().to_string();
    assert!(
        said.contains("is not trusted") && said.contains("ca_file") && said.contains("allow_unverified_ssl"),
        "{said}"
    );
    assert!(server.lines().is_empty(), "no credentials go to whom nobody knows");

    assert!(trusting("ca", &authority).get(&path(PROFILE)).await.unwrap().is_none());
    let file = server.folder.path().join("ca.pem");
    std::fs::write(&file, &authority).unwrap();
    assert!(trusting("ca_file", file.to_str().unwrap()).get(&path(PROFILE)).await.unwrap().is_none());
    let mut given = server.given();
    given.flags.insert("allow_unverified_ssl", true);
    assert!(server.client_as(&given, CancellationToken::new()).get(&path(PROFILE)).await.unwrap().is_none());
}
