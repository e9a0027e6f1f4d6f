//! A whole VPN, from nothing and back.

use crate::terraform::Workspace;

#[test]
fn a_profile_is_created_changed_and_destroyed() {
    let lab = Workspace::new();
    lab.configure(r#"resource "vpn_ike_profile" "a" { display_name = "a" }"#).apply();
    assert_eq!(lab.paths(), ["/infra/ipsec-vpn-ike-profiles/a"]);
    lab.plan_is_empty();
    lab.configure("resource \"vpn_ike_profile\" \"a\" {\n display_name = \"a\"\n sa_life_time = 30000\n}").apply();
    assert_eq!(lab.state("vpn_ike_profile.a")["sa_life_time"], 30000);
    lab.plan_is_empty();
    lab.destroy();
    assert!(lab.paths().is_empty());
}

/// Everything over IPv6: the tunnel and what runs in it.
const IPV6: &str = r#"
resource "vpn_local_endpoint" "own" {
  display_name  = "v6"
  service_path  = "/infra/tier-0s/vmc/ipsec-vpn-services/default"
  local_address = "2001:db8::1"
}
resource "vpn_route_based_session" "dc" {
  display_name        = "v6"
  service_path        = "/infra/tier-0s/vmc/ipsec-vpn-services/default"
  local_endpoint_path = vpn_local_endpoint.own.path
  peer_address        = "2001:db8:0:0:0:0:0:7"
  peer_id             = "2001:db8::7"
  psk                 = "secret"
  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["fd00:0::2"]
      prefix_length = 126
    }
    ip_subnet {
      ip_addresses  = ["169.254.66.2"]
      prefix_length = 30
    }
  }
}
resource "vpn_prefix_list" "dc" {
  display_name = "v6"
  prefix {
    network = "2001:db8:7::/48"
    le      = 64
  }
}
resource "vpn_bgp_neighbor" "dc" {
  display_name     = "v6"
  neighbor_address = "fd00::1"
  remote_as_num    = "1.10"
  route_filtering {
    address_family   = "IPV6"
    in_route_filters = [vpn_prefix_list.dc.path]
  }
}
"#;

#[test]
fn a_vpn_over_ipv6_is_created_changed_and_destroyed() {
    let lab = Workspace::new();
    lab.configure(IPV6).apply();
    lab.plan_is_empty();
    let service = "/infra/tier-0s/vmc/ipsec-vpn-services/default";
    let session = lab.object(&format!("{service}/sessions/v6"));
    assert_eq!(session["peer_address"], "2001:db8::7");
    assert_eq!(session["tunnel_interfaces"][0]["ip_subnets"][0]["ip_addresses"][0], "fd00::2");
    // The neighbor in the tunnel keeps the session, and goes first when all goes.
    let alone = IPV6.split("resource \"vpn_route").next().unwrap().to_owned()
        + &IPV6[IPV6.find("resource \"vpn_prefix_list").unwrap()..];
    let said = lab.configure(&alone).run(&["apply", "-auto-approve", "-input=false"]);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["is in use", "/bgp/neighbors/v6"]);
    let changed = IPV6.replace("2001:db8:0:0:0:0:0:7", "2001:db8::8").replace("\"fd00::1\"", "\"fd00:0:0::1\"");
    lab.configure(&changed);
    lab.plan_is_empty_but_for(&["vpn_route_based_session.dc".to_owned()], &["update"]);
    lab.apply();
    lab.plan_is_empty();
    assert_eq!(lab.object(&format!("{service}/sessions/v6"))["peer_address"], "2001:db8::8");
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}
