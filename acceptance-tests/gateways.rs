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

/// A segment right below `/infra`, as `vmware/nsxt` has its own.
fn flexible(connectivity: &str, rest: &str) -> String {
    format!(
        r#"
        resource "vpn_segment" "a" {{
          id       = "app"
          flexible = true
          {connectivity}
          {rest}
          subnet {{ gateway_address = "10.1.1.1/24" }}
        }}
        "#
    )
}

#[test]
fn a_flexible_segment_moves_between_gateways_in_place() {
    let lab = on_premises();
    let segment = || lab.object("/infra/segments/app");
    lab.configure(&flexible("", "")).apply();
    lab.plan_is_empty();
    let made = segment();
    assert_eq!(made["connectivity_path"], "/infra/tier-1s/cgw", "the default");
    assert_eq!((&made["parent_path"], &lab.state("vpn_segment.a")["path"]), (&json!("/infra"), &made["path"]));
    for (said, held) in [
        (r#"connectivity_path = "/infra/tier-1s/tenant""#, json!("/infra/tier-1s/tenant")),
        (r#"connectivity_path = "/infra/tier-0s/edge""#, json!("/infra/tier-0s/edge")),
        (r#"connectivity_path = """#, json!(null)),
        (r#"connectivity_path = "/infra/tier-1s/tenant""#, json!("/infra/tier-1s/tenant")),
    ] {
        lab.configure(&flexible(said, "")).apply().mentions(&["0 added, 1 changed, 0 destroyed"]);
        lab.plan_is_empty();
        let now = segment();
        assert_eq!((&now["connectivity_path"], &now["unique_id"]), (&held, &made["unique_id"]), "{said}");
    }
    // The other place is another object.
    let moved = flexible(r#"connectivity_path = "/infra/tier-1s/tenant""#, "");
    lab.configure(&moved.replace("flexible = true", "")).plan_is_empty();
    let fixed = moved.replace("flexible = true", "flexible = false");
    lab.configure(&fixed).apply().mentions(&["1 added, 0 changed, 1 destroyed"]);
    lab.plan_is_empty();
    assert_eq!(lab.state("vpn_segment.a")["path"], "/infra/tier-1s/tenant/segments/app");
    // Below a gateway, another gateway is another place as well.
    lab.configure(&fixed.replace("tenant", "cgw")).apply().mentions(&["1 added, 0 changed, 1 destroyed"]);
    let segments: Vec<_> = lab.paths().into_iter().filter(|path| path.contains("/segments/")).collect();
    assert_eq!(segments, ["/infra/tier-1s/cgw/segments/app"]);
}

#[test]
fn segments_are_imported_from_both_places() {
    let lab = on_premises();
    let body = json!({ "subnets": [{ "gateway_address": "10.2.2.1/24" }] });
    let mut connected = json!({ "connectivity_path": "/infra/tier-0s/edge" });
    connected["subnets"] = json!([{ "gateway_address": "10.3.3.1/24" }]);
    lab.patch("/infra/tier-1s/tenant/segments/fixed", body.clone());
    lab.patch("/infra/segments/connected", connected);
    lab.patch("/infra/segments/island", body);
    let import = |to: &str, id: &str| format!("import {{\n  to = vpn_segment.{to}\n  id = {id:?}\n}}\n");
    let config = r#"
    resource "vpn_segment" "fixed" {
      connectivity_path = "/infra/tier-1s/tenant"
      subnet { gateway_address = "10.2.2.1/24" }
    }
    resource "vpn_segment" "connected" {
      flexible          = true
      connectivity_path = "/infra/tier-0s/edge"
      subnet { gateway_address = "10.3.3.1/24" }
    }
    resource "vpn_segment" "island" {
      flexible          = true
      connectivity_path = ""
      subnet { gateway_address = "10.2.2.1/24" }
    }
    data "vpn_segment" "found" {
      flexible = true
      id       = "connected"
    }
    data "vpn_segment" "named" {
      path = "/infra/segments/island"
    }
    "#;
    let imports = [
        import("fixed", "/infra/tier-1s/tenant/segments/fixed"),
        import("connected", "/infra/segments/connected"),
        import("island", "/infra/segments/island"),
    ];
    lab.configure(&(config.to_owned() + &imports.concat()));
    lab.apply().mentions(&["3 imported, 0 added, 0 changed, 0 destroyed"]);
    lab.plan_is_empty();
    assert_eq!(lab.state("data.vpn_segment.found")["connectivity_path"], "/infra/tier-0s/edge");
    let named = lab.state("data.vpn_segment.named");
    assert_eq!((&named["flexible"], &named["connectivity_path"]), (&json!(true), &json!("")));
}

#[test]
fn what_a_flexible_segment_is_connected_to_has_to_be_a_gateway() {
    let lab = on_premises();
    for (said, says) in [
        (r#"connectivity_path = "tenant""#, "is not such a path"),
        (r#"connectivity_path = "/infra/segments/x""#, "connectivity_path"),
        (r#"connectivity_path = "/infra/tier-1s/none""#, "/infra/tier-1s/none"),
    ] {
        lab.configure(&flexible(said, "")).plan_is_refused().mentions(&[says]);
    }
    let fixed = flexible(r#"connectivity_path = "/infra/tier-0s/edge""#, "").replace("flexible = true", "");
    lab.configure(&fixed).plan_is_refused().mentions(&["connectivity_path", "/infra/tier-1s/ID"]);
}

/// The only locale service of the gateway is not called `default`, and the VPN service is
/// named without it.
#[test]
fn a_locale_service_of_another_name_need_not_be_named() {
    let lab = Workspace::new();
    lab.configure("").apply();
    for (path, body) in [
        ("/infra/tier-0s/edge", json!({ "ha_mode": "ACTIVE_STANDBY" })),
        ("/infra/tier-0s/edge/locale-services/edge-1", json!({})),
        ("/infra/tier-0s/edge/locale-services/edge-1/bgp", json!({ "local_as_num": "65010" })),
        ("/infra/tier-0s/edge/locale-services/edge-1/ipsec-vpn-services/vpn", json!({})),
    ] {
        lab.patch(path, body);
    }
    let declared = |subnet: &str, neighbor: &str| {
        format!(
            r#"
            locals {{ service = "/infra/tier-0s/edge/ipsec-vpn-services/vpn" }}
            resource "vpn_local_endpoint" "here" {{
              id            = "here"
              service_path  = local.service
              local_address = "203.0.113.70"
            }}
            resource "vpn_route_based_session" "branch" {{
              id                  = "branch"
              service_path        = local.service
              local_endpoint_path = vpn_local_endpoint.here.path
              peer_address        = "198.51.100.2"
              peer_id             = "198.51.100.2"
              psk                 = "key"
              tunnel_interface {{
                ip_subnet {{
                  ip_addresses  = ["{subnet}"]
                  prefix_length = 30
                }}
              }}
            }}
            resource "vpn_bgp_neighbor" "branch" {{
              id               = "branch"
              bgp_path         = "/infra/tier-0s/edge/locale-services/edge-1/bgp"
              neighbor_address = "{neighbor}"
              remote_as_num    = "65020"
            }}
            data "vpn_session_status" "branch" {{
              session_path = vpn_route_based_session.branch.path
            }}
            output "status" {{ value = data.vpn_session_status.branch.runtime_status }}
            "#
        )
    };
    // The neighbor would be the gateway itself.
    lab.configure(&declared("169.254.9.1", "169.254.9.1"));
    lab.plan_is_refused().mentions(&["169.254.9.1"]);
    lab.configure(&declared("169.254.9.1", "169.254.9.2")).apply();
    lab.plan_is_empty();
    let at = "/infra/tier-0s/edge/locale-services/edge-1/ipsec-vpn-services/vpn";
    assert_eq!(
        lab.object(&format!("{at}/sessions/branch"))["local_endpoint_path"],
        format!("{at}/local-endpoints/here")
    );
    // What is there already counts as well, and what leaves its address makes room.
    lab.configure(&declared("169.254.9.2", "169.254.9.2"));
    lab.plan_is_refused().mentions(&["169.254.9.2"]);
    lab.configure(&declared("169.254.10.1", "169.254.10.2")).apply();
    lab.plan_is_empty();
    lab.destroy();
    assert!(lab.paths().iter().all(|path| !path.ends_with("/branch") && !path.ends_with("/here")));
}
