//! On-premises gateways, which others have created: resources lie below them.

use serde_json::json;

use crate::terraform::Workspace;

/// A tier-0 gateway with a tier-1 gateway that has a VPN service.
fn on_premises() -> Workspace {
    let lab = Workspace::new();
    lab.configure("").apply();
    let redistributes = json!({ "redistribution_rules": [{ "route_redistribution_types": ["TIER1_CONNECTED"] }] });
    for (path, body) in [
        ("/infra/tier-0s/edge", json!({ "ha_mode": "ACTIVE_STANDBY" })),
        ("/infra/tier-0s/edge/locale-services/default", json!({ "route_redistribution_config": redistributes })),
        ("/infra/tier-0s/edge/locale-services/default/bgp", json!({ "local_as_num": "65010" })),
        (
            "/infra/tier-1s/tenant",
            json!({ "tier0_path": "/infra/tier-0s/edge", "route_advertisement_types": ["TIER1_CONNECTED"] }),
        ),
        ("/infra/tier-1s/tenant/locale-services/default", json!({})),
        ("/infra/tier-1s/tenant/ipsec-vpn-services/vpn", json!({})),
    ] {
        lab.patch(path, body);
    }
    lab
}

const BELOW_TIER_1: &str = r#"
resource "vpn_segment" "app" {
  id                = "app"
  connectivity_path = "/infra/tier-1s/tenant"
  subnet { gateway_address = "10.1.1.1/24" }
}
resource "vpn_local_endpoint" "here" {
  id            = "here"
  service_path  = "/infra/tier-1s/tenant/ipsec-vpn-services/vpn"
  local_address = "203.0.113.70"
}
resource "vpn_policy_based_session" "office" {
  id                  = "office"
  service_path        = "/infra/tier-1s/tenant/ipsec-vpn-services/vpn"
  local_endpoint_path = vpn_local_endpoint.here.path
  peer_address        = "198.51.100.1"
  peer_id             = "198.51.100.1"
  psk                 = "key"
  rule {
    sources      = ["10.1.0.0/16"]
    destinations = ["172.16.0.0/16"]
  }
}
resource "vpn_route_based_session" "branch" {
  id                  = "branch"
  service_path        = "/infra/tier-1s/tenant/locale-services/default/ipsec-vpn-services/vpn"
  local_endpoint_path = vpn_local_endpoint.here.path
  peer_address        = "198.51.100.2"
  peer_id             = "198.51.100.2"
  psk                 = "key"
  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["10.99.0.1"]
      prefix_length = 30
    }
  }
}
resource "vpn_simulated_peer" "office" {
  id      = "office"
  address = "198.51.100.1"
  psk     = "key"
}
"#;

#[test]
fn a_vpn_of_a_tier_1_gateway_is_declared_imported_and_traced() {
    let owner = on_premises();
    let trace = r#"
    data "vpn_path_trace" "a" {
      source      = "10.1.1.9"
      destination = "172.16.0.9"
      protocol    = "ICMP"
    }
    "#;
    owner.configure(&[BELOW_TIER_1, trace].concat()).apply();
    owner.plan_is_empty();
    let service = "/infra/tier-1s/tenant/locale-services/default/ipsec-vpn-services/vpn";
    assert_eq!(owner.state("vpn_policy_based_session.office")["path"], format!("{service}/sessions/office"));
    let traced = owner.state("data.vpn_path_trace.a");
    assert_eq!(traced["disposition"], "DELIVERED_TO_PEER", "{traced}");
    assert!(traced["hops"].to_string().contains("/infra/tier-1s/tenant"), "{traced}");
    let lab = Workspace::beside(&owner);
    let import = |to: &str, id: &str| format!("import {{\n  to = {to}\n  id = {id:?}\n}}\n");
    let short = "/infra/tier-1s/tenant/ipsec-vpn-services/vpn";
    let imports = [
        import("vpn_segment.app", "/infra/tier-1s/tenant/segments/app"),
        import("vpn_local_endpoint.here", &format!("{short}/local-endpoints/here")),
        import("vpn_policy_based_session.office", &format!("{short}/sessions/office")),
        import("vpn_route_based_session.branch", &format!("{service}/sessions/branch")),
    ];
    let declared = BELOW_TIER_1.split("resource \"vpn_simulated_peer\"").next().unwrap();
    lab.configure(&[declared.to_owned(), imports.concat()].concat());
    assert_eq!(lab.changes(), [""; 0]);
    owner.configure("").apply();
    assert!(owner.paths().iter().all(|path| !path.starts_with(&format!("{service}/"))));
}

#[test]
fn a_plan_refuses_a_service_that_is_not_there_on_either_gateway() {
    let lab = on_premises();
    for path in ["/infra/tier-1s/tenant/ipsec-vpn-services/none", "/infra/tier-1s/none/ipsec-vpn-services/vpn"] {
        lab.configure(&format!(
            "resource \"vpn_local_endpoint\" \"a\" {{\n service_path = {path:?}\n local_address = \"203.0.113.9\"\n}}\n"
        ));
        lab.plan_is_refused().mentions(&["does not exist"]);
    }
    lab.configure(
        r#"
        resource "vpn_local_endpoint" "a" {
          service_path  = "/infra/tier-1s/tenant"
          local_address = "203.0.113.9"
        }
        "#,
    );
    lab.plan_is_refused().mentions(&["/infra/tier-0s/ID/locale-services/ID", "/infra/tier-1s/ID/locale-services/ID"]);
}

#[test]
fn a_segment_right_below_infra_is_imported_and_keeps_what_terraform_does_not_show() {
    let lab = on_premises();
    let zone = "/infra/sites/default/enforcement-points/default/transport-zones/overlay";
    let segment = json!({
        "connectivity_path": "/infra/tier-1s/tenant", "transport_zone_path": zone,
        "subnets": [{ "gateway_address": "10.1.5.1/24" }],
    });
    lab.patch("/infra/segments/web", segment);
    let declared = |text: &str| {
        format!(
            "resource \"vpn_segment\" \"web\" {{\n id = \"web\"\n connectivity_path = \"/infra/tier-1s/tenant\"\n \
             description = {text:?}\n subnet {{\n gateway_address = \"10.1.5.1/24\"\n }}\n}}\n"
        )
    };
    let import = "import {\n  to = vpn_segment.web\n  id = \"/infra/segments/web\"\n}\n";
    lab.configure(&(declared("mine") + import)).apply();
    let held = lab.object("/infra/segments/web");
    assert_eq!((&held["description"], &held["transport_zone_path"]), (&json!("mine"), &json!(zone)));
    assert_eq!(held["connectivity_path"], "/infra/tier-1s/tenant");
    lab.plan_is_empty();
    lab.configure(&declared("yours")).apply();
    assert_eq!(lab.object("/infra/segments/web")["transport_zone_path"], zone);
    lab.plan_is_empty();
}

#[test]
fn a_prefix_list_that_gateways_share() {
    let lab = on_premises();
    lab.configure(
        r#"
        resource "vpn_prefix_list" "shared" {
          id           = "shared"
          gateway_path = "/infra/routing-config"
          prefix { network = "10.0.0.0/8" }
        }
        resource "vpn_bgp_neighbor" "a" {
          id               = "a"
          bgp_path         = "/infra/tier-0s/edge/locale-services/default/bgp"
          neighbor_address = "10.99.0.2"
          remote_as_num    = "65011"
          route_filtering {
            address_family   = "IPV4"
            in_route_filters = [vpn_prefix_list.shared.path]
          }
        }
        "#,
    )
    .apply();
    lab.plan_is_empty();
    assert_eq!(lab.state("vpn_prefix_list.shared")["path"], "/infra/routing-config/prefix-lists/shared");
}
