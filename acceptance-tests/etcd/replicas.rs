//! Two servers on one engine.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster::{Etcd, fresh_prefix};
use crate::lab::{Lab, PASSWORD, Reply, basic, try_read};

const PROFILES: &str = "/policy/api/v1/infra/ipsec-vpn-dpd-profiles";

fn replica(etcd: &Etcd, prefix: &str) -> Lab {
    Lab::with(&["--store", &etcd.url(prefix), "--rate-limit", "0"])
}

fn pair(etcd: &Etcd) -> [Lab; 2] {
    let prefix = fresh_prefix();
    [replica(etcd, &prefix), replica(etcd, &prefix)]
}

#[test]
fn what_one_has_acknowledged_the_other_shows_at_once() {
    let etcd = Etcd::shared();
    let replicas = pair(&etcd);
    for round in 0..60 {
        let (one, other) = (&replicas[round % 2], &replicas[(round + 1) % 2]);
        let at = format!("{PROFILES}/p{}", round / 4);
        if round % 4 == 3 {
            assert_eq!(one.delete(&at).status, 200);
            other.get(&at).refused(404, 600);
        } else {
            one.patch(&at, &json!({ "retry_count": round + 1 })).ok();
            assert_eq!(other.get(&at).ok()["retry_count"], round + 1);
        }
        let search = "/policy/api/v1/search/query?query=resource_type:IPSecVpnDpdProfile";
        let count = |lab: &Lab, address| lab.get(address).ok()["result_count"].as_u64().unwrap();
        assert_eq!(count(one, search), count(other, search));
        assert_eq!(count(one, PROFILES), count(other, PROFILES));
    }
}

#[test]
fn how_sessions_run_is_the_same_on_both() {
    let etcd = Etcd::shared();
    let replicas = pair(&etcd);
    let below = "/policy/api/v1/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
    for round in 0..6 {
        let (one, other) = (&replicas[round % 2], &replicas[(round + 1) % 2]);
        let at = format!("{below}/sessions/s{round}");
        let body = json!({
            "resource_type": "RouteBasedIPSecVpnSession",
            "local_endpoint_path": "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1",
            "peer_address": format!("198.51.100.{}", round + 1),
            "peer_id": format!("198.51.100.{}", round + 1),
            "psk": "a key of theirs",
            "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": [format!("169.254.{round}.1")], "prefix_length": 30 }] }],
        });
        one.patch(&at, &body).ok();
        let status = other.get(&format!("{at}/detailed-status")).ok();
        assert_eq!(status["results"][0]["runtime_status"], "NEGOTIATING", "{status}");
        let summary = other.get(&format!("{below}/summary")).ok();
        assert_eq!(summary["session_summary"]["total_sessions"], 1, "{summary}");
        one.delete(&at);
        other.get(&format!("{at}/detailed-status")).refused(404, 600);
    }
}

#[test]
fn of_two_writers_at_one_revision_exactly_one_wins() {
    let etcd = Etcd::shared();
    let replicas = pair(&etcd);
    let at = format!("{PROFILES}/a");
    replicas[0].put(&at, &json!({ "retry_count": 1 })).ok();
    for _ in 0..30 {
        let mut body = replicas[0].get(&at).ok();
        let before = body["retry_count"].as_u64().unwrap();
        body["retry_count"] = json!(before % 90 + 1);
        let replies = thread::scope(|scope| {
            let body = &body;
            let at = &at;
            replicas.each_ref().map(|lab| scope.spawn(move || lab.put(at, body))).map(|put| put.join().unwrap())
        });
        let mut statuses = replies.each_ref().map(|reply| reply.status);
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{replies:?}");
        replies.iter().filter(|reply| reply.status == 412).for_each(|reply| drop(reply.refused(412, 206)));
    }
}

#[test]
fn no_update_of_many_writers_is_lost() {
    const WRITERS: usize = 6;
    const TIMES: u64 = 12;
    let etcd = Etcd::shared();
    let replicas = pair(&etcd);
    let at = format!("{PROFILES}/counter");
    replicas[0].put(&at, &json!({ "description": "0" })).ok();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (lab, at) = (&replicas[writer % 2], &at);
            scope.spawn(move || {
                for _ in 0..TIMES {
                    loop {
                        let mut body = lab.get(at).ok();
                        let count: u64 = body["description"].as_str().unwrap().parse().unwrap();
                        body["description"] = json!((count + 1).to_string());
                        let reply = lab.put(at, &body);
                        if reply.status == 200 {
                            break;
                        }
                        reply.refused(412, 206);
                    }
                }
            });
        }
    });
    for lab in &replicas {
        assert_eq!(lab.get(&at).ok()["description"], (WRITERS as u64 * TIMES).to_string());
    }
}

/// The answer to a request of the admin's, if the server does not end before.
fn attempt(lab: &Lab, method: &str, path: &str, body: &Value) -> Option<Reply> {
    let (body, authorization) = (body.to_string(), basic("admin", PASSWORD));
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {authorization}");
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(&lab.host).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    try_read(&mut stream)
}

/// A refusal that says that the store cannot be reached, in the API's own form.
fn is_outage(reply: &Reply) -> bool {
    if reply.status != 503 {
        return false;
    }
    let said = reply.refused(503, 98);
    assert!(said.contains("etcd://127.0.0.1:") && reply.header("retry-after").is_some(), "{said}");
    true
}

#[test]
fn etcd_may_be_killed_and_restarted_under_load() {
    let etcd = Etcd::new();
    let replicas = pair(&etcd);
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeMap::new()));
    let outages = AtomicU32::new(0);
    thread::scope(|scope| {
        for writer in 0..4 {
            let (lab, other) = (&replicas[writer % 2], &replicas[(writer + 1) % 2]);
            let (stop, acknowledged, outages) = (&stop, &acknowledged, &outages);
            scope.spawn(move || {
                for number in 1.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let at = format!("{PROFILES}/w{writer}-{}", number % 10);
                    let reply = lab.patch(&at, &json!({ "description": number.to_string() }));
                    if is_outage(&reply) {
                        outages.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    reply.ok();
                    acknowledged.lock().unwrap().insert(at.clone(), number);
                    // Nobody else writes it, so that the other one shows this or says that it cannot.
                    let reply = other.get(&at);
                    if !is_outage(&reply) {
                        assert_eq!(reply.ok()["description"], number.to_string());
                    }
                }
            });
        }
        let count = || acknowledged.lock().unwrap().values().sum::<u64>();
        for pause in [100, 6_000] {
            let before = count();
            while count() < before + 100 {
                thread::sleep(Duration::from_millis(10));
            }
            etcd.kill();
            thread::sleep(Duration::from_millis(pause));
            etcd.start();
        }
        let before = count();
        while count() < before + 100 {
            thread::sleep(Duration::from_millis(10));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(outages.load(Ordering::Relaxed) > 0, "the long outage went by unseen");
    for (at, number) in acknowledged.into_inner().unwrap() {
        for lab in &replicas {
            // What was not acknowledged may have taken effect after it.
            let found: u64 = lab.get(&at).ok()["description"].as_str().unwrap().parse().unwrap();
            assert!(found >= number, "{at}: {number} was acknowledged, {found} found");
        }
    }
}

#[test]
fn a_replica_may_be_killed_under_load() {
    const MEMBERS: usize = 120;
    let (etcd, prefix) = (Etcd::shared(), fresh_prefix());
    let survivor = replica(&etcd, &prefix);
    // All of these have the description of one request, or none of them has.
    let body = |number: u64| {
        let child = |at: usize| {
            let profile = json!({ "resource_type": "IPSecVpnDpdProfile", "id": format!("m{at}"), "description": number.to_string() });
            json!({ "resource_type": "ChildIPSecVpnDpdProfile", "IPSecVpnDpdProfile": profile })
        };
        json!({ "resource_type": "Infra", "children": (0..MEMBERS).map(child).collect::<Vec<_>>() })
    };
    let whole = || -> u64 {
        let list = survivor.get(&format!("{PROFILES}?page_size=1000")).ok();
        let numbers: Vec<u64> = list["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|profile| profile["id"].as_str().unwrap().starts_with('m'))
            .map(|profile| profile["description"].as_str().unwrap().parse().unwrap())
            .collect();
        assert!(numbers.is_empty() || numbers.len() == MEMBERS, "{numbers:?}");
        assert!(numbers.windows(2).all(|pair| pair[0] == pair[1]), "{numbers:?}");
        numbers.first().copied().unwrap_or(0)
    };
    let mut last = 0;
    for round in 0..4_u64 {
        let victim = replica(&etcd, &prefix);
        let acknowledged = AtomicU32::new(0);
        thread::scope(|scope| {
            let (victim, acknowledged, body) = (&victim, &acknowledged, &body);
            scope.spawn(move || {
                for number in last + 1.. {
                    let Some(reply) = attempt(victim, "PATCH", "/policy/api/v1/infra", &body(number)) else { break };
                    reply.ok();
                    acknowledged.store(u32::try_from(number).unwrap(), Ordering::SeqCst);
                }
            });
            while acknowledged.load(Ordering::SeqCst) == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_millis(round * 37 % 100));
            assert!(Command::new("kill").args(["-KILL", &victim.pid().to_string()]).status().unwrap().success());
        });
        let found = whole();
        let acknowledged = u64::from(acknowledged.into_inner());
        assert!(found == acknowledged || found == acknowledged + 1, "{acknowledged} acknowledged, {found} found");
        // The other one goes on.
        survivor.patch("/policy/api/v1/infra", &body(found + 1)).ok();
        last = whole();
        assert_eq!(last, found + 1);
    }
}

#[test]
fn tokens_of_one_replica_are_good_for_the_other() {
    let etcd = Etcd::shared();
    let replicas = pair(&etcd);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let body = format!("refresh_token={}", crate::lab::TOKEN);
    let path = "/csp/gateway/am/api/auth/api-tokens/authorize";
    let answer = replicas[0].send("POST", path, &form, body.as_bytes()).ok();
    let token = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    replicas[1].send("GET", PROFILES, &[("Authorization", &token)], b"").ok();
}

#[test]
fn a_server_without_its_etcd_says_so_and_recovers() {
    let etcd = Etcd::new();
    let lab = Lab::with(&["--store", &format!("etcd://vpn:s3cret@127.0.0.1:{}/x", etcd.port)]);
    etcd.kill();
    for (method, address) in [("GET", PROFILES), ("GET", "/healthz"), ("PATCH", &format!("{PROFILES}/a"))] {
        let reply = attempt(&lab, method, address, &json!({})).unwrap();
        assert!(is_outage(&reply), "{method} {address}: {reply:?}");
    }
    etcd.start();
    let recovered = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(50));
        lab.get("/healthz").status == 200
    });
    assert!(recovered);
    lab.patch(&format!("{PROFILES}/a"), &json!({})).ok();
    let log = lab.log.lock().unwrap().clone();
    assert!(!log.is_empty() && !log.contains("s3cret"), "{log}");
}

/// What `serve` says with these arguments, which it does not like.
fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
        .args(["serve", "--no-auth", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs_entries(&folder), 0);
    String::from_utf8(output.stderr).unwrap()
}

fn fs_entries(folder: &TempDir) -> usize {
    std::fs::read_dir(folder.path()).unwrap().count()
}

#[test]
fn an_address_that_is_none_is_refused_and_no_password_shown() {
    let said = refused(&["--store", "etcd://127.0.0.1:1/x", "--data", "engine.db"], &[]);
    assert!(said.contains("--store") && said.contains("cannot be used with"), "{said}");
    for (url, expected) in [
        ("http://u:s3cret@host", "does not begin with etcd://"),
        ("etcd://u:s3cret/x@host", "there is an @ after the hosts"),
        ("etcd://u:s3cret@host:0", "\"host:0\" is no host and port"),
        ("etcd://u:s3cret@127.0.0.1:1/x", "etcd://127.0.0.1:1/x cannot be reached"),
    ] {
        let said = refused(&["--store", url], &[]);
        assert!(said.contains(expected) && !said.contains("s3cret"), "{said}");
    }
    let said = refused(&["--store", "etcd://127.0.0.1:1"], &[("VPN_SERVE_STORE_PASSWORD", "s3cret")]);
    assert!(said.contains("user and password belong together") && !said.contains("s3cret"), "{said}");
}
