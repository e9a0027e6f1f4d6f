//! What is created and deleted in which order, and what stands in the way.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::samples::{self, SAMPLES};
use crate::terraform::{Workspace, said};

const PAIRS: usize = 30;
const SESSIONS: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions";
const NEIGHBORS: &str = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors";

/// Sessions with a neighbor each, which matches its tunnel by address only, and
/// the profiles and lists they share.
const MANY: &str = r#"
resource "vpn_ike_profile" "a" { display_name = "ike" }
resource "vpn_tunnel_profile" "a" { display_name = "tunnel" }
resource "vpn_dpd_profile" "a" { display_name = "dpd" }
resource "vpn_prefix_list" "a" {
  display_name = "list"
  prefix { network = "10.0.0.0/8" }
}
resource "vpn_route_based_session" "s" {
  count               = 30
  display_name        = "s${count.index}"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  ike_profile_path    = vpn_ike_profile.a.path
  tunnel_profile_path = vpn_tunnel_profile.a.path
  dpd_profile_path    = vpn_dpd_profile.a.path
  psk                 = "secret"
  peer_address        = "203.0.113.${count.index + 1}"
  peer_id             = "203.0.113.${count.index + 1}"
  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.${100 + count.index}.2"]
      prefix_length = 30
    }
  }
}
resource "vpn_bgp_neighbor" "n" {
  count            = 30
  display_name     = "n${count.index}"
  neighbor_address = "169.254.${100 + count.index}.1"
  remote_as_num    = "65001"
  route_filtering { in_route_filters = [vpn_prefix_list.a.path] }
}
"#;

#[test]
fn one_apply_makes_all_and_one_destroy_takes_all_away() {
    for parallelism in ["-parallelism=10", "-parallelism=1"] {
        let lab = Workspace::new();
        lab.configure(MANY);
        lab.run(&["apply", "-auto-approve", "-input=false", parallelism]).succeeded();
        assert_eq!(lab.paths().len(), 4 + 2 * PAIRS);
        lab.plan_is_empty();
        lab.run(&["destroy", "-auto-approve", "-input=false", parallelism]).succeeded();
        assert_eq!(lab.paths(), [""; 0]);
    }
}

/// A session and its neighbor.
const PAIR: &str = r#"
resource "vpn_route_based_session" "s" {
  display_name        = "s"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  psk                 = "secret"
  peer_address        = "203.0.113.1"
  peer_id             = "203.0.113.1"
  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.100.2"]
      prefix_length = 30
    }
  }
}
"#;
const NEIGHBOR: &str = r#"
resource "vpn_bgp_neighbor" "n" {
  display_name     = "n"
  neighbor_address = "169.254.100.1"
  remote_as_num    = "65001"
}
"#;

#[test]
fn a_session_is_not_deleted_before_a_neighbor_that_stays() {
    let lab = Workspace::new();
    lab.configure(&[PAIR, NEIGHBOR].concat()).apply();
    let refused = |arguments: &[&str]| {
        let begun = Instant::now();
        let said = lab.run(arguments);
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&["The route-based VPN session is in use", &format!("{NEIGHBORS}/n"), "Delete them first"]);
        assert!(begun.elapsed() < Duration::from_secs(8), "it took {:?}", begun.elapsed());
        assert_eq!(lab.paths(), [format!("{NEIGHBORS}/n"), format!("{SESSIONS}/s")]);
    };
    refused(&["destroy", "-auto-approve", "-input=false", "-target=vpn_route_based_session.s"]);
    lab.configure(NEIGHBOR);
    refused(&["apply", "-auto-approve", "-input=false"]);
    lab.configure(&[PAIR, NEIGHBOR].concat()).plan_is_empty();
    lab.destroy();
}

#[test]
fn a_profile_in_use_is_not_deleted() {
    let lab = Workspace::new();
    lab.configure(r#"resource "vpn_ike_profile" "a" { display_name = "a" }"#).apply();
    lab.patch(
        &format!("{SESSIONS}/theirs"),
        json!({
            "resource_type": "PolicyBasedIPSecVpnSession", "psk": "theirs", "peer_address": "203.0.113.9",
            "peer_id": "203.0.113.9", "rules": [{ "id": "r" }],
            "local_endpoint_path": format!("{}/local-endpoints/Private-IP1", SESSIONS.trim_end_matches("/sessions")),
            "ike_profile_path": "/infra/ipsec-vpn-ike-profiles/a",
        }),
    );
    let said = lab.run(&["destroy", "-auto-approve", "-input=false"]);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["The IKE profile is in use", &format!("{SESSIONS}/theirs")]);
    lab.plan_is_empty();
    lab.delete(&format!("{SESSIONS}/theirs"));
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

/// The unique ids of the samples with this id, in their order.
fn unique_ids(lab: &Workspace, id: &str) -> Vec<String> {
    SAMPLES.iter().map(|sample| lab.object(&sample.path(id))["unique_id"].as_str().unwrap().to_owned()).collect()
}

/// The arguments of an apply that replaces all samples.
fn replace_all() -> Vec<String> {
    let replace = SAMPLES.iter().map(|sample| format!("-replace={}", sample.address()));
    ["apply", "-auto-approve", "-input=false"].map(str::to_owned).into_iter().chain(replace).collect()
}

fn run(lab: &Workspace, arguments: &[String]) -> crate::terraform::Said {
    lab.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn objects_of_every_kind_are_replaced_when_asked_or_tainted() {
    let lab = Workspace::new();
    lab.configure(&samples::all("a", "")).apply();
    let first = unique_ids(&lab, "a");
    run(&lab, &replace_all()).succeeded();
    let second = unique_ids(&lab, "a");
    for (sample, (first, second)) in SAMPLES.iter().zip(first.iter().zip(&second)) {
        assert_ne!(first, second, "{} was not replaced", sample.kind);
        lab.run(&["taint", &sample.address()]).succeeded();
    }
    lab.plan_is_empty_but_for(&SAMPLES.map(|sample| sample.address()), &["delete", "create"]);
    lab.apply();
    for (second, third) in second.iter().zip(unique_ids(&lab, "a")) {
        assert_ne!(*second, third);
    }
    lab.plan_is_empty();
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

#[test]
fn an_object_cannot_be_created_before_the_one_of_the_same_id_is_gone() {
    let lab = Workspace::new();
    let first = "lifecycle { create_before_destroy = true }";
    lab.configure(&samples::all("a", first)).apply();
    let before = unique_ids(&lab, "a");
    let said = run(&lab, &replace_all());
    assert_eq!(said.code, 1, "{}", said.text);
    for sample in &SAMPLES {
        said.mentions(&[&format!("{} is in this state already", sample.path("a"))]);
    }
    said.mentions(&["remove create_before_destroy", "give the new one another id"]);
    assert_eq!(unique_ids(&lab, "a"), before);
    lab.plan_is_empty();
    // With another id and addresses of its own, it can.
    lab.configure(&samples::apart(&samples::all("b", first), 8)).apply();
    lab.plan_is_empty();
    assert_eq!(lab.paths().len(), SAMPLES.len() + 1);
    assert_eq!(unique_ids(&lab, "b").len(), SAMPLES.len());
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

#[test]
fn a_profile_in_use_is_replaced_by_one_of_another_id() {
    let lab = Workspace::new();
    let hcl = |id: &str, lifecycle: &str| {
        format!(
            "resource \"vpn_ike_profile\" \"a\" {{\nid = {id:?}\n{lifecycle}\n}}\n{}",
            PAIR.replace("psk ", "ike_profile_path = vpn_ike_profile.a.path\npsk ")
        )
    };
    lab.configure(&hcl("one", "")).apply();
    // The old one first: the session still uses it, and nothing happens.
    let said = lab.configure(&hcl("two", "")).run(&["apply", "-auto-approve", "-input=false"]);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["The IKE profile is in use", &format!("{SESSIONS}/s"), "create_before_destroy"]);
    assert_eq!(lab.object(&format!("{SESSIONS}/s"))["ike_profile_path"], "/infra/ipsec-vpn-ike-profiles/one");
    // The new one first.
    lab.configure(&hcl("two", "lifecycle { create_before_destroy = true }")).apply();
    assert_eq!(lab.paths(), ["/infra/ipsec-vpn-ike-profiles/two".to_owned(), format!("{SESSIONS}/s")]);
    lab.plan_is_empty();
}

/// What others use stays in use.
#[test]
fn a_resource_that_was_renamed_keeps_its_object() {
    let lab = Workspace::new();
    let hcl = |name: &str| {
        let session = PAIR.replace("\"s\" {", &format!("{name:?} {{\nike_profile_path = vpn_ike_profile.{name}.path"));
        format!("resource \"vpn_ike_profile\" {name:?} {{ id = \"i\" }}\n{session}{NEIGHBOR}")
    };
    lab.configure(&hcl("s")).apply();
    let ids = || {
        [format!("{SESSIONS}/s"), "/infra/ipsec-vpn-ike-profiles/i".to_owned()]
            .map(|path| lab.object(&path)["unique_id"].clone())
    };
    let before = ids();
    // Whichever of the two Terraform asks for first.
    for name in ["t", "u", "v"] {
        lab.configure(&hcl(name)).apply();
        lab.plan_is_empty();
        assert_eq!(ids(), before);
    }
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

#[test]
fn a_count_becomes_a_for_each() {
    let count = MANY.replace("count            = 30", "count = 3").replace("count               = 30", "count = 3");
    let each = count
        .replace("count = 3", "for_each = toset([\"0\", \"1\", \"2\"])")
        .replace("count.index + 1", "tonumber(each.key) + 1")
        .replace("100 + count.index", "100 + tonumber(each.key)")
        .replace("count.index", "each.key");
    let lab = Workspace::new();
    lab.configure(&count).apply();
    let paths = lab.paths();
    for (hcl, parallelism) in [(&each, "-parallelism=10"), (&count, "-parallelism=1"), (&each, "-parallelism=3")] {
        lab.configure(hcl).run(&["apply", "-auto-approve", "-input=false", parallelism]).succeeded();
        assert_eq!(lab.paths(), paths);
        lab.plan_is_empty();
    }
}

/// A session whose neighbor another resource is to have stays in use by it.
#[test]
fn a_neighbor_that_was_renamed_is_not_deleted_with_its_session() {
    for _ in 0..4 {
        let lab = Workspace::new();
        lab.configure(&[PAIR, NEIGHBOR].concat()).apply();
        lab.configure(&NEIGHBOR.replace("\"n\" {", "\"m\" {"));
        let said = lab.run(&["apply", "-auto-approve", "-input=false"]);
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&["The route-based VPN session is in use", &format!("{NEIGHBORS}/n")]);
        assert_eq!(lab.paths(), [format!("{NEIGHBORS}/n"), format!("{SESSIONS}/s")]);
        lab.configure(&[PAIR, &NEIGHBOR.replace("\"n\" {", "\"m\" {")].concat()).plan_is_empty();
    }
}

/// The plan says which object is deleted, not only where it is.
#[test]
fn a_neighbor_that_somebody_made_anew_is_not_deleted_with_the_session() {
    let ours = Workspace::new();
    ours.configure(&[PAIR, NEIGHBOR].concat()).apply();
    ours.run(&["plan", "-destroy", "-input=false", "-out=all.plan"]).succeeded();
    let theirs = Workspace::beside(&ours);
    theirs.configure(NEIGHBOR).run(&["import", "-input=false", "vpn_bgp_neighbor.n", "n"]).succeeded();
    theirs.run(&["apply", "-auto-approve", "-input=false", "-replace=vpn_bgp_neighbor.n"]).succeeded();
    let said = ours.run(&["apply", "-input=false", "all.plan"]);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["it was left alone", "The route-based VPN session is in use", &format!("{NEIGHBORS}/n")]);
    theirs.plan_is_empty();
}

#[test]
fn one_object_is_declared_once() {
    let lab = Workspace::new();
    let one = "resource \"vpn_ike_profile\" \"one\" { id = \"x\" }\n";
    let two = "resource \"vpn_ike_profile\" \"two\" { display_name = \"x\" }\n";
    let said = lab.configure(&[one, two].concat()).plan_is_refused();
    said.mentions(&["Two resources declare one object", "/infra/ipsec-vpn-ike-profiles/x", "another id"]);
    assert_eq!(lab.paths(), [""; 0]);
    // Also when one of them has it already.
    lab.configure(one).apply();
    let said = lab.configure(&[one, two].concat()).run(&["apply", "-auto-approve", "-input=false"]);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["/infra/ipsec-vpn-ike-profiles/x is in this state already", "give this one an id of its own"]);
    lab.configure(one).plan_is_empty();
}

#[test]
fn sessions_and_their_neighbors_are_replaced_together() {
    for parallelism in ["-parallelism=10", "-parallelism=1"] {
        let lab = Workspace::new();
        lab.configure(MANY).apply();
        let others = MANY.replace("\"s${count.index}\"", "\"t${count.index}\"");
        let others = others.replace("\"n${count.index}\"", "\"m${count.index}\"");
        let others =
            others.replace("display_name        = \"t", "id = \"t${count.index}\"\n  display_name        = \"t");
        let others = others.replace("display_name     = \"m", "id = \"m${count.index}\"\n  display_name     = \"m");
        lab.configure(&others);
        lab.run(&["apply", "-auto-approve", "-input=false", parallelism]).succeeded();
        assert!(lab.paths().contains(&format!("{SESSIONS}/t0")) && !lab.paths().contains(&format!("{SESSIONS}/s0")));
        lab.plan_is_empty();
    }
}

/// A plan is carried out by another process than made it, and perhaps on another
/// machine, which has the engine and the plan and nothing else.
#[test]
fn a_saved_plan_that_destroys_is_carried_out_elsewhere() {
    let lab = Workspace::new();
    lab.configure(MANY).apply();
    lab.run(&["plan", "-destroy", "-input=false", "-out=all.plan"]).succeeded();
    let elsewhere = lab.folder().join("u");
    std::fs::create_dir(&elsewhere).unwrap();
    let output = lab.command(&["apply", "-input=false", "all.plan"]).env("TMPDIR", elsewhere).output().unwrap();
    said(&output).succeeded();
    assert_eq!(lab.paths(), [""; 0]);
}

#[test]
fn a_saved_plan_that_replaces_is_carried_out() {
    let lab = Workspace::new();
    lab.configure(&samples::all("a", "")).apply();
    let before = unique_ids(&lab, "a");
    let mut plan = replace_all();
    plan.splice(0..2, ["plan", "-out=all.plan"].map(str::to_owned));
    run(&lab, &plan).succeeded();
    lab.run(&["apply", "-input=false", "all.plan"]).succeeded();
    assert!(before.iter().zip(unique_ids(&lab, "a")).all(|(before, after)| *before != after));
    lab.plan_is_empty();
}

/// More objects change hands than Terraform has operations under way, with what
/// refers to them.
#[test]
fn many_resources_that_were_renamed_keep_their_objects() {
    let hcl = |name: &str, note: &str| {
        format!(
            "resource \"vpn_segment\" {name:?} {{\n  count = 40\n  id = \"s-${{count.index}}\"\n  description = {note:?}\n}}\n\
             resource \"vpn_segment_port\" {name:?} {{\n  count = 40\n  id = \"p\"\n  segment_path = vpn_segment.{name}[count.index].path\n}}\n"
        )
    };
    let lab = Workspace::new();
    lab.configure(&hcl("a", "")).apply();
    let paths = lab.paths();
    for (name, note, parallelism) in
        [("b", "", "-parallelism=10"), ("c", "changed", "-parallelism=10"), ("d", "", "-parallelism=1")]
    {
        lab.configure(&hcl(name, note));
        let said = lab.run(&["apply", "-auto-approve", "-input=false", parallelism]).succeeded();
        assert!(!said.says("somebody else") && !said.says("existed already"), "{}", said.text);
        assert_eq!(lab.paths(), paths);
        lab.plan_is_empty();
    }
}

#[test]
fn ids_are_swapped() {
    let hcl = |a: &str, b: &str| {
        let one = |name: &str, id: &str| {
            format!("resource \"vpn_segment\" {name:?} {{\n  id = {id:?}\n  description = {name:?}\n}}\n")
        };
        one("a", a) + &one("b", b)
    };
    let lab = Workspace::new();
    lab.configure(&hcl("x", "y")).apply();
    for (a, b, parallelism) in [("y", "x", "-parallelism=1"), ("x", "y", "-parallelism=10")] {
        lab.configure(&hcl(a, b));
        lab.run(&["apply", "-auto-approve", "-input=false", parallelism]).succeeded();
        assert_eq!(lab.object(&format!("/infra/tier-1s/cgw/segments/{a}"))["description"], "a");
        lab.plan_is_empty();
    }
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

/// The local endpoint gets its certificate, and the session begins to use it.
#[test]
fn an_endpoint_and_its_session_change_together() {
    const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
    let hcl = |certificate: &str, session: &str, endpoint: &str| {
        format!(
            r#"
            resource "vpn_local_endpoint" "e" {{
              id            = "e"
              local_address = "203.0.113.7"
              {certificate}
            }}
            resource "vpn_policy_based_session" "s" {{
              id                  = "s"
              local_endpoint_path = {endpoint}
              peer_address        = "203.0.113.8"
              peer_id             = "CN=peer"
              {session}
              rule {{ sources = ["10.0.0.0/8"] }}
            }}
            "#
        )
    };
    let reference = "vpn_local_endpoint.e.path";
    let literal = format!("{:?}", format!("{SERVICE}/local-endpoints/e"));
    let (certificate, by_certificate) =
        ("certificate_path = \"/infra/certificates/c\"", "authentication_mode = \"CERTIFICATE\"");
    for (endpoint, parallelism) in
        [(reference, "-parallelism=1"), (reference, "-parallelism=10"), (literal.as_str(), "-parallelism=10")]
    {
        let lab = Workspace::new();
        lab.configure(&hcl("", "psk = \"key\"", reference)).apply();
        lab.configure(&hcl("", by_certificate, endpoint));
        lab.plan_is_refused().mentions(&["The local endpoint has no certificate to present"]);
        lab.configure(&hcl(certificate, by_certificate, endpoint));
        lab.run(&["apply", "-auto-approve", "-input=false", parallelism]).succeeded();
        lab.plan_is_empty();
        lab.configure(&hcl(certificate, by_certificate, reference)).destroy();
        assert_eq!(lab.paths(), [""; 0]);
    }
}
