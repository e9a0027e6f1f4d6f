//! The commands `trace`, `topology`, `replay` and `routes` over HTTP: the same answers as on
//! the engine's own file, and nothing is changed.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use terraform_provider_vpn::backend::settings::Given;
use terraform_provider_vpn::backend::{Backend, Nsx};
use terraform_provider_vpn::engine::forwarding::Packet;
use terraform_provider_vpn::engine::{Planned, TraceRequest, When};
use terraform_provider_vpn::model::{POLICY_BASED_SESSION, PolicyPath, SIMULATED_PEER, Tree, read};
use tokio_util::sync::CancellationToken;

use crate::lab::{AUDITOR, Lab, PASSWORD};
use crate::users::users;

const VPN: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
const BGP: &str = "/infra/tier-0s/vmc/locale-services/default/bgp";
const CGW: &str = "/infra/tier-1s/cgw";

/// Two sites: one by BGP, one by rules. On a tier-1 gateway of its own a third one.
fn declare(lab: &Lab) {
    let put = |path: &str, body: Value| drop(lab.put(path, &body).ok());
    put(
        &format!("{CGW}/segments/app"),
        json!({ "display_name": "App servers", "subnets": [{ "gateway_address": "192.168.98.1/24" }] }),
    );
    put(
        &format!("{CGW}/segments/app/ports/unplugged"),
        json!({
            "admin_state": "DOWN", "address_bindings": [{ "ip_address": "192.168.98.99" }],
        }),
    );
    put(
        "/infra/segments/db",
        json!({ "connectivity_path": CGW, "subnets": [{ "gateway_address": "192.168.99.1/24" }] }),
    );
    put(
        "/infra/tier-0s/vmc/prefix-lists/ten",
        json!({ "prefixes": [{ "network": "10.0.0.0/8", "action": "PERMIT", "le": 16 }] }),
    );
    put(
        "/infra/simulated-peers/dallas",
        json!({
            "display_name": "Dallas", "address": "198.51.100.1", "psk": "a key",
            "bgp": { "routes": [{ "network": "10.20.0.0/16" }, { "network": "10.30.1.0/24" }] },
        }),
    );
    put(
        "/infra/simulated-peers/frankfurt",
        json!({
            "display_name": "Frankfurt", "address": "198.51.100.2", "psk": "another key",
        }),
    );
    put(
        &format!("{BGP}/neighbors/dallas"),
        json!({
            "neighbor_address": "169.254.31.2", "remote_as_num": "65001", "route_filtering": [{
                "address_family": "IPV4", "in_route_filters": ["/infra/tier-0s/vmc/prefix-lists/ten"],
            }],
        }),
    );
    put(
        &format!("{VPN}/sessions/dallas"),
        json!({
            "resource_type": "RouteBasedIPSecVpnSession", "display_name": "VPN to Dallas",
            "local_endpoint_path": format!("{VPN}/local-endpoints/Public-IP1"),
            "peer_address": "198.51.100.1", "peer_id": "198.51.100.1", "psk": "a key",
            "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": ["169.254.31.1"], "prefix_length": 30 }] }],
        }),
    );
    put(
        &format!("{VPN}/sessions/frankfurt"),
        json!({
            "resource_type": "PolicyBasedIPSecVpnSession", "display_name": "VPN to Frankfurt",
            "local_endpoint_path": format!("{VPN}/local-endpoints/Public-IP1"),
            "peer_address": "198.51.100.2", "peer_id": "198.51.100.2", "psk": "another key",
            "rules": [{ "id": "r", "sources": [{ "subnet": "192.168.98.0/24" }], "destinations": [{ "subnet": "172.16.0.0/12" }] }],
        }),
    );
}

struct Said {
    out: String,
    err: String,
    code: i32,
}

fn run(line: &str, folder: &TempDir, environment: &[(&str, &str)]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
        .args(line.split_whitespace())
        .current_dir(folder.path())
        .env_remove("VPN_EMBEDDED_PATH")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code().unwrap() }
}

const ADMIN: [(&str, &str); 2] = [("NSXT_USERNAME", "admin"), ("NSXT_PASSWORD", PASSWORD)];

#[test]
fn an_endpoint_answers_as_its_file_does() {
    let lab = Lab::new();
    declare(&lab);
    let flows = "source,destination,size,packets\n192.168.98.10,10.20.0.9,100,5\n192.168.98.10,172.16.3.9,200,3\n192.168.98.10,11.0.0.9,100,2\n";
    fs::write(lab.folder.path().join("flows.csv"), flows).unwrap();
    let revisions = |lab: &Lab| lab.get("/policy/api/v1/search/query?query=display_name:*").ok();
    let before = revisions(&lab);
    let nsx = format!("--nsx http://{}", lab.host);
    for (line, code) in [
        ("trace 192.168.98.10 10.20.0.9 --settled", 0),
        ("trace 192.168.98.10 172.16.0.9 --settled --return --json", 0),
        ("trace 192.168.99.10 10.20.0.9 --settled --summary", 0),
        // What Dallas teaches that the filter refuses, a port that is down, and nowhere.
        ("trace 192.168.98.10 10.30.1.9 --settled --minimal", 1),
        ("trace 192.168.98.99 10.20.0.9 --settled --minimal", 1),
        ("trace 192.168.98.10 11.0.0.9 --settled --minimal", 1),
        ("replay flows.csv", 0),
        ("replay flows.csv --format json", 0),
        ("topology --settled --format mermaid", 0),
        ("topology --settled", 0),
    ] {
        let file = run(line, &lab.folder, &[]);
        let live = run(&format!("{line} {nsx}"), &lab.folder, &ADMIN);
        assert_eq!((live.code, file.code), (code, code), "{line}: {}", live.err);
        assert_eq!(live.out, file.out, "{line}");
        assert!(live.err.starts_with("note: the NSX at http://") && live.err.contains("is an engine"), "{}", live.err);
    }
    assert_eq!(revisions(&lab), before, "looking changes nothing");
}

#[test]
fn routes_are_those_that_the_endpoint_lists() {
    let lab = Lab::new();
    declare(&lab);
    let nsx = format!("--nsx http://{}", lab.host);
    // It takes seconds until the neighbor is established.
    let established =
        || lab.get(&format!("{BGP}/neighbors/status")).ok()["results"][0]["connection_state"] == "ESTABLISHED";
    while !established() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    for line in [
        "routes dallas",
        "routes dallas --advertised --format json",
        &format!("routes {BGP}/neighbors/dallas --format csv"),
    ] {
        let file = run(line, &lab.folder, &[]);
        let live = run(&format!("{line} {nsx}"), &lab.folder, &ADMIN);
        assert_eq!((live.code, live.err.as_str()), (0, ""), "{line}");
        assert_eq!(live.out, file.out, "{line}");
    }
    let said = run(&format!("routes austin {nsx}"), &lab.folder, &ADMIN);
    assert!(said.code == 2 && said.err.contains("there is no BGP neighbor austin"), "{}", said.err);
    let said = run(&format!("routes dallas --settled {nsx}"), &lab.folder, &ADMIN);
    assert!(said.code == 2 && said.err.contains("lists the routes that are there now"), "{}", said.err);
}

#[test]
fn who_sees_no_keys_is_told_what_is_taken_for_granted() {
    let lab = Lab::new();
    declare(&lab);
    let line = format!("trace 192.168.98.10 172.16.0.9 --nsx http://{}", lab.host);
    let said = run(&line, &lab.folder, &[("NSXT_USERNAME", "auditor"), ("NSXT_PASSWORD", AUDITOR)]);
    assert_eq!(said.code, 0, "{} {}", said.out, said.err);
    assert!(said.err.contains("It does not show keys"), "{}", said.err);
}

/// Who may only read plans with the keys of the configuration, and is shown none of the endpoint's.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_planned_fit_those_that_are_not_shown() {
    let lab = Lab::new();
    declare(&lab);
    let given = Given {
        texts: [("host", format!("http://{}", lab.host)), ("username", "auditor".into()), ("password", AUDITOR.into())]
            .into(),
        ..Given::default()
    };
    let notes = lab.folder.path().join("notes");
    let backend = Nsx::open(given.check(notes, CancellationToken::new(), &|_| false).unwrap().unwrap()).unwrap();
    let peer = json!({ "address": "198.51.100.1", "psk": "a key", "bgp": { "password": "x", "routes": [{ "network": "10.20.0.0/16" }] } });
    let session = json!({
        "resource_type": "PolicyBasedIPSecVpnSession",
        "local_endpoint_path": format!("{VPN}/local-endpoints/Public-IP1"),
        "peer_address": "198.51.100.2", "peer_id": "198.51.100.2", "psk": "another key", "authentication_mode": "PSK",
        "rules": [{ "id": "r", "sources": [{ "subnet": "192.168.0.0/16" }], "destinations": [{ "subnet": "172.16.0.0/12" }] }],
    });
    for (path, kind, body, to) in [
        ("/infra/simulated-peers/dallas".to_owned(), &SIMULATED_PEER, peer, "10.20.0.9"),
        (format!("{VPN}/sessions/frankfurt"), &POLICY_BASED_SESSION, session, "172.16.0.9"),
    ] {
        let read = read(kind, &Tree::from(&body), None);
        assert_eq!(read.problems, []);
        let planned = [Planned { path: PolicyPath::parse(&path).unwrap(), declared: Some((kind, read.tree)) }];
        let packet = Packet::ping("192.168.98.10".parse().unwrap(), to.parse().unwrap(), 100);
        let request = TraceRequest { packet, answers: false, when: When::Settled, answer_size: 100 };
        let answer = backend.trace(&request, &planned).await.unwrap();
        assert_eq!(answer.there.drop_reason, None, "{path}: {:?}", answer.there);
    }
}

#[test]
fn every_setting_is_reached_and_credentials_are_no_options() {
    let file = r#"{"refresh_tokens": [{"token": "the-csp-token", "user": "cloud", "role": "admin"}]}"#;
    let lab = Lab::within(users(file, 0o600), &["--users", "users.json", "--rate-limit", "0"]);
    let host = format!("http://{}", lab.host);
    // By the cloud's token, which this server exchanges as well.
    let auth = format!("http://{}/csp/gateway/am/api/auth/api-tokens/authorize", lab.host);
    let line = format!(
        "trace 10.0.0.1 10.0.0.2 --minimal --nsx {host}/vmc/reverse-proxy/api/orgs/o/sddcs/s/sks-nsxt-manager \
         --vmc-auth-host {auth} --vmc-auth-mode Bearer --max-retries 0 --retry-on-status-codes 429,503"
    );
    let said = run(&line, &lab.folder, &[("NSXT_VMC_TOKEN", "the-csp-token")]);
    assert!(said.code == 1 && said.out.ends_with("DROPPED UNKNOWN_SOURCE\n"), "{} {}", said.out, said.err);
    for (line, environment, says) in [
        ("--nsx nsx.example.com", vec![], "How to authenticate is not said"),
        ("--nsx ftp://x", ADMIN.to_vec(), "begins with ftp://"),
        ("--nsx http://127.0.0.1:9 --max-retries -1", ADMIN.to_vec(), "unexpected argument '-1'"),
        ("--nsx http://127.0.0.1:9 --max-retries 0", ADMIN.to_vec(), "127.0.0.1:9"),
        ("--nsx http://127.0.0.1:9 --ca-file /no/such", ADMIN.to_vec(), "/no/such"),
        ("--nsx http://127.0.0.1:9 --session-auth=maybe", ADMIN.to_vec(), "invalid value 'maybe'"),
        ("--nsx http://127.0.0.1:9 --data x.db", ADMIN.to_vec(), "cannot be used with"),
        ("--nsx http://127.0.0.1:9 --password x", ADMIN.to_vec(), "unexpected argument '--password'"),
        ("--max-retries 3", vec![], "--nsx <HOST>"),
        (
            "--nsx http://127.0.0.1:9",
            vec![ADMIN[0], ADMIN[1], ("NSXT_MAX_RETRIES", "many")],
            "NSXT_MAX_RETRIES is no whole number",
        ),
    ] {
        let said = run(&format!("topology {line}"), &lab.folder, &environment);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line}");
        assert!(said.err.starts_with("error: ") && said.err.contains(says), "{line}: {}", said.err);
    }
}
