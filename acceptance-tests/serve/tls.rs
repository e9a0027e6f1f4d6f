//! TLS from outside: certificates that openssl has made, curl and the backend as clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use terraform_provider_vpn::backend::settings::Given;
use terraform_provider_vpn::backend::{Backend, Nsx};
use terraform_provider_vpn::model::PolicyPath;
use tokio_util::sync::CancellationToken;

use crate::lab::{AUDITOR, Lab, PASSWORD};
use crate::users::users;

const PROFILES: &str = "/policy/api/v1/infra/ipsec-vpn-dpd-profiles";

/// Runs openssl in `folder`.
fn openssl(folder: &Path, line: &str) -> String {
    let done = Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

const EC: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";

/// An authority of this name, with an intermediate one: `NAME.pem`, `NAME-between.pem`.
fn authority(folder: &Path, name: &str) {
    let own = format!("{EC} -noenc -keyout {name}.key -out {name}.pem -days 30 -subj /CN={name}");
    openssl(folder, &format!("req -x509 {own}"));
    openssl(
        folder,
        &format!("req -new {EC} -noenc -keyout {name}-between.key -out {name}.csr -subj /CN={name}-between"),
    );
    fs::write(folder.join("between.ext"), "basicConstraints=critical,CA:TRUE\n").unwrap();
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -CA {name}.pem -CAkey {name}.key -CAcreateserial -days 30 -extfile between.ext \
         -out {name}-between.pem"
        ),
    );
}

/// A certificate with its key, `NAME.pem` and `NAME.key`, of the intermediate authority, with
/// what leads to the authority.
fn certificate(folder: &Path, by: &str, name: &str, key: &str, usage: &str) {
    openssl(folder, &format!("req -new {key} -noenc -keyout {name}.key -out {name}.csr -subj /CN={name}"));
    let extensions = format!("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage={usage}\n");
    fs::write(folder.join("own.ext"), extensions).unwrap();
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -CA {by}-between.pem -CAkey {by}-between.key -CAcreateserial -days 30 -extfile own.ext \
         -out {name}.own"
        ),
    );
    let chain = fs::read_to_string(folder.join(format!("{name}.own"))).unwrap()
        + &fs::read_to_string(folder.join(format!("{by}-between.pem"))).unwrap();
    fs::write(folder.join(format!("{name}.pem")), chain).unwrap();
}

fn curl(folder: &Path, arguments: &[&str]) -> Output {
    let said = "%{http_code} %{http_version}";
    let silent = ["--silent", "--show-error", "--output", "/dev/stdout", "--write-out", said];
    Command::new("curl").args(silent).args(arguments).current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A folder with the authority `site`, and the server's certificate `server`.
fn site() -> TempDir {
    let folder = TempDir::new().unwrap();
    authority(folder.path(), "site");
    certificate(folder.path(), "site", "server", EC, "serverAuth");
    folder
}

/// A server in `folder` over TLS.
fn served(folder: TempDir, options: &[&str]) -> Lab {
    let usual = ["--tls-cert", "server.pem", "--tls-key", "server.key", "--rate-limit", "0"];
    Lab::within(folder, &[&usual[..], options].concat())
}

#[test]
fn a_certificate_is_served_whatever_form_its_key_has() {
    let folder = site();
    let at = folder.path().to_owned();
    certificate(&at, "site", "rsa", "-newkey rsa:2048", "serverAuth");
    openssl(&at, "rsa -in rsa.key -traditional -out rsa-1.key");
    openssl(&at, "ec -in server.key -out sec-1.key");
    assert!(fs::read_to_string(at.join("rsa-1.key")).unwrap().contains("BEGIN RSA PRIVATE KEY"));
    assert!(fs::read_to_string(at.join("sec-1.key")).unwrap().contains("BEGIN EC PRIVATE KEY"));
    // The key of another curve, as `openssl ecparam` writes it: with the parameters before it.
    certificate(&at, "site", "p384", "-newkey ec -pkeyopt ec_paramgen_curve:P-384", "serverAuth");
    for (certificate, key) in
        [("server", "server"), ("server", "sec-1"), ("rsa", "rsa"), ("rsa", "rsa-1"), ("p384", "p384")]
    {
        let of_its_own = TempDir::new().unwrap();
        let path = |name: String| at.join(name).to_str().unwrap().to_owned();
        let options = ["--tls-cert", &path(format!("{certificate}.pem")), "--tls-key", &path(format!("{key}.key"))];
        let lab = Lab::within(of_its_own, &options);
        let url = format!("https://{}{PROFILES}", lab.host);
        let user = format!("admin:{PASSWORD}");
        // The intermediate certificate comes along: the client knows the authority alone.
        let answer = curl(&at, &["--cacert", "site.pem", "--user", &user, &url]);
        assert!(text(&answer).ends_with("200 2"), "{certificate} {key}: {}", text(&answer));
        let stranger = curl(&at, &["--user", &user, &url]);
        assert_eq!(stranger.status.code(), Some(60), "{}", text(&stranger));
    }
}

#[test]
fn files_that_cannot_be_used_say_why() {
    let folder = site();
    let at = folder.path();
    authority(at, "elsewhere");
    certificate(at, "site", "other", EC, "serverAuth");
    openssl(at, "pkcs8 -topk8 -in server.key -passout pass:hush -out encrypted.key");
    openssl(at, "ec -in server.key -aes256 -passout pass:hush -out encrypted-1.key");
    openssl(at, "x509 -in server.pem -outform der -out server.der");
    fs::write(at.join("empty.pem"), "").unwrap();
    let between = fs::read_to_string(at.join("site-between.pem")).unwrap();
    fs::write(at.join("reversed.pem"), between + &fs::read_to_string(at.join("server.own")).unwrap()).unwrap();
    for (options, says) in [
        ("--tls-cert server.pem --tls-key encrypted.key", "the key in encrypted.key is encrypted"),
        ("--tls-cert server.pem --tls-key encrypted-1.key", "openssl pkey -in encrypted-1.key"),
        (
            "--tls-cert server.pem --tls-key other.key",
            "the key in other.key is not that of the first certificate in server.pem",
        ),
        ("--tls-cert reversed.pem --tls-key server.key", "the server's own comes first"),
        ("--tls-cert server.der --tls-key server.key", "there is no certificate in server.der: it has to be in PEM"),
        ("--tls-cert empty.pem --tls-key server.key", "there is no certificate in empty.pem"),
        ("--tls-cert server.pem --tls-key server.pem", "there is no key in server.pem"),
        ("--tls-cert no.pem --tls-key server.key", "cannot read certificate from no.pem"),
        ("--tls-cert server.pem --tls-key no.key", "cannot read key from no.key"),
        ("--tls-cert server.pem", "--tls-key <FILE>"),
        ("--client-ca site.pem", "--client-ca needs TLS"),
        ("--tls-self-signed --client-ca site.key", "there is no certificate in site.key"),
        ("--tls-self-signed --client-ca site.pem", "there are no principal_identities"),
        ("--tls-self-signed --client-ca site.pem --no-auth", "cannot be used with"),
    ] {
        let said = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(options.split(' '))
            .current_dir(at)
            .env("VPN_SERVE_ADMIN_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        assert_eq!((said.status.code(), said.stdout.as_slice()), (Some(2), &b""[..]), "{options}");
        let said = text(&said);
        assert!(said.contains(says) && !said.contains("PRIVATE"), "{options}: {said}");
    }
}

/// The SHA-256 fingerprint of a certificate, as openssl prints it.
fn fingerprint(folder: &Path, name: &str) -> String {
    let printed = openssl(folder, &format!("x509 -in {name}.own -noout -fingerprint -sha256"));
    printed.trim().split_once('=').unwrap().1.to_owned()
}

/// A folder with clients of the authority `people`, of whom two have a role.
fn people() -> TempDir {
    let folder = users("{}", 0o600);
    let at = folder.path();
    authority(at, "site");
    authority(at, "people");
    authority(at, "strangers");
    certificate(at, "site", "server", EC, "serverAuth");
    certificate(at, "people", "pipeline", "-newkey rsa:2048", "clientAuth");
    certificate(at, "people", "reader", EC, "clientAuth");
    certificate(at, "people", "nobody", EC, "clientAuth");
    certificate(at, "strangers", "stranger", EC, "clientAuth");
    let file = format!(
        r#"{{"principal_identities": [
            {{"name": "pipeline", "certificate_sha256": "{}", "role": "admin"}},
            {{"name": "reader", "certificate_sha256": "{}", "role": "auditor"}}
        ]}}"#,
        fingerprint(at, "pipeline"),
        fingerprint(at, "reader").replace(':', "").to_lowercase(),
    );
    fs::write(at.join("users.json"), file).unwrap();
    folder
}

#[test]
fn a_client_is_known_by_its_certificate() {
    let lab = served(people(), &["--users", "users.json", "--client-ca", "people.pem"]);
    let at = lab.folder.path();
    let url = format!("https://{}{PROFILES}/a", lab.host);
    let with = |name: &str, more: &[&str]| {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let own = ["--cacert", "site.pem", "--cert", &certificate, "--key", &key];
        curl(at, &[&own[..], more, &[&url]].concat())
    };
    let json = ["--header", "content-type: application/json", "--data", "{}", "--request", "PUT"];
    let made = text(&with("pipeline", &json));
    assert!(made.contains(r#""_create_user":"pipeline""#) && made.ends_with("200 2"), "{made}");
    assert!(text(&with("reader", &[])).ends_with("200 2"));
    let refused = text(&with("reader", &json));
    assert!(refused.contains("User reader has the role auditor") && refused.ends_with("403 2"), "{refused}");
    // An answer that comes before the body was read is an answer all the same.
    for _ in 0..20 {
        assert!(text(&with("reader", &json)).ends_with("403 2"));
    }
    let unknown = text(&with("nobody", &[]));
    assert!(unknown.contains(&fingerprint(at, "nobody")) && unknown.ends_with("401 2"), "{unknown}");
    // Who says otherwise is taken at their word, and has to prove it.
    let admin = format!("admin:{PASSWORD}");
    assert!(text(&with("reader", &["--user", &admin, "--request", "DELETE"])).ends_with("200 2"));
    assert!(text(&with("pipeline", &["--user", "admin:wrong"])).ends_with("403 2"));
    // Of another authority, nobody is let in at all; and a certificate is not needed.
    assert!(!with("stranger", &[]).status.success());
    assert!(text(&curl(at, &["--cacert", "site.pem", &url])).ends_with("401 2"));
    let auditor = format!("auditor:{AUDITOR}");
    assert!(text(&curl(at, &["--cacert", "site.pem", "--user", &auditor, &url])).ends_with("404 2"));
}

/// Settings of the backend for a server.
fn given(lab: &Lab, texts: &[(&'static str, &str)]) -> Given {
    let host = format!("https://{}", lab.host);
    let texts = [("host", host.as_str())].into_iter().chain(texts.iter().copied());
    Given {
        texts: texts.map(|(name, text)| (name, text.to_owned())).collect(),
        numbers: [("max_retries", 0)].into(),
        ..Given::default()
    }
}

fn opened(lab: &Lab, given: &Given) -> Nsx {
    let notes: PathBuf = lab.folder.path().join("notes");
    Nsx::open(given.check(notes, CancellationToken::new(), &|_| false).unwrap().unwrap()).unwrap()
}

fn profile(number: usize) -> PolicyPath {
    PolicyPath::parse(&format!("/infra/ipsec-vpn-dpd-profiles/p{number}")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_shows_its_certificate() {
    let lab = served(people(), &["--users", "users.json", "--client-ca", "people.pem"]);
    let file = |name: &str| lab.folder.path().join(name).to_str().unwrap().to_owned();
    let read = |name: &str| fs::read_to_string(file(name)).unwrap();
    let by_file = |name: &str| {
        let (certificate, key) = (file(&format!("{name}.pem")), file(&format!("{name}.key")));
        given(
            &lab,
            &[("ca_file", &file("site.pem")), ("client_auth_cert_file", &certificate), ("client_auth_key_file", &key)],
        )
    };
    let made = opened(&lab, &by_file("pipeline")).create(&profile(1), serde_json::Map::new(), "me").await.unwrap();
    assert_eq!(made.get("_create_user"), Some(&Value::from("pipeline")));
    let inline = given(
        &lab,
        &[
            ("ca", &read("site.pem")),
            ("client_auth_cert", &read("reader.pem")),
            ("client_auth_key", &read("reader.key")),
        ],
    );
    assert!(opened(&lab, &inline).get(&profile(1)).await.unwrap().is_some());
    let refused = opened(&lab, &inline).create(&profile(2), serde_json::Map::new(), "me").await.unwrap_err();
    assert!(refused.to_string().contains("User reader has the role auditor"), "{refused}");
    let said = opened(&lab, &by_file("nobody")).get(&profile(1)).await.unwrap_err().to_string();
    assert!(said.contains("does not accept the credentials") && said.contains("is no principal identity's"), "{said}");
    // Whether the reason arrives before the connection has ended is a race.
    let said = opened(&lab, &by_file("stranger")).get(&profile(1)).await.unwrap_err().to_string();
    assert!(said.contains("client certificate") && said.contains("client_auth_cert_file"), "{said}");
    // A key that is of no use is told before anybody is asked.
    openssl(lab.folder.path(), "pkcs8 -topk8 -in reader.key -passout pass:hush -out encrypted.key");
    for (key, says) in [("encrypted.key", "holds a key that is encrypted"), ("pipeline.key", "is not the key of")] {
        let mut given = by_file("reader");
        given.texts.insert("client_auth_key_file", file(key));
        let wrong = given.check(PathBuf::new(), CancellationToken::new(), &|_| false).map(drop).unwrap_err();
        assert!(wrong.attribute == "client_auth_key_file" && wrong.what.contains(says), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_trusts_whom_it_is_told_to() {
    let lab = Lab::with(&["--tls-self-signed", "--rate-limit", "0"]);
    let user = [("username", "admin"), ("password", PASSWORD)];
    let said = opened(&lab, &given(&lab, &user)).get(&profile(1)).await.unwrap_err().to_string();
    assert!(said.contains("is not trusted") && said.contains("ca_file"), "{said}");
    let mut any = given(&lab, &user);
    any.flags.insert("allow_unverified_ssl", true);
    assert!(opened(&lab, &any).get(&profile(1)).await.unwrap().is_none());
    // The certificate itself is its own authority.
    let own = openssl(lab.folder.path(), &format!("s_client -connect {} -showcerts", lab.host));
    let [before, after] = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"];
    let own = &own[own.find(before).unwrap()..own.find(after).unwrap() + after.len()];
    assert!(opened(&lab, &given(&lab, &[user[0], user[1], ("ca", own)])).get(&profile(1)).await.unwrap().is_none());
}

#[test]
fn a_head_is_answered_without_a_body_by_both_versions_of_http() {
    let lab = served(site(), &[]);
    let user = format!("admin:{PASSWORD}");
    for version in ["--http1.1", "--http2"] {
        for path in ["/policy/api/v1/infra/segments", "/infra/tier-0s/vmc", "/healthz"] {
            let url = format!("https://{}{path}", lab.host);
            let own = ["--cacert", "site.pem", "--user", &user, version, "--head", &url];
            let answer = curl(lab.folder.path(), &own);
            assert!(answer.status.success(), "{version} {path}: {}", String::from_utf8_lossy(&answer.stderr));
        }
    }
}

/// The reasons in the log of connections that were refused, once there are so many.
fn refused(lab: &Lab, count: usize) -> Vec<String> {
    let reasons = || {
        let log = lab.log.lock().unwrap().clone();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let refused = lines.filter(|line| line["@message"] == "a connection is refused");
        let reason = |line: Value| {
            assert_eq!(line["@level"], "warn");
            assert!(line["remote"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
            line["reason"].as_str().unwrap().to_owned()
        };
        refused.map(reason).collect::<Vec<_>>()
    };
    let enough = (0..600).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        reasons().len() >= count
    });
    let found = reasons();
    assert!(enough.is_some() && found.len() == count, "{found:?}");
    found
}

/// Who is refused before there is a request learns little of it; the log has it.
#[test]
fn a_refused_connection_is_told_in_the_log() {
    let lab = served(people(), &["--users", "users.json", "--client-ca", "people.pem"]);
    let at = lab.folder.path();
    // Without extensions a certificate is one of version 1.
    openssl(at, &format!("req -new {EC} -noenc -keyout old.key -out old.csr -subj /CN=old"));
    openssl(at, "x509 -req -in old.csr -CA people.pem -CAkey people.key -CAcreateserial -days 30 -out old.pem");
    let url = format!("https://{}{PROFILES}", lab.host);
    let with = |name: &str| {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        curl(at, &["--cacert", "site.pem", "--cert", &certificate, "--key", &key, &url])
    };
    certificate(at, "people", "site-only", EC, "serverAuth");
    for (count, name, says) in [
        (1, "old", "it is of X.509 version 1, and version 3 is needed"),
        (2, "stranger", "no authority of --client-ca has signed it"),
        (3, "site-only", "its extendedKeyUsage lacks clientAuth"),
    ] {
        assert!(!with(name).status.success(), "{name}");
        let reasons = refused(&lab, count);
        let last = &reasons[count - 1];
        assert!(last.starts_with("the client's certificate is not taken: ") && last.contains(says), "{last}");
    }
    // A client that does not know the server's authority.
    assert_eq!(curl(at, &[&url]).status.code(), Some(60));
    assert!(refused(&lab, 4)[3].contains("does not take the server's certificate"));
    // Plain HTTP is answered in plain, in the form of the API.
    let plain = lab.send("GET", PROFILES, &[], b"");
    assert!(plain.refused(400, 400).contains("https://"));
    assert_eq!(plain.header("connection"), Some("close"));
    assert!(lab.send("GET", "/v2.0/ports", &[], b"").json()["NeutronError"]["message"].is_string());
    assert!(refused(&lab, 6).iter().skip(4).all(|reason| reason.contains("plain HTTP")));
    // Who comes and goes is not worth a line.
    drop(lab.connect());
    assert!(text(&with("reader")).ends_with("200 2"));
    refused(&lab, 6);
}

/// TLS at a port of plain HTTP is told in the log, and by the backend.
#[tokio::test(flavor = "multi_thread")]
async fn tls_at_a_port_of_plain_http_is_told() {
    let lab = Lab::new();
    let url = format!("https://{}{PROFILES}", lab.host);
    assert!(!curl(lab.folder.path(), &[&url]).status.success());
    assert!(refused(&lab, 1)[0].contains("it speaks TLS, and this port takes plain HTTP"));
    let user = [("username", "admin"), ("password", PASSWORD)];
    let said = opened(&lab, &given(&lab, &user)).get(&profile(1)).await.unwrap_err().to_string();
    assert!(said.contains("the URL begins with http://"), "{said}");
}

/// How many connections the server has, this one included.
fn connections(lab: &Lab) -> u64 {
    let url = format!("https://{}/metrics", lab.host);
    let user = format!("admin:{PASSWORD}");
    let text = text(&curl(lab.folder.path(), &["--cacert", "site.pem", "--user", &user, &url]));
    let line = text.lines().find(|line| line.starts_with("vpn_http_connections ")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_asks_many_things_over_one_connection() {
    let lab = served(site(), &[]);
    let authority = lab.folder.path().join("site.pem");
    let user = [("username", "admin"), ("password", PASSWORD), ("ca_file", authority.to_str().unwrap())];
    let backend = std::sync::Arc::new(opened(&lab, &given(&lab, &user)));
    let make = |number: usize| {
        let backend = std::sync::Arc::clone(&backend);
        tokio::spawn(async move { backend.create(&profile(number), serde_json::Map::new(), "me").await.unwrap() })
    };
    // The first one finds out that the server speaks HTTP/2.
    make(0).await.unwrap();
    for made in (1..30).map(make).collect::<Vec<_>>() {
        made.await.unwrap();
    }
    assert!(backend.requests() >= 60, "each is looked for and put");
    let count = tokio::task::spawn_blocking({
        let lab = std::sync::Arc::new(lab);
        move || connections(&lab)
    });
    assert_eq!(count.await.unwrap(), 2, "the backend's, and that of who counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_and_the_server_agree_on_http_2() {
    let lab = served(site(), &["--max-body", "1048576"]);
    let pem = fs::read(lab.folder.path().join("site.pem")).unwrap();
    let url = |path: &str| format!("https://{}{path}", lab.host);
    // The same as the backend's.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client =
        reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]).build().unwrap();
    let asked = |path: &str| client.get(url(path)).basic_auth("admin", Some(PASSWORD));
    let answer = asked(&format!("{PROFILES}/nsx-default-l3vpn-dpd-profile")).send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    assert!(answer.headers().get("connection").is_none());
    // Errors have the same form as over HTTP/1.1, those of limits as well.
    let missing = asked(&format!("{PROFILES}/x")).send().await.unwrap();
    assert_eq!(missing.version(), reqwest::Version::HTTP_2);
    let missing: Value = serde_json::from_slice(&missing.bytes().await.unwrap()).unwrap();
    assert_eq!(missing["error_code"], 600);
    let large = client.put(url(&format!("{PROFILES}/large"))).basic_auth("admin", Some(PASSWORD));
    let large = large.header("content-type", "application/json").body(vec![b' '; 3 << 20]).send().await;
    // The answer comes before the body is through; the stream may be reset then.
    if let Ok(answer) = large {
        assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 413));
    }
    let many = asked(PROFILES).header("x-large", "x".repeat(100_000)).send().await;
    assert!(many.map_or(true, |answer| answer.status().as_u16() == 431));
    assert_eq!(asked(PROFILES).send().await.unwrap().status().as_u16(), 200, "the connection is as good as before");
    // Who does not speak it is served by HTTP/1.1.
    let older = ["--http1.1", "--cacert", "site.pem", "--user", &format!("admin:{PASSWORD}"), &url(PROFILES)];
    assert!(text(&curl(lab.folder.path(), &older)).ends_with("200 1.1"));
}
