//! What runs: status, statistics, routes and traces, as a user of Terraform asks for
//! them.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::terraform::Workspace;

const ENDPOINT: &str =
    "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1";

/// A VPN to a peer that announces 10.20.0.0/16.
fn vpn() -> String {
    format!(
        r#"
        resource "vpn_segment" "app" {{
          id = "app"
          subnet {{
            gateway_address = "192.168.10.1/24"
          }}
        }}

        resource "vpn_route_based_session" "dc" {{
          id                  = "dc"
          local_endpoint_path = "{ENDPOINT}"
          peer_address        = "198.51.100.1"
          peer_id             = "198.51.100.1"
          psk                 = "correct horse"
          tunnel_interface {{
            ip_subnet {{
              ip_addresses  = ["169.254.1.2"]
              prefix_length = 30
            }}
          }}
        }}

        resource "vpn_bgp_neighbor" "dc" {{
          id               = "dc"
          neighbor_address = "169.254.1.1"
          remote_as_num    = "65010"
        }}

        resource "vpn_simulated_peer" "dc" {{
          id      = "dc"
          address = "198.51.100.1"
          psk     = "correct horse"
          bgp {{
            route {{
              network = "10.20.0.0/16"
            }}
          }}
        }}
        "#
    )
}

/// What a packet to the peer needs.
const EVERYTHING: &str = "vpn_segment.app, vpn_route_based_session.dc, vpn_bgp_neighbor.dc, vpn_simulated_peer.dc";

const TRACE: &str = r#"
    data "vpn_path_trace" "it" {
      source           = "192.168.10.5"
      destination      = "10.20.1.1"
      protocol         = "TCP"
      destination_port = 443
      tcp_flags        = ["SYN"]
    }

    output "it" {
      value = data.vpn_path_trace.it
    }
"#;

#[test]
fn a_packet_is_traced_before_anything_exists_and_in_the_same_way_afterwards() {
    let lab = Workspace::new();
    lab.configure(&format!("{}{TRACE}", vpn()));
    let planned = lab.planned()["output_changes"]["it"]["after"].clone();
    assert_eq!(planned["disposition"], "DELIVERED_TO_PEER", "{planned}");
    assert_eq!(planned["return_disposition"], "DELIVERED_TO_SEGMENT");
    assert!(lab.paths().is_empty(), "nothing was built");
    lab.apply();
    lab.plan_is_empty();
    let found = lab.json(&["output", "-json"])["it"]["value"].clone();
    assert_eq!(found, planned);
    // Once more, from what is.
    lab.apply();
    assert_eq!(lab.json(&["output", "-json"])["it"]["value"], planned);
    let actions: Vec<_> = found["hops"].as_array().unwrap().iter().map(|hop| hop["action"].clone()).collect();
    for action in ["SENT", "ROUTED", "ENCAPSULATED", "CARRIED", "DECAPSULATED", "DELIVERED"] {
        assert!(actions.contains(&json!(action)), "{action} in {actions:?}");
    }
}

#[test]
fn status_statistics_and_routes_are_data_sources() {
    let lab = Workspace::new();
    let questions = r#"
        data "vpn_session_status" "dc" {
          session_path = vpn_route_based_session.dc.path
          depends_on   = [vpn_simulated_peer.dc]
        }

        data "vpn_session_statistics" "dc" {
          session_path = vpn_route_based_session.dc.path
          depends_on   = [vpn_simulated_peer.dc]
        }

        data "vpn_bgp_neighbor_status" "dc" {
          neighbor_path = vpn_bgp_neighbor.dc.path
          depends_on    = [vpn_simulated_peer.dc, vpn_route_based_session.dc]
        }

        data "vpn_bgp_routes" "learned" {
          neighbor_path = vpn_bgp_neighbor.dc.path
          depends_on    = [vpn_simulated_peer.dc, vpn_route_based_session.dc]
        }

        data "vpn_bgp_routes" "advertised" {
          neighbor_path = vpn_bgp_neighbor.dc.path
          direction     = "ADVERTISED"
          depends_on    = [vpn_simulated_peer.dc, vpn_route_based_session.dc, vpn_segment.app]
        }

        output "all" {
          value = {
            status     = data.vpn_session_status.dc
            statistics = data.vpn_session_statistics.dc
            neighbor   = data.vpn_bgp_neighbor_status.dc
            learned    = data.vpn_bgp_routes.learned.routes
            advertised = data.vpn_bgp_routes.advertised.routes
          }
        }

        check "up" {
          assert {
            condition     = data.vpn_session_status.dc.runtime_status == "UP"
            error_message = data.vpn_session_status.dc.reason
          }
        }
    "#;
    lab.configure(&format!("{}{questions}", vpn()));
    let said = lab.apply();
    assert!(!said.says("Check block assertion failed"), "{}", said.text);
    let all = lab.json(&["output", "-json"])["all"]["value"].clone();
    assert_eq!(all["status"]["runtime_status"], "UP");
    assert_eq!(all["status"]["ike_status"]["ike_session_state"], "UP");
    // The profiles that the system has, whose life times are a day and an hour. With IKEv2 the
    // first tunnel has no group of its own.
    let chosen = json!({
        "initiator": "GATEWAY", "ike_version": "IKE_V2",
        "ike_proposal": "AES_128/SHA2_256/GROUP14", "ike_life_time": 86_400, "ike_rekeys": 0,
        "esp_proposal": "AES_GCM_128", "esp_life_time": 3_600, "esp_rekeys": 0,
    });
    assert_eq!(all["status"]["security_associations"], chosen);
    assert_eq!((&all["neighbor"]["last_reset"], &all["neighbor"]["bfd_state"]), (&json!(""), &json!("")));
    let tunnel = &all["statistics"]["policy_statistics"][0]["tunnel_statistics"][0];
    assert_eq!((&tunnel["tunnel_status"], &tunnel["peer_subnet"]), (&json!("UP"), &json!("0.0.0.0/0")));
    assert_eq!(all["neighbor"]["connection_state"], "ESTABLISHED");
    assert_eq!(all["neighbor"]["total_in_prefix_count"], 1);
    let learned = &all["learned"][0];
    assert_eq!(
        (&learned["network"], &learned["next_hop"], &learned["as_path"]),
        (&json!("10.20.0.0/16"), &json!("169.254.1.1"), &json!("65010"))
    );
    assert_eq!(all["advertised"][0]["network"], "192.168.10.0/24");
}

#[test]
fn a_check_says_why_a_session_went_down() {
    let lab = Workspace::new();
    let peer = json!({ "address": "198.51.100.1", "psk": "correct horse" });
    lab.patch("/infra/simulated-peers/theirs", peer);
    let ours = vpn().split("resource \"vpn_simulated_peer\"").next().unwrap().to_owned();
    let check = r#"
        data "vpn_session_status" "dc" {
          session_path = vpn_route_based_session.dc.path
        }

        check "up" {
          assert {
            condition     = data.vpn_session_status.dc.runtime_status == "UP"
            error_message = data.vpn_session_status.dc.reason
          }
        }
    "#;
    lab.configure(&format!("{ours}{check}"));
    let said = lab.apply();
    assert!(!said.says("Check block assertion failed"), "{}", said.text);
    // Somebody changes the key at the far end, and nothing here.
    lab.patch("/infra/simulated-peers/theirs", json!({ "psk": "another key" }));
    let (said, _) = lab.plan();
    assert!(said.says("Check block assertion failed"), "{}", said.text);
    assert!(said.says("pre-shared keys do not match"), "{}", said.text);
}

#[test]
fn what_cannot_be_asked_is_refused_with_the_attribute() {
    for (body, complaint) in [
        (
            r#"source = "192.168.10.5"
            destination = "2001:db8::1""#,
            "2001:db8::1 is not of the same IP version as 192.168.10.5",
        ),
        (
            r#"source = "192.168.10.5"
            destination = "10.0.0.1"
            destination_port = 80"#,
            "destination_port cannot be used with protocol ICMP",
        ),
        (
            r#"source = "192.168.10.5"
            destination = "10.0.0.1"
            protocol = "TCP""#,
            "destination_port is missing although protocol is TCP",
        ),
        (
            r#"source = "192.168.10.5"
            destination = "10.0.0.1"
            protocol = "UDP"
            destination_port = 53
            tcp_flags = ["SYN"]"#,
            "tcp_flags cannot be used with protocol UDP",
        ),
        (
            r#"source = "192.168.10"
            destination = "10.0.0.1""#,
            "192.168.10",
        ),
        (
            r#"source = "192.168.10.5"
            destination = "10.0.0.1"
            protocol = "tcp"
            destination_port = 80"#,
            "TCP",
        ),
    ] {
        let lab = Workspace::new();
        lab.configure(&format!("data \"vpn_path_trace\" \"it\" {{\n{body}\n}}"));
        lab.plan_is_refused().mentions(&[complaint]);
    }
    let lab = Workspace::new();
    lab.configure(
        r#"
        data "vpn_session_status" "it" {
          session_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/none"
        }
        "#,
    );
    lab.plan_is_refused().mentions(&["There is nothing at", "sessions/none"]);
    lab.configure(&format!("{}{}", vpn(), TRACE.replace("protocol ", "direction = \"IN\"\n      protocol ")));
    lab.plan_is_refused().mentions(&["The packet does not go IN", "on the gateway's side"]);
}

#[test]
fn two_peers_at_one_address_and_peers_that_prove_nothing_are_refused() {
    let lab = Workspace::new();
    lab.configure(
        r#"
        resource "vpn_simulated_peer" "a" {
          id      = "a"
          address = "198.51.100.1"
          psk     = "a key"
        }

        resource "vpn_simulated_peer" "b" {
          id      = "b"
          address = "198.51.100.1"
          psk     = "a key"
        }
        "#,
    );
    lab.plan_is_refused().mentions(&["198.51.100.1 is already the address of the simulated peer"]);
    lab.configure("resource \"vpn_simulated_peer\" \"a\" {\n  address = \"198.51.100.1\"\n}");
    lab.plan_is_refused().mentions(&["The peer has nothing to prove itself with"]);
}

#[test]
fn what_is_not_known_before_apply_is_named() {
    let lab = Workspace::new();
    let unknown = vpn().replace("psk     = \"correct horse\"", "psk     = terraform_data.key.output");
    let key = "resource \"terraform_data\" \"key\" {\n  input = \"correct horse\"\n}\n";
    lab.configure(&format!("{key}{unknown}{TRACE}"));
    let planned = lab.planned()["output_changes"]["it"]["after"].clone();
    let explanation = planned["explanation"].as_str().unwrap();
    assert!(explanation.contains("known before apply: /infra/simulated-peers/dc had to be left out"), "{explanation}");
    // With depends_on it is read when everything is there.
    let later = TRACE.replace("tcp_flags ", &format!("depends_on = [{EVERYTHING}]\n      tcp_flags "));
    lab.configure(&format!("{key}{unknown}{later}"));
    lab.apply();
    assert_eq!(lab.json(&["output", "-json"])["it"]["value"]["disposition"], "DELIVERED_TO_PEER");
}

/// Objects that nobody names get an id when they are created. A plan counts on them all
/// the same.
#[test]
fn objects_without_a_name_are_foreseen() {
    let lab = Workspace::new();
    let is_name = |line: &&str| line.trim_start().starts_with("id ");
    assert_eq!(vpn().lines().filter(is_name).count(), 4);
    let unnamed = vpn().lines().filter(|line| !is_name(line)).collect::<Vec<_>>().join("\n");
    lab.configure(&format!("{unnamed}{TRACE}"));
    let planned = lab.planned()["output_changes"]["it"]["after"].clone();
    assert_eq!(
        (&planned["disposition"], &planned["return_disposition"]),
        (&json!("DELIVERED_TO_PEER"), &json!("DELIVERED_TO_SEGMENT"))
    );
    assert!(planned["explanation"].as_str().unwrap().contains("known after apply"), "{planned}");
    lab.apply();
    // What Terraform replaces is not there twice.
    let everything = ["session", "neighbor"].map(|it| match it {
        "session" => "-replace=vpn_route_based_session.dc",
        _ => "-replace=vpn_bgp_neighbor.dc",
    });
    let replaced = lab.planned_with(&everything)["planned_values"]["outputs"]["it"]["value"].clone();
    assert_eq!(replaced["disposition"], "DELIVERED_TO_PEER", "{replaced}");
    let explained = replaced["hops"].to_string();
    assert!(explained.contains("ROUTED") && !explained.contains("equally good"), "{explained}");
}

/// The examples that come with tests.
#[test]
fn the_examples_own_tests_pass() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for (name, runs) in [("route-based-bgp", 3), ("policy-based", 1), ("hub-ecmp", 1), ("taps", 1), ("live-trace", 1)] {
        let lab = Workspace::new();
        fs::create_dir(lab.folder().join("tests")).unwrap();
        for (from, to) in [("", ""), ("tests", "tests")] {
            for file in fs::read_dir(examples.join(name).join(from)).unwrap() {
                let file = file.unwrap().path();
                if file.is_file() {
                    fs::copy(&file, lab.folder().join(to).join(file.file_name().unwrap())).unwrap();
                }
            }
        }
        lab.run(&["test"]).succeeded().mentions(&[&format!("{runs} passed, 0 failed")]);
    }
}
