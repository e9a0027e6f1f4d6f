//! Live traces under Terraform.

use serde_json::{Value as Json, json};

use terraform_provider_vpn::engine::Moment;
use terraform_provider_vpn::engine::live_trace::REMOVED_AFTER;

use crate::terraform::Workspace;

/// A workload that sends ten packets a second to nobody.
const WORLD: &str = r#"
resource "vpn_segment" "s" {
  id = "s"
  subnet { gateway_address = "192.168.60.1/24" }
}
resource "vpn_segment_port" "web" {
  id           = "web"
  segment_path = vpn_segment.s.path
  address_binding { ip_address = "192.168.60.10" }
}
resource "vpn_simulated_flow" "f" {
  id                 = "f"
  source             = "192.168.60.10"
  destination        = "10.99.0.1"
  destination_port   = 53
  packets_per_second = 10
  depends_on         = [vpn_segment_port.web]
}
"#;

/// A live trace of it, with this in its block.
fn trace(more: &str, number: u32) -> String {
    format!(
        "{WORLD}
resource \"vpn_live_trace\" \"t\" {{
  id            = \"t\"
  src_port_path = vpn_segment_port.web.path
  timeout       = 5
  {more}
  actions {{
    trace_config {{
      trace_type = \"UNI_DIRECTIONAL\"
      sampling {{ match_number = {number} }}
    }}
  }}
  depends_on = [vpn_simulated_flow.f]
}}
data \"vpn_live_trace_result\" \"t\" {{
  live_trace_path = vpn_live_trace.t.path
  depends_on      = [vpn_live_trace.t]
}}
"
    )
}

fn result(lab: &Workspace) -> Json {
    lab.state("data.vpn_live_trace_result.t")
}

#[test]
fn a_trace_is_waited_for_and_its_result_is_read() {
    let lab = Workspace::new();
    lab.configure(&trace("wait_for_completion = true", 3)).apply();
    let told = result(&lab);
    assert_eq!((&told["operation_state"], &told["request_status"]), (&json!("FINISHED"), &json!("SUCCESS_DELIVERED")));
    let traced = told["trace_results"].as_array().unwrap();
    assert_eq!(traced.len(), 3);
    let last = traced[0]["observations"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["component_name"], &last["reason"]), (&json!("vmc"), &json!("NO_ROUTE")));
    assert_eq!(traced[0]["logical_counters"]["dropped_count"], 1);
    lab.plan_is_empty();
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

#[test]
fn what_is_traced_replaces_it_and_names_do_not() {
    let lab = Workspace::new();
    lab.configure(&trace("", 3)).apply();
    let made = lab.object("/infra/livetraces/t")["unique_id"].clone();
    lab.configure(&trace("description = \"why\"\n  wait_for_completion = true", 3)).apply().mentions(&["1 changed"]);
    assert_eq!(lab.object("/infra/livetraces/t")["unique_id"], made);
    lab.configure(&trace("description = \"why\"", 4));
    let plan = lab.planned();
    let change = plan["resource_changes"].as_array().unwrap().iter().find(|it| it["address"] == "vpn_live_trace.t");
    assert_eq!(change.unwrap()["change"]["actions"], json!(["delete", "create"]));
    lab.apply();
    assert_ne!(lab.object("/infra/livetraces/t")["unique_id"], made);
    lab.plan_is_empty();
}

#[test]
fn one_that_has_expired_is_not_created_again() {
    let lab = Workspace::new();
    let hcl = trace("is_transient = true", 3);
    let hcl = hcl.split("data \"").next().unwrap();
    lab.configure(hcl).apply();
    let later = Moment(Moment::from_clock().0 + REMOVED_AFTER + 60_000);
    lab.lab().remove_expired(later).unwrap();
    assert!(!lab.paths().contains(&"/infra/livetraces/t".to_owned()));
    lab.plan_is_empty();
    // One that is kept and gone is drift.
    // To change it, it has to be created again.
    lab.configure(&hcl.replace("is_transient = true", "")).apply().mentions(&["1 added", "1 destroyed"]);
    lab.plan_is_empty();
    lab.delete("/infra/livetraces/t");
    let changes = lab.changes();
    assert!(changes.len() == 1 && changes[0].starts_with("\"vpn_live_trace.t\" [\"create\"]"), "{changes:?}");
    lab.apply();
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

/// Who asks for its result is told that it is gone, and goes on.
#[test]
fn the_result_of_one_that_has_expired_is_null() {
    let lab = Workspace::new();
    lab.configure(&trace("is_transient = true", 3)).apply();
    assert_ne!(result(&lab)["operation_state"], Json::Null);
    lab.lab().remove_expired(Moment(Moment::from_clock().0 + REMOVED_AFTER + 60_000)).unwrap();
    lab.apply().mentions(&["0 added, 0 changed, 0 destroyed", "There is nothing at /infra/livetraces/t", "transient"]);
    assert_eq!(result(&lab)["operation_state"], Json::Null);
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

#[test]
fn a_plan_refuses_what_no_trace_can_be() {
    let lab = Workspace::new();
    for (from, to, words) in [
        ("match_number = 3", "match_number = 51", "at most 50 packets"),
        ("match_number = 3", "sampling_rate = 3", "takes no sampling_rate"),
        ("UNI_DIRECTIONAL", "BI_DIRECTIONAL", "dest_port_path is missing"),
        ("src_port_path = vpn_segment_port.web.path", "", "Where packets enter is not said"),
        ("timeout       = 5", "timeout = 601", "timeout cannot be 601"),
    ] {
        lab.configure(&trace("", 3).replace(from, to));
        lab.plan_is_refused().mentions(&[words]);
    }
    let policy = r#"
resource "vpn_policy_based_session" "p" {
  id                  = "p"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1"
  peer_address        = "198.51.100.60"
  peer_id             = "198.51.100.60"
  psk                 = "k"
  rule {
    sources      = ["192.168.60.0/24"]
    destinations = ["10.99.0.0/16"]
  }
}
"#;
    let hcl = trace("ipsec_vpn_config {\n session_path = vpn_policy_based_session.p.path\n }", 3);
    lab.configure(&(hcl.replace("src_port_path = vpn_segment_port.web.path", "") + policy));
    lab.plan_is_refused().mentions(&["policy-based session cannot be traced"]);
}

#[test]
fn a_trace_is_foreseen_while_planning() {
    let lab = Workspace::new();
    // What refers to the resource is read after the apply; a path that is written out is not.
    let hcl = trace("", 3).replace("  depends_on      = [vpn_live_trace.t]\n", "");
    let hcl = hcl.replace("vpn_live_trace.t.path", "\"/infra/livetraces/t\"");
    let output = "output \"seen\" {\n  value = data.vpn_live_trace_result.t\n}\n";
    lab.configure(&(hcl + output));
    let told = lab.planned()["planned_values"]["outputs"]["seen"]["value"].clone();
    assert_eq!(told["operation_state"], "FINISHED", "{told}");
    assert_eq!(told["trace_results"].as_array().unwrap().len(), 3);
}
