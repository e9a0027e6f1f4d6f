//! Functions, called by Terraform: what they give, and how each bad argument is told.

use serde_json::{Value as Json, json};

use crate::terraform::Workspace;

/// Whether Terraform has functions of providers: 1.8, and OpenTofu 1.7.
pub fn are_known(lab: &Workspace) -> bool {
    lab.terraform_is_at_least(1, 8)
}

/// The HCL of an output for each of `values`, in their order.
fn outputs<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let output =
        |(position, value): (usize, &str)| format!("output \"o{position}\" {{ value = provider::vpn::{value} }}\n");
    values.into_iter().enumerate().map(output).collect()
}

/// What Terraform makes of each of `calls`.
fn given(lab: &Workspace, calls: &[&str]) -> Vec<Json> {
    lab.configure(&outputs(calls.iter().copied()));
    lab.apply();
    let told = lab.json(&["output", "-json"]);
    (0..calls.len()).map(|position| told[format!("o{position}")]["value"].clone()).collect()
}

#[test]
fn every_function_gives_what_it_says() {
    let lab = Workspace::new();
    if !are_known(&lab) {
        return;
    }
    let list = r#"[{ network = "10.0.0.0/8", le = 24 }, { network = "ANY", action = "DENY" }]"#;
    let (permits, normal) = (
        [
            format!("prefix_list_permits({list}, \"10.1.0.0/16\")"),
            format!("prefix_list_permits({list}, \"11.0.0.0/8\")"),
        ],
        format!("prefix_list_normalize({list})[0]"),
    );
    let cases = [
        (r#"asn_plain("1.10")"#, json!("65546")),
        ("asn_plain(65546)", json!("65546")),
        (r#"asn_dot("65546")"#, json!("1.10")),
        (r#"bgp_community("no-export").community"#, json!("65535:65281")),
        (r#"bgp_community("1:2:3").parts"#, json!([1, 2, 3])),
        (r#"bgp_community("1:2").name"#, Json::Null),
        (
            r#"tunnel_pair("169.254.31.0/30")"#,
            json!({
                "network": "169.254.31.0/30", "prefix_length": 30, "first": "169.254.31.1", "second": "169.254.31.2",
            }),
        ),
        (r#"tunnel_pair("2001:db8::1/127").second"#, json!("2001:db8::1")),
        (r#"policy_path_parse("/infra/tier-0s/vmc/prefix-lists/in").resources"#, json!(["vpn_prefix_list"])),
        (r#"policy_path_parse("/infra/tier-0s/vmc/prefix-lists/in").parent_path"#, json!("/infra/tier-0s/vmc")),
        (r#"policy_path_parse("/infra/tier-0s/vmc/prefix-lists/in").vpn_service_id"#, Json::Null),
        (
            r#"policy_path_join("/infra/tier-0s/vmc", ["ipsec-vpn-services", "default"])"#,
            json!("/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default"),
        ),
        ("esp_overhead({}, 1400)", json!(56)),
        ("esp_overhead({}, 1400, { nat_traversal = true })", json!(64)),
        // 1492 - 20 - 8 - 8 - 16 leaves 1440, of which 2 are ESP's, and 40 are headers.
        ("effective_mss({}, 1492)", json!(1_398)),
        ("proposals_common({}, {}).agree", json!(true)),
        (r#"proposals_common({}, { tunnel_profile = { dh_groups = ["GROUP20"] } }).esp"#, Json::Null),
        (&permits[0], json!(true)),
        (&permits[1], json!(false)),
        (&normal, json!({ "network": "10.0.0.0/8", "action": "PERMIT", "ge": null, "le": 24 })),
    ];
    let found = given(&lab, &cases.each_ref().map(|(call, _)| *call));
    for ((call, expected), found) in cases.iter().zip(found) {
        assert_eq!(found, *expected, "{call}");
    }
    lab.plan_is_empty();
}

#[test]
fn every_bad_argument_is_told_with_its_name() {
    let lab = Workspace::new();
    if !are_known(&lab) {
        return;
    }
    let cases = [
        (r#"asn_plain("x")"#, "asn", "\"x\" is not an AS number"),
        (r#"asn_dot("1.65536")"#, "asn", "both parts from 0 to 65535"),
        ("asn_dot(null)", "asn", "must not be null"),
        ("asn_dot([])", "asn", "string required"),
        (r#"bgp_community("65536:1")"#, "community", "0 to 65535"),
        (r#"tunnel_pair("10.0.0.0/24")"#, "network", "no network of two ends"),
        (r#"policy_path_parse("/orgs/a")"#, "path", "does not start with /infra/"),
        (r#"policy_path_join("/infra", ["a/b"])"#, "parts", "holds '/'"),
        (r#"esp_overhead({ encryption_algorithms = ["DES"] }, 100)"#, "tunnel_profile", "\"DES\" is not a value"),
        (r#"esp_overhead({ ciphers = ["DES"] }, 100)"#, "tunnel_profile", "There is no field \"ciphers\""),
        ("esp_overhead({}, 19)", "packet_size", "from 20 to 65535"),
        ("esp_overhead({}, 100.5)", "packet_size", "Use a whole number"),
        (r#"esp_overhead({}, 100, { nat_traversal = "maybe" })"#, "options", "nat_traversal has the wrong type"),
        ("effective_mss({}, 80)", "mtu", "leave no room"),
        ("proposals_common({}, { ike = {} })", "peer", "There is no field \"ike\""),
        (r#"proposals_common({}, {}, "ME")"#, "initiator", "Use GATEWAY or PEER"),
        (r#"prefix_list_permits([{ network = "10.0.0.0/8", ge = 4 }], "10.0.0.0/8")"#, "prefixes", "prefixes[0].ge"),
        (r#"prefix_list_permits([{ network = "10.0.0.0/8" }], "10.0.0.0")"#, "network", "has no prefix length"),
        ("prefix_list_normalize([])", "prefixes", "needs at least 1"),
        (r#"prefix_list_normalize(toset([{ network = "10.0.0.0/8" }]))"#, "prefixes", "Give a list"),
    ];
    lab.configure(&outputs(cases.iter().map(|(call, ..)| *call)));
    let (code, complaints) = lab.complaints(&["validate", "-json"]);
    assert_eq!(code, 1);
    for (call, argument, says) in cases {
        let of_this = complaints.iter().find(|it| lab.line(it.line).contains(&format!("::{call} }}")));
        let told = of_this.unwrap_or_else(|| panic!("nothing is said of {call}: {complaints:#?}"));
        let text = told.detail.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(says), "{call}: {text}");
        assert!(text.contains(&format!("\"{argument}\" parameter")), "{call}: {text}");
        assert!(!text.ends_with(".."), "{call}: {text}");
    }
    assert_eq!(complaints.len(), cases.len(), "{complaints:#?}");
}

#[test]
fn the_number_of_arguments_is_checked() {
    let lab = Workspace::new();
    if !are_known(&lab) {
        return;
    }
    lab.configure(&outputs(["asn_dot()", "asn_dot(\"1\", \"2\")", "esp_overhead({}, 100, null, null)", "no_such(1)"]));
    let (_, complaints) = lab.complaints(&["validate", "-json"]);
    let about = |line: &str| complaints.iter().find(|it| lab.line(it.line).contains(line)).map(|it| it.detail.clone());
    assert!(about("asn_dot()").is_some_and(|it| it.contains("expects 1 argument")), "{complaints:#?}");
    assert!(about("\"1\", \"2\"").is_some_and(|it| it.contains("expects only 1 argument")), "{complaints:#?}");
    assert!(about("null, null").is_some_and(|it| it.contains("takes at most 3 arguments")), "{complaints:#?}");
    assert!(about("no_such").is_some(), "{complaints:#?}");
}

/// What is about to be created has attributes that nobody knows yet. They do not matter to a
/// function, which so decides while planning.
#[test]
fn a_plan_asks_about_resources_that_are_only_planned() {
    let lab = Workspace::new();
    if !are_known(&lab) {
        return;
    }
    let hcl = |ike: &str| {
        format!(
            r#"
            resource "vpn_ike_profile" "a" {{
              display_name = "a"
              dh_groups    = ["{ike}"]
            }}
            resource "vpn_tunnel_profile" "a" {{
              display_name = "a"
            }}
            locals {{
              ends   = {{ ike_profile = vpn_ike_profile.a, tunnel_profile = vpn_tunnel_profile.a }}
              common = provider::vpn::proposals_common(local.ends, {{}})
            }}
            output "mss" {{
              value = provider::vpn::effective_mss(vpn_tunnel_profile.a, 1500)
              precondition {{
                condition     = local.common.agree
                error_message = local.common.reason == null ? "" : local.common.reason
              }}
            }}
            "#
        )
    };
    lab.configure(&hcl("GROUP20"));
    lab.plan_is_refused().mentions(&["No IKE proposal chosen", "GROUP20", "GROUP14"]);
    assert!(lab.paths().is_empty());
    lab.configure(&hcl("GROUP14"));
    assert_eq!(lab.planned()["planned_values"]["outputs"]["mss"]["value"], json!(1_406));
    lab.apply();
    lab.plan_is_empty();
}

/// Functions give what the engine does: the session that negotiates with a simulated peer comes
/// to what the profiles were said to have in common.
#[test]
fn a_session_negotiates_what_the_profiles_have_in_common() {
    let lab = Workspace::new();
    if !are_known(&lab) {
        return;
    }
    lab.configure(
        r#"
        resource "vpn_ike_profile" "a" {
          display_name          = "a"
          encryption_algorithms = ["AES_128", "AES_256"]
          dh_groups             = ["GROUP14", "GROUP20"]
        }
        resource "vpn_simulated_peer" "a" {
          display_name = "a"
          address      = "198.51.100.7"
          psk          = "for-the-test"
          ike_proposal {
            encryption_algorithms = ["AES_256"]
            dh_groups             = ["GROUP20"]
          }
        }
        resource "vpn_route_based_session" "a" {
          display_name        = "a"
          local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
          peer_address        = "198.51.100.7"
          peer_id             = "198.51.100.7"
          psk                 = "for-the-test"
          ike_profile_path    = vpn_ike_profile.a.path
          tunnel_interface {
            ip_subnet {
              ip_addresses  = [provider::vpn::tunnel_pair("169.254.31.0/30").second]
              prefix_length = 30
            }
          }
        }
        data "vpn_session_status" "a" {
          session_path = vpn_route_based_session.a.path
          depends_on   = [vpn_simulated_peer.a]
        }
        output "status" { value = data.vpn_session_status.a }
        output "common" {
          value = provider::vpn::proposals_common(
            { ike_profile = vpn_ike_profile.a },
            { ike_profile = { encryption_algorithms = ["AES_256"], dh_groups = ["GROUP20"] } },
          )
        }
        "#,
    );
    lab.apply();
    let told = lab.json(&["output", "-json"]);
    let ike = &told["common"]["value"]["ike"];
    let words = ["encryption_algorithm", "digest_algorithm", "dh_group"].map(|it| ike[it].as_str().unwrap());
    let status = told["status"]["value"].to_string();
    assert!(status.contains(&words.join("/")), "{words:?}: {status}");
    lab.destroy();
}
