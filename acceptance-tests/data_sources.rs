//! Finding objects that this configuration does not manage.

use serde_json::json;

use crate::samples::{self, SAMPLES};
use crate::terraform::Workspace;

#[test]
fn every_kind_is_found_by_id_path_and_display_name() {
    let owner = Workspace::new();
    let mut declared = samples::HOME.to_owned();
    let mut found = String::new();
    let mut addresses = Vec::new();
    for sample in &SAMPLES {
        let kind = sample.kind;
        let named = format!("id = \"x-{kind}\"\ndisplay_name = \"The {kind}\"");
        declared += &samples::resource(kind, "x", &named);
        let path = format!("{}/x-{kind}", sample.collection);
        let parent = if kind == "segment_port" { "segment_path = \"/infra/tier-1s/cgw/segments/home\"" } else { "" };
        for (name, key) in [
            ("id", format!("id = \"x-{kind}\"\n{parent}")),
            ("path", format!("path = {path:?}")),
            ("name", format!("display_name = \"The {kind}\"\n{parent}")),
        ] {
            found += &format!("data \"vpn_{kind}\" \"{name}\" {{\n{key}\n}}\n");
            addresses.push((format!("data.vpn_{kind}.{name}"), path.clone()));
        }
    }
    owner.configure(&declared).apply();
    let reader = Workspace::beside(&owner);
    reader.configure(&found).apply();
    for (address, path) in addresses {
        assert_eq!(reader.state(&address)["path"], json!(path), "{address}");
    }
    reader.plan_is_empty();
}

#[test]
fn what_is_found_is_shown_whole_but_for_secrets() {
    let owner = Workspace::new();
    owner
        .configure(
            r#"
resource "vpn_prefix_list" "a" {
  display_name = "a"
  prefix {
    network = "10.0.0.0/8"
    le      = 26
  }
  tag { tag = "t" }
}
resource "vpn_bgp_neighbor" "n" {
  id               = "n"
  neighbor_address = "169.254.1.1"
  remote_as_num    = "1.10"
  password         = "marker-of-a-secret"
  bfd { enabled = true }
}
resource "vpn_simulated_peer" "p" {
  id      = "p"
  address = "198.51.100.1"
  psk     = "marker-of-a-secret"
  bgp {
    password = "marker-of-a-secret"
    route { network = "10.20.0.0/16" }
  }
}
"#,
        )
        .apply();
    let reader = Workspace::beside(&owner);
    reader
        .configure(
            "data \"vpn_prefix_list\" \"a\" { id = \"a\" }\ndata \"vpn_bgp_neighbor\" \"n\" { id = \"n\" }\n\
             data \"vpn_simulated_peer\" \"p\" { id = \"p\" }\n",
        )
        .apply();
    let list = reader.state("data.vpn_prefix_list.a");
    assert_eq!(list["prefixes"], json!([{ "network": "10.0.0.0/8", "action": "PERMIT", "ge": null, "le": 26 }]));
    assert_eq!((&list["tags"], &list["revision"]), (&json!([{ "scope": "", "tag": "t" }]), &json!(0)));
    let neighbor = reader.state("data.vpn_bgp_neighbor.n");
    assert_eq!(neighbor["bfd"], json!({ "enabled": true, "interval": 500, "multiple": 3 }));
    assert_eq!(neighbor["remote_as_num"], json!("65546"));
    let speaker = &reader.state("data.vpn_simulated_peer.p")["bgp"];
    assert_eq!((&speaker["route"][0]["network"], speaker.get("password")), (&json!("10.20.0.0/16"), None));
    let state = std::fs::read_to_string(reader.folder().join("terraform.tfstate")).unwrap();
    assert!(!state.contains("marker-of-a-secret"));
}

#[test]
fn what_the_system_owns_is_found() {
    let lab = Workspace::new();
    lab.configure(
        r#"
data "vpn_local_endpoint" "private" { display_name = "Private IP1" }
data "vpn_dpd_profile" "default" { id = "nsx-default-l3vpn-dpd-profile" }
resource "vpn_policy_based_session" "s" {
  display_name        = "s"
  local_endpoint_path = data.vpn_local_endpoint.private.path
  dpd_profile_path    = data.vpn_dpd_profile.default.path
  peer_address        = "203.0.113.1"
  peer_id             = "203.0.113.1"
  psk                 = "secret"
  rule { destinations = ["192.168.0.0/16"] }
}
"#,
    )
    .apply();
    assert_eq!(lab.state("data.vpn_dpd_profile.default")["system_owned"], json!(true));
    lab.plan_is_empty();
}

#[test]
fn a_data_source_sees_what_the_same_configuration_creates_once_it_is_there() {
    let lab = Workspace::new();
    lab.configure(
        "resource \"vpn_segment\" \"a\" { display_name = \"a\" }\n\
         data \"vpn_segment\" \"a\" {\n  path = vpn_segment.a.path\n  depends_on = [vpn_segment.a]\n}\n\
         output \"id\" { value = data.vpn_segment.a.unique_id }\n",
    )
    .apply();
    lab.plan_is_empty();
}

#[test]
fn what_cannot_be_found_is_said() {
    let lab = Workspace::new();
    lab.configure(
        "resource \"vpn_segment\" \"a\" {\n id = \"a\"\n display_name = \"twin\"\n}\n\
         resource \"vpn_segment\" \"b\" {\n id = \"b\"\n display_name = \"twin\"\n}\n",
    )
    .apply();
    for (hcl, words) in [
        ("data \"vpn_segment\" \"x\" {}", vec!["Set one of id, path and display_name"]),
        ("data \"vpn_segment\" \"x\" {\n id = \"a\"\n path = \"b\"\n}", vec!["id and path are set"]),
        ("data \"vpn_segment\" \"x\" { id = \"none\" }", vec!["does not exist", "\"none\""]),
        ("data \"vpn_segment\" \"x\" { display_name = \"twin\" }", vec!["Several", "segments/a", "segments/b"]),
        ("data \"vpn_segment\" \"x\" { path = \"/infra/tier-0s/vmc\" }", vec!["is not the path of a segment"]),
        ("data \"vpn_segment\" \"x\" { path = \"a\" }", vec!["\"a\" is no policy path"]),
        (
            "data \"vpn_segment\" \"x\" {\n path = \"/infra/tier-1s/cgw/segments/a\"\n connectivity_path = \"/infra/tier-1s/other\"\n}",
            vec!["does not lie below connectivity_path"],
        ),
        ("data \"vpn_segment_port\" \"x\" { id = \"a\" }", vec!["segment_path"]),
        ("data \"vpn_segment\" \"x\" {\n id = \"a\"\n connectivity_path = \"/infra\"\n}", vec!["connectivity_path"]),
    ] {
        lab.configure(hcl).plan_is_refused().mentions(&words);
    }
}
