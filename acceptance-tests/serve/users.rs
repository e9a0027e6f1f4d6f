//! Who may do what.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::lab::{AUDITOR, Lab, PASSWORD, TOKEN, basic};

const PROFILE: &str = "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const CLOUD: &str = "/csp/gateway/am/api/auth";

#[test]
fn nobody_is_let_in_without_credentials() {
    let lab = Lab::new();
    let reply = lab.send("GET", PROFILE, &[], b"");
    reply.refused(401, 401);
    assert_eq!(reply.header("www-authenticate"), Some("Basic realm=\"NSX\""));
    for header in [basic("admin", "wrong"), basic("nobody", PASSWORD), "Basic !".to_owned(), "Basic".to_owned()] {
        lab.send("GET", PROFILE, &[("Authorization", &header)], b"").refused(403, 403);
    }
    for header in ["Digest x", "Bearer x", "Bearer"] {
        lab.send("GET", PROFILE, &[("Authorization", header)], b"").refused(401, 401);
    }
    let remote = basic("admin", PASSWORD).replace("Basic", "Remote");
    lab.send("GET", PROFILE, &[("Authorization", &remote)], b"").ok();
}

#[test]
fn a_session_needs_its_cookie_and_its_token() {
    let lab = Lab::new();
    let login = |password: &str| {
        let password: String = url::form_urlencoded::byte_serialize(password.as_bytes()).collect();
        let form = format!("j_username=admin&j_password={password}");
        lab.send("POST", "/api/session/create", &[FORM], form.as_bytes())
    };
    login("wrong").refused(403, 403);
    let opened = login(PASSWORD);
    opened.ok();
    let cookie = opened.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let xsrf = opened.header("x-xsrf-token").unwrap().to_owned();
    assert!(cookie.starts_with("JSESSIONID="));
    let get = |headers: &[(&str, &str)]| lab.send("GET", PROFILE, headers, b"");
    get(&[("Cookie", &cookie), ("X-XSRF-TOKEN", &xsrf)]).ok();
    get(&[("Cookie", &cookie)]).refused(403, 98);
    get(&[("Cookie", &cookie), ("X-XSRF-TOKEN", "x")]).refused(403, 98);
    get(&[("Cookie", "JSESSIONID=x"), ("X-XSRF-TOKEN", &xsrf)]).refused(401, 401);
    lab.send("GET", "/api/session/destroy", &[("Cookie", &cookie), ("X-XSRF-TOKEN", &xsrf)], b"").ok();
    get(&[("Cookie", &cookie), ("X-XSRF-TOKEN", &xsrf)]).refused(401, 401);
}

#[test]
fn the_cloud_exchanges_a_token_for_one_that_ends() {
    let lab = Lab::with(&["--token-lifetime", "1", "--rate-limit", "0"]);
    let exchange = |token: &str| {
        let form = format!("refresh_token={token}");
        lab.send("POST", &format!("{CLOUD}/api-tokens/authorize"), &[FORM], form.as_bytes())
    };
    exchange("wrong").refused(403, 403);
    let answer = exchange(TOKEN).ok();
    assert_eq!((&answer["expires_in"], &answer["token_type"]), (&json!(1), &json!("bearer")));
    let token = answer["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let ways: [(&str, &str); 2] = [("Authorization", &bearer), ("csp-auth-token", token)];
    // It may have ended before it is used.
    let mut reply = lab.send("GET", PROFILE, &[ways[0]], b"");
    while reply.status == 200 {
        reply = lab.send("GET", PROFILE, &[ways[0]], b"");
    }
    for way in ways {
        let said = lab.send("GET", PROFILE, &[way], b"").refused(401, 401);
        assert!(said.contains("expired"), "{said}");
    }
}

#[test]
fn a_token_is_exchanged_by_either_name_in_the_body_or_in_the_url() {
    let lab = Lab::with(&["--rate-limit", "0"]);
    let address = format!("{CLOUD}/api-tokens/authorize");
    for name in ["refresh_token", "api_token"] {
        let form = format!("{name}={TOKEN}");
        lab.send("POST", &address, &[FORM], form.as_bytes()).ok();
        lab.send("POST", &format!("{address}?{form}"), &[], b"").ok();
        lab.send("POST", &format!("{address}?{name}=wrong"), &[], b"").refused(403, 403);
    }
    lab.send("POST", &address, &[FORM], b"").refused(400, 255);
}

/// A folder with a file of users, `users.json`, of this mode.
pub fn users(text: &str, mode: u32) -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users.json");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    folder
}

#[test]
fn an_application_gets_a_token_for_its_secret() {
    let file = r#"{"applications": [{"id": "app", "secret": "its secret", "role": "auditor"}]}"#;
    let lab = Lab::within(users(file, 0o600), &["--users", "users.json"]);
    for address in ["authorize", "token"] {
        let ask = |secret: &str, form: &str| {
            let header = basic("app", secret);
            lab.send("POST", &format!("{CLOUD}/{address}"), &[FORM, ("Authorization", &header)], form.as_bytes())
        };
        ask("wrong", "grant_type=client_credentials").refused(403, 403);
        ask("its secret", "grant_type=password").refused(400, 255);
        let token = ask("its secret", "grant_type=client_credentials").ok()["access_token"].clone();
        let header = format!("Bearer {}", token.as_str().unwrap());
        lab.send("GET", PROFILE, &[("Authorization", &header)], b"").ok();
        lab.send("DELETE", PROFILE, &[("Authorization", &header)], b"").refused(403, 289);
    }
}

#[test]
fn an_auditor_reads_and_sees_no_secrets() {
    let lab = Lab::new();
    let neighbor = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors/n";
    let body = json!({ "neighbor_address": "169.254.1.1", "remote_as_num": "65001", "password": "hush" });
    lab.put(neighbor, &body).ok();
    let as_auditor = |method: &str, path: &str| lab.by(("auditor", AUDITOR), method, path, "{}");
    assert!(!as_auditor("GET", neighbor).text().contains("hush"));
    for (method, path) in [
        ("PUT", neighbor.to_owned()),
        ("PATCH", neighbor.to_owned()),
        ("DELETE", neighbor.to_owned()),
        ("PATCH", "/policy/api/v1/infra".to_owned()),
        ("GET", format!("{neighbor}?action=show_sensitive_data")),
    ] {
        as_auditor(method, &path).refused(403, 289);
    }
    assert_eq!(as_auditor("POST", &format!("{neighbor}/routes?format=csv")).status, 200);
    assert_eq!(lab.get(&format!("{neighbor}?action=show_sensitive_data")).ok()["password"], "hush");
}

#[test]
fn who_guesses_is_locked_out_for_a_while() {
    let lab = Lab::new();
    for _ in 0..5 {
        lab.by(("admin", "wrong"), "GET", PROFILE, "").refused(403, 403);
    }
    let locked = lab.get(PROFILE);
    locked.refused(403, 403);
    assert!(locked.header("retry-after").is_some());
    // Somebody else is not.
    assert_eq!(lab.by(("auditor", AUDITOR), "GET", PROFILE, "").status, 200);
}

#[test]
fn a_user_who_asks_too_often_has_to_wait() {
    let lab = Lab::with(&["--rate-limit", "2"]);
    let refused = (0..100).map(|_| lab.get(PROFILE)).find(|reply| reply.status != 200).unwrap();
    let said = refused.refused(429, 102);
    assert_eq!(said, "Client 'admin' exceeded request rate of 2 per second.");
    assert_eq!(refused.header("retry-after"), Some("1"));
}

/// Who is nobody is counted by address: logins, requests without credentials.
#[test]
fn an_address_that_asks_too_often_as_nobody_has_to_wait() {
    let login = b"j_username=admin&j_password=guess".as_slice();
    let body = br#"{"auth": {"identity": {"methods": ["password"]}}}"#.as_slice();
    let json = ("Content-Type", "application/json");
    for (method, path, headers, body) in [
        ("GET", PROFILE, &[][..], &b""[..]),
        ("GET", PROFILE, &[("Authorization", "Bearer nonsense")], b""),
        ("POST", "/api/session/create", &[FORM], login),
        ("GET", "/openapi.json", &[], b""),
        ("GET", "/nowhere", &[], b""),
        ("POST", "/v3/auth/tokens", &[json], body),
        ("GET", "/v2.0/networks", &[], b""),
    ] {
        let lab = Lab::with(&["--rate-limit", "2"]);
        let ask = || lab.send(method, path, headers, body);
        let refused = (0..100).map(|_| ask()).find(|reply| reply.status == 429);
        let refused = refused.unwrap_or_else(|| panic!("{method} {path} is without bound"));
        assert_eq!(refused.header("retry-after"), Some("1"), "{path}");
        let text = refused.text();
        assert!(text.contains("Client '127.0.0.1' exceeded request rate of 2 per second."), "{path} {text}");
        match path {
            "/v3/auth/tokens" => assert_eq!(refused.json()["error"]["code"], 429),
            "/v2.0/networks" => assert!(refused.json()["NeutronError"].is_object(), "{text}"),
            _ => drop(refused.refused(429, 102)),
        }
        // Users are not concerned.
        lab.get(PROFILE).ok();
    }
    let free = Lab::new();
    assert!((0..300).all(|_| free.send("GET", "/healthz", &[], b"").status == 200));
}

/// What a load balancer asks, and who logs in, does not wait for what others ask from there.
#[test]
fn health_and_logins_have_rates_of_their_own() {
    let lab = Lab::with(&["--rate-limit", "2"]);
    let ask = || lab.send("GET", "/openapi.json", &[], b"").status;
    assert!((0..100).any(|_| ask() == 429), "it is without bound");
    assert_eq!(lab.send("GET", "/healthz", &[], b"").status, 200);
    let form = b"j_username=admin&j_password=guess";
    lab.send("POST", "/api/session/create", &[FORM], form).refused(403, 403);
}

#[test]
fn wrong_tokens_and_empty_names_lock_out_nobody_else() {
    let lab = Lab::new();
    for _ in 0..120 {
        lab.send("POST", "/api/session/create", &[FORM], b"j_username=&j_password=x").refused(403, 403);
        lab.by(("", "x"), "GET", PROFILE, "").refused(403, 403);
    }
    let exchange = |token: &str| {
        let form = format!("refresh_token={token}");
        lab.send("POST", &format!("{CLOUD}/api-tokens/authorize"), &[FORM], form.as_bytes())
    };
    (0..4).for_each(|_| drop(exchange("wrong").refused(403, 403)));
    exchange(TOKEN).ok();
    (0..5).for_each(|_| drop(exchange("wrong").refused(403, 403)));
    exchange(TOKEN).refused(403, 403);
    lab.get(PROFILE).ok();
}

#[test]
fn an_access_token_of_the_cloud_is_revoked() {
    let lab = Lab::new();
    let form = format!("refresh_token={TOKEN}");
    let answer = lab.send("POST", &format!("{CLOUD}/api-tokens/authorize"), &[FORM], form.as_bytes()).ok();
    let token = answer["access_token"].as_str().unwrap();
    let get = || lab.send("GET", PROFILE, &[("csp-auth-token", token)], b"");
    get().ok();
    let headers = [("X-Auth-Token", token), ("X-Subject-Token", token)];
    assert_eq!(lab.send("DELETE", "/v3/auth/tokens", &headers, b"").status, 204);
    get().refused(401, 401);
}

#[test]
fn an_id_that_is_no_name_needs_one() {
    let lab = Lab::new();
    let path = format!("/infra/ipsec-vpn-ike-profiles/{}", "a".repeat(256));
    let said = lab.put(&path, &json!({})).refused(400, 255);
    assert!(said.contains("display_name"), "{said}");
    lab.put(&path, &json!({ "display_name": "a" })).ok();
    lab.patch(&path, &json!({ "description": "b" })).ok();
    lab.put("/infra/ipsec-vpn-ike-profiles/b", &json!({})).ok();
}

#[test]
fn events_are_logged_as_far_as_the_level_says() {
    let levels = |level: &str| {
        let lab = Lab::with_environment(&["--rate-limit", "0"], &[("VPN_SERVE_LOG", level)]);
        lab.get(PROFILE).ok();
        lab.send("POST", "/api/session/create", &[FORM], b"j_username=admin&j_password=guess").refused(403, 403);
        lab.put("/infra/simulated-peers/p", &json!({ "address": "198.51.100.1", "psk": "hush" })).ok();
        lab.get("/healthz").ok();
        while !lab.log.lock().unwrap().contains("/healthz") {}
        let log = lab.log.lock().unwrap().clone();
        for secret in ["hush", "guess", PASSWORD] {
            assert!(!log.contains(secret), "{log}");
        }
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line.get("@level").cloned()).collect::<Vec<_>>()
    };
    assert!(levels("warn").is_empty());
    assert!(levels("").is_empty());
    assert!(levels("info").contains(&json!("info")));
    levels("TRACE");
    let folder = TempDir::new().unwrap();
    let said = fails(&folder, &[], &[("VPN_SERVE_LOG", "loud"), ("VPN_SERVE_ADMIN_PASSWORD", "x")]);
    assert!(said.contains("VPN_SERVE_LOG") && said.contains("loud"), "{said}");
}

#[test]
fn the_log_names_requests_and_no_secrets() {
    let lab = Lab::new();
    lab.get(&format!("{PROFILE}?action=show_sensitive_data")).ok();
    lab.put("/infra/simulated-peers/p", &json!({ "address": "198.51.100.1", "psk": "hush" })).ok();
    lab.send("POST", "/api/session/create", &[FORM], b"j_username=admin&j_password=guess").refused(403, 403);
    lab.get("/healthz").ok();
    while !lab.log.lock().unwrap().contains("/healthz") {}
    let log = lab.log.lock().unwrap().clone();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "{log}");
    assert_eq!(
        (&lines[0]["user"], &lines[0]["path"], &lines[0]["status"]),
        (&json!("admin"), &json!(PROFILE), &json!(200))
    );
    for secret in ["hush", "guess", PASSWORD, "show_sensitive_data", "Basic"] {
        assert!(!log.contains(secret), "{log}");
    }
}

fn fails(folder: &TempDir, options: &[&str], environment: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
        .arg("serve")
        .args(options)
        .current_dir(folder.path())
        .env_remove("VPN_EMBEDDED_PATH")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_would_be_open_to_everybody_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    assert!(fails(&folder, &[], &[]).contains("there are no users"));
    assert!(fails(&folder, &["--no-auth", "--listen", "0.0.0.0:0"], &[]).contains("lets everybody in"));
    let said = fails(&folder, &["--listen", "0.0.0.0:0"], &[("VPN_SERVE_ADMIN_PASSWORD", "x")]);
    assert!(said.contains("--insecure-http"), "{said}");
    let open = users("{}", 0o644);
    assert!(fails(&open, &["--users", "users.json"], &[]).contains("chmod 600"));
    let secret = users(r#"{"users": [{"name": "a", "password": "hush", "rule": "admin"}]}"#, 0o600);
    let said = fails(&secret, &["--users", "users.json"], &[]);
    assert!(said.contains("line 1") && !said.contains("hush"), "{said}");
    assert!(!folder.path().join("vpn-engine.db").exists());
}

#[test]
fn without_authentication_pages_of_other_hosts_are_refused() {
    let lab = Lab::with(&["--no-auth"]);
    assert_eq!(lab.send("GET", PROFILE, &[], b"").status, 200);
    lab.raw(format!("GET {PROFILE} HTTP/1.1\r\nHost: evil.example\r\n\r\n").as_bytes()).refused(403, 289);
    lab.send("GET", PROFILE, &[("Origin", "https://evil.example")], b"").refused(403, 289);
}

#[test]
fn a_mistake_in_the_file_of_users_is_told_with_the_field_and_the_user() {
    for (file, says) in [
        (
            r#"{"users": [{"name": "alice", "password": "hush", "role": "hush"}]}"#,
            "line 1, column 63, users[0].role of \"alice\": expected one of `admin`, `auditor`, `member`",
        ),
        (
            r#"{"users": [{"name": "alice", "password": "", "role": "admin"}]}"#,
            "\"alice\" has an empty secret (users[0])",
        ),
        (
            r#"{"refresh_tokens": [{"token": "hush", "user": "", "role": "admin"}]}"#,
            "refresh_tokens[0] has an empty name",
        ),
    ] {
        let folder = users(file, 0o600);
        let said = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
            .args(["serve", "--listen", "127.0.0.1:0", "--users", "users.json"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(2), "{text}");
        assert!(text.contains(says) && !text.contains("hush"), "{text}");
    }
}
