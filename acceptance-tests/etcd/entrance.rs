//! Addresses, logins, certificates, and what is no engine.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use tempfile::TempDir;

use crate::cluster::{Etcd, fresh_prefix, open};
use crate::{EtcdAddress, EtcdStore, StoreExt, ViewExt};

/// Why the engine at `url` cannot be opened.
fn refusal(url: &str) -> String {
    EtcdStore::open(&EtcdAddress::parse(url).unwrap()).unwrap_err().to_string()
}

#[test]
fn engines_are_kept_apart_by_their_prefixes() {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let prefixes = [prefix.clone(), format!("{prefix}/a"), format!("{prefix}a"), format!("{prefix}/e")];
    for at in &prefixes {
        let own = at.clone();
        open(&etcd.url(at)).write(move |tx| tx.put("own", own.as_bytes())).unwrap();
    }
    for at in &prefixes {
        let found = open(&etcd.url(at)).read(|view| view.entries("")).unwrap();
        assert_eq!(found, [("own".to_owned(), at.as_bytes().to_vec())]);
    }
}

#[test]
fn what_is_no_engine_is_refused_and_left_alone() {
    let etcd = Etcd::shared();
    let cases = [
        ("other", "x", "does not hold an engine: there is a key"),
        ("e/o/infra", "=x", "does not hold an engine: there are entries, and no head"),
        ("head", "x", "is damaged: its head cannot be read"),
        ("head", r#"{"format": 7}"#, "has format 7, but this release knows formats up to 1"),
    ];
    for (key, value, expected) in cases {
        let prefix = fresh_prefix();
        etcd.put(&format!("{prefix}//{key}"), value);
        let said = refusal(&etcd.url(&prefix));
        assert!(said.contains(expected) && said.starts_with(&etcd.url(&prefix)), "{said}");
        assert_eq!(etcd.keys(&prefix), [key]);
    }
}

#[test]
fn a_value_that_nobody_here_wrote_is_told_of_by_its_readers() {
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let store = open(&etcd.url(&prefix));
    store.write(|tx| tx.put("a", b"x")).unwrap();
    etcd.put(&format!("{prefix}//e/a"), "broken");
    let broken = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        store.read(|view| view.get("a")).err()
    });
    let said = broken.unwrap().to_string();
    assert!(said.contains("is damaged: a value cannot be read"), "{said}");
    assert!(store.write(|tx| tx.put("b", b"x")).is_err());
    etcd.put(&format!("{prefix}//e/a"), "=mended");
    let mended = (0..500).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        store.read(|view| view.get("a")).ok()
    });
    assert_eq!(mended.unwrap().as_deref(), Some(b"mended".as_slice()));
    store.write(|tx| tx.put("b", b"x")).unwrap();
}

#[test]
fn a_user_logs_in_and_again_when_etcd_has_forgotten() {
    let etcd = Etcd::new();
    for (path, body) in [
        ("/v3/auth/user/add", json!({ "name": "root", "password": "of all" })),
        ("/v3/auth/role/add", json!({ "name": "root" })),
        ("/v3/auth/user/grant", json!({ "user": "root", "role": "root" })),
        ("/v3/auth/user/add", json!({ "name": "vpn", "password": "p/ss w@rd" })),
        ("/v3/auth/role/add", json!({ "name": "vpn" })),
        ("/v3/auth/user/grant", json!({ "user": "vpn", "role": "vpn" })),
        // From `/team/vpn/` to `/team/vpn0`.
        (
            "/v3/auth/role/grant",
            json!({ "name": "vpn", "perm": { "permType": "READWRITE", "key": "L3RlYW0vdnBuLw==", "range_end": "L3RlYW0vdnBuMA==" } }),
        ),
        ("/v3/auth/enable", json!({})),
    ] {
        etcd.asked(path, &body);
    }
    let at = |login: &str, prefix: &str| format!("etcd://{login}127.0.0.1:{}{prefix}", etcd.port);
    let store = open(&at("vpn:p%2Fss%20w%40rd@", "/team/vpn"));
    store.write(|tx| tx.put("a", b"x")).unwrap();
    // Tokens are in etcd's memory alone.
    etcd.kill();
    etcd.start();
    assert_eq!(store.read(|view| view.get("a")).unwrap().as_deref(), Some(b"x".as_slice()));
    let other = open(&at("vpn:p%2Fss%20w%40rd@", "/team/vpn"));
    store.write(|tx| tx.put("a", b"y")).unwrap();
    assert_eq!(other.read(|view| view.get("a")).unwrap().as_deref(), Some(b"y".as_slice()));

    for (login, prefix, expected) in [
        ("vpn:s3cret-wrong@", "/team/vpn", "refuses: etcdserver: authentication failed"),
        ("vpn:p%2Fss%20w%40rd@", "/other", "refuses: etcdserver: permission denied"),
        ("", "/team/vpn", "refuses: etcdserver: user name is empty"),
        ("vpn@", "/team/vpn", "user and password belong together"),
    ] {
        let said = refusal(&at(login, prefix));
        assert!(said.contains(expected) && !said.contains("s3cret") && !said.contains("ss w"), "{said}");
    }
}

#[test]
fn a_login_that_etcd_does_not_ask_for_is_no_obstacle() {
    let etcd = Etcd::shared();
    let store = open(&format!("etcd://a:b@127.0.0.1:{}{}", etcd.port, fresh_prefix()));
    store.write(|tx| tx.put("a", b"x")).unwrap();
}

#[test]
fn certificates_are_checked_on_both_sides() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authorities =
        ["ours", "theirs"].map(|_| CertifiedIssuer::self_signed(params.clone(), KeyPair::generate().unwrap()).unwrap());
    for (authority, name) in authorities.iter().zip(["ca.pem", "other.pem"]) {
        fs::write(at(name), authority.pem()).unwrap();
    }
    for name in ["server", "client"] {
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned(), "etcd.example".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authorities[0]).unwrap();
        fs::write(at(&format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(at(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }
    let (cert, key, ca) = (at("server.pem"), at("server.key"), at("ca.pem"));
    let arguments = ["--cert-file", &cert, "--key-file", &key, "--trusted-ca-file", &ca, "--client-cert-auth"];
    let etcd = Etcd::with(&arguments, "https");
    let url = |query: &str| {
        let query = query.replace("FOLDER", &folder.path().display().to_string());
        format!("etcds://127.0.0.1:{}/x?{query}", etcd.port)
    };
    let identity = "cert=FOLDER/client.pem&key=FOLDER/client.key";
    for name in ["", "&name=etcd.example"] {
        let store = open(&url(&format!("ca=FOLDER/ca.pem&{identity}{name}")));
        store.write(|tx| tx.put("a", b"x")).unwrap();
    }
    for (query, expected) in [
        (format!("ca=FOLDER/other.pem&{identity}"), "invalid peer certificate"),
        (format!("ca=FOLDER/ca.pem&{identity}&name=other.example"), "not valid for name \"other.example\""),
        ("ca=FOLDER/ca.pem".to_owned(), "cannot be reached"),
        (format!("ca=FOLDER/missing.pem&{identity}"), "missing.pem: No such file"),
        (format!("ca=FOLDER/client.key&{identity}"), "client.key: it holds no certificate"),
        ("ca=FOLDER/ca.pem&cert=FOLDER/client.pem&key=FOLDER/client.pem".to_owned(), "client.pem: it holds no key"),
    ] {
        let said = refusal(&url(&query));
        assert!(said.contains(expected), "{query}: {said}");
    }
}
