//! Settings that are wrong, and errors as they are told. Requests are tested against `serve`, in
//! acceptance-tests/.

use tokio_util::sync::CancellationToken;

use super::settings::{check, together};
use super::*;
use crate::backend::settings::Given;

fn given(texts: &[(&'static str, &str)]) -> Given {
    Given { texts: texts.iter().map(|(name, text)| (*name, (*text).to_owned())).collect(), ..Given::default() }
}

#[test]
fn what_is_wrong_is_named() {
    let (url, region) = (("url", "https://nm.example.com"), ("region", "R1"));
    let (user, password, token) = (("username", "me"), ("password", "secret"), ("token", "t"));
    for (texts, attribute) in [
        (&[region, user, password][..], "url"),
        (&[("url", "http://nm.example.com"), region, token], "url"),
        (&[url, token], "region"),
        (&[url, ("region", "a-b"), token], "region"),
        (&[url, region], "username"),
        (&[url, region, user], "password"),
        (&[url, region, password], "username"),
        (&[url, region, user, password, token], "token"),
        (&[url, region, ("token", "a\nb")], "token"),
        (&[url, region, token, ("ca_file", "/no/such/file")], "ca_file"),
    ] {
        let error = check(&given(texts), CancellationToken::new(), &|_| false).map(drop).unwrap_err();
        assert_eq!(error.attribute, attribute, "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(check(&given(&[url, region, token]), CancellationToken::new(), &|_| false).unwrap().is_some());
    assert!(check(&given(&[url, token]), CancellationToken::new(), &|name| name == "region").unwrap().is_none());
}

#[test]
fn a_token_in_the_block_is_not_joined_by_a_password_of_the_environment() {
    let all = together(given(&[("token", "t")]), given(&[("username", "u"), ("password", "p"), ("region", "R")]));
    assert_eq!(all.texts.keys().copied().collect::<Vec<_>>(), ["region", "token"]);
}

#[test]
fn an_error_is_told_in_its_own_words() {
    let body = br#"{"apiVersion":"v1","error":{"code":403,"message":"You may not."}}"#;
    assert!(DIALECT.failure(403, body, "host", "GET /x").to_string().starts_with("You may not."));
    assert!(DIALECT.failure(502, b"<html>", "host", "GET /x").to_string().contains("not as NetMaster does"));
}
