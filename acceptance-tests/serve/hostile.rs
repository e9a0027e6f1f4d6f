//! What no client should send: a refusal in the API's own form, and bounded memory.

use std::io::Write;

use serde_json::json;

use crate::lab::{Lab, PASSWORD, basic, read};

const PROFILE: &str = "/infra/ipsec-vpn-dpd-profiles/a";

/// More than the process has at rest, and what one body may make of it.
const BOUND: u64 = 150 * 1024 * 1024;

fn head(lab: &Lab, length: usize) -> String {
    let authorization = basic("admin", PASSWORD);
    format!(
        "PUT {PROFILE} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Length: {length}\r\n\r\n",
        lab.host
    )
}

#[test]
fn a_body_that_is_too_large_is_not_read() {
    let lab = Lab::new();
    lab.raw(head(&lab, 100 * 1024 * 1024).as_bytes()).refused(413, 413);
    // Of a body that does not say how long it is, as much as may be is read.
    let mut stream = lab.connect();
    let head = head(&lab, 0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 0x10_0000], b"\r\n"].concat();
    for _ in 0..100 {
        if stream.write_all(&chunk).is_err() {
            break;
        }
    }
    assert!(lab.memory() < BOUND, "{} bytes", lab.memory());
    lab.get("/healthz").ok();
}

#[test]
fn headers_without_end_are_refused() {
    let lab = Lab::new();
    let many: String = (0..100_000).map(|number| format!("X-{number}: x\r\n")).collect();
    lab.raw(format!("GET {PROFILE} HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes()).refused(431, 431);
    let few: String = (0..200).map(|number| format!("X-{number}: x\r\n")).collect();
    lab.raw(format!("GET {PROFILE} HTTP/1.1\r\nHost: x\r\n{few}\r\n").as_bytes()).refused(431, 431);
    let long = "x".repeat(1_000_000);
    lab.raw(format!("GET {PROFILE} HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n").as_bytes()).refused(431, 431);
    // What is too long may be the URL or all of it, depending on what has arrived.
    let reply = lab.raw(format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    reply.refused(if reply.status == 414 { 414 } else { 431 }, u64::from(reply.status));
    lab.raw(b"what is this\r\n\r\n").refused(400, 400);
    assert!(lab.memory() < BOUND);
}

#[test]
fn json_that_is_none_or_not_clear_is_refused() {
    let lab = Lab::new();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let objects = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    for (body, says) in [
        ("{\n \"enabled\": true,\n}", "trailing comma at line 3 column 1"),
        ("{\"enabled\": true, \"enabled\": false}", "\"enabled\" occurs twice"),
        ("", "EOF"),
        ("{\"enabled\": tru", "line 1 column"),
        ("{} {}", "trailing characters"),
        ("[]", "not an object"),
        ("null", "not an object"),
        (deep.as_str(), "nested"),
        (objects.as_str(), ""),
    ] {
        let reply = lab.by(("admin", PASSWORD), "PUT", PROFILE, body);
        let said = reply.refused(400, 255);
        assert!(said.contains(says) || said.contains("recursion"), "{said}");
    }
    let headers = [("Authorization", basic("admin", PASSWORD))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    lab.send("PUT", PROFILE, &headers, b"{\"description\": \"\xff\xfe\"}").refused(400, 255);
    for body in
        [json!({ "enabled": "yes" }), json!({ "retry_count": 1.5 }), json!({ "colour": "red" }), json!({ "tags": {} })]
    {
        lab.put(PROFILE, &body).refused(400, 255);
    }
    lab.get(PROFILE).refused(404, 600);
}

/// What is small as text may be large as values.
#[test]
fn a_body_of_tiny_values_costs_little_memory() {
    const MIB: usize = 1024 * 1024;
    let lab = Lab::new();
    let before = lab.memory();
    for (method, path, (begin, item, end)) in [
        ("PUT", PROFILE, ("[", "1,", "1]")),
        ("PUT", PROFILE, ("{\"a\":[", "{},", "{}]}")),
        ("PATCH", "/infra", ("{\"resource_type\":\"Infra\",\"children\":[", "{},", "{}]}")),
    ] {
        let body = format!("{begin}{}{end}", item.repeat((10 * MIB - 100) / item.len()));
        let said = lab.by(("admin", PASSWORD), method, path, &body).refused(400, 255);
        assert!(said.contains("more than 500000 values"), "{said}");
    }
    let peak = lab.peak_memory();
    assert!(peak < before + 150 * MIB as u64, "{peak} bytes after {before}");
}

#[test]
fn a_rule_of_other_characters_than_a_network_has_is_refused() {
    let lab = Lab::new();
    let subnets: Vec<_> = (0..9).map(|number| json!({ "subnet": format!("{number}\u{f402f}\u{e9}") })).collect();
    let body = json!({
        "resource_type": "PolicyBasedIPSecVpnSession",
        "rules": [{ "sources": subnets.clone(), "destinations": subnets }],
    });
    lab.put("/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/s", &body).refused(400, 255);
}

#[test]
fn a_path_that_could_mean_another_is_refused() {
    let lab = Lab::new();
    for path in [
        "/infra/../infra/ipsec-vpn-dpd-profiles",
        "/infra/ipsec-vpn-dpd-profiles/..",
        "/infra/ipsec-vpn-dpd-profiles/%2e%2e",
        "/infra/ipsec-vpn-dpd-profiles/a%2fb",
        "/infra//ipsec-vpn-dpd-profiles",
        "/infra/ipsec-vpn-dpd-profiles/",
        "/infra/ipsec-vpn-dpd-profiles/%ff",
        "/infra/ipsec-vpn-dpd-profiles/%0a",
    ] {
        lab.get(path).refused(400, 255);
        assert_eq!(lab.put(path, &json!({})).status / 100, 4, "{path}");
    }
    assert_eq!(lab.get("/infra/ipsec-vpn-dpd-profiles?cursor=%ff").status, 400);
}

#[test]
fn slow_clients_are_given_up_and_others_served() {
    let lab = Lab::with(&["--header-timeout", "1", "--body-timeout", "1", "--rate-limit", "0"]);
    let mut slow: Vec<_> = (0..50).map(|_| lab.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").unwrap();
    }
    lab.get("/healthz").ok();
    let mut stream = lab.connect();
    stream.write_all(head(&lab, 10).as_bytes()).unwrap();
    stream.write_all(b"{").unwrap();
    let reply = read(&mut stream);
    let said = reply.refused(408, 408);
    assert!(said.contains("1 seconds"), "{said}");
    for stream in &mut slow {
        let mut rest = Vec::new();
        // The connection ends, whether with an answer or without.
        let _ = std::io::Read::read_to_end(stream, &mut rest);
    }
}

/// Bodies that are announced and do not come take nothing from others: neither from who is known,
/// nor from anybody.
#[test]
fn bodies_that_do_not_come_keep_nobody_waiting() {
    let lab = Lab::with(&["--body-timeout", "600", "--rate-limit", "0"]);
    let largest = 10 * 1024 * 1024;
    let anybody = format!(
        "POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {largest}\r\n\r\n{{"
    );
    let known = head(&lab, largest) + "{";
    let slow: Vec<_> = [anybody, known]
        .iter()
        .flat_map(|request| std::iter::repeat_n(request, 16))
        .map(|request| {
            let mut stream = lab.connect();
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    lab.get("/healthz").ok();
    let profile = "/infra/ipsec-vpn-dpd-profiles/a";
    lab.put(profile, &serde_json::json!({})).ok();
    drop(slow);
}
