//! How the server begins and ends.

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::lab::{Lab, PASSWORD, TOKEN, basic, read};

const PROFILE: &str = "/infra/ipsec-vpn-dpd-profiles/a";

#[test]
fn what_is_under_way_is_answered_before_the_server_ends() {
    let mut lab = Lab::new();
    let body = json!({ "retry_count": 3 }).to_string();
    let mut stream = lab.connect();
    let authorization = basic("admin", PASSWORD);
    let head = format!(
        "PUT {PROFILE} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It has begun to read the body.
    assert_eq!(read(&mut stream).status, 100);
    let ending = std::thread::scope(|scope| {
        let ending = scope.spawn(|| lab.terminate());
        // Nobody else is let in any more.
        stream.write_all(body.as_bytes()).unwrap();
        assert_eq!(read(&mut stream).ok()["retry_count"], 3);
        ending.join().unwrap()
    });
    assert!(ending);
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = {
        let mut lab = Lab::new();
        lab.put(PROFILE, &json!({ "retry_count": 3 })).ok();
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = format!("refresh_token={TOKEN}");
        let answer = lab.send("POST", "/csp/gateway/am/api/auth/api-tokens/authorize", &form, body.as_bytes()).ok();
        let token = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let folder = std::mem::replace(&mut lab.folder, tempfile::TempDir::new().unwrap());
        assert!(Command::new("kill").args(["-KILL", &lab.pid().to_string()]).status().unwrap().success());
        drop(lab);
        (folder, token)
    };
    let (folder, token) = folder;
    let lab = Lab::within(folder, &[]);
    // So is the key with which tokens are signed.
    let found = lab.send("GET", PROFILE, &[("Authorization", &token)], b"").ok();
    assert_eq!(found["retry_count"], 3);
}

/// Two servers on one file: what one has acknowledged, the other shows, whatever it has in
/// memory.
#[test]
fn what_one_server_has_written_another_shows_at_once() {
    let one = Lab::new();
    let file = one.folder.path().join("vpn-engine.db");
    let other = Lab::with(&["--rate-limit", "0", "--data", file.to_str().unwrap()]);
    let list = "/infra/tier-0s/vmc/prefix-lists";
    let path = format!("{list}/a");
    let found = |lab: &Lab, query: &str| lab.get(query).ok()["result_count"].as_u64().unwrap();
    let named = |name: &str| format!("/policy/api/v1/search/query?query=display_name:{name}");
    let at_first = found(&other, list);
    for round in 0..20 {
        let (writer, reader) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let name = format!("name-{round}");
        let body = json!({ "display_name": name, "prefixes": [{ "network": "ANY", "action": "PERMIT" }] });
        writer.patch(&path, &body).ok();
        assert_eq!(reader.get(&path).ok()["display_name"], name);
        assert_eq!(found(reader, &named(&name)), 1);
        assert_eq!(found(reader, list), at_first + 1);
        if round % 3 == 2 {
            writer.delete(&path).ok();
            reader.get(&path).refused(404, 600);
            assert_eq!((found(reader, &named(&name)), found(reader, list)), (0, at_first));
        }
    }
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
        .args(["serve", "--no-auth", "--listen", &address])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&address) && output.status.code() == Some(2), "{said}");
}

#[test]
fn metrics_count_what_was_answered() {
    let lab = Lab::new();
    lab.get(PROFILE).refused(404, 600);
    let text = lab.get("/metrics").text();
    assert!(text.contains("vpn_http_requests_total{method=\"GET\",status=\"4xx\"} 1\n"), "{text}");
    lab.send("GET", "/metrics", &[], b"").refused(401, 401);
}
