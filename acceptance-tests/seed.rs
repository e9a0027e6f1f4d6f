//! The bodies printed in seed 002, declared in HCL.

use serde_json::Value as Json;

use crate::terraform::Workspace;

/// A body as the seed prints it, where it belongs, and its HCL.
struct Printed {
    path: &'static str,
    body: &'static str,
    hcl: &'static str,
}

const IKE_PROFILE: Printed = Printed {
    path: "/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE",
    body: r#"{
        "digest_algorithms": [], "encryption_algorithms": ["AES_GCM_128"], "ike_version": "IKE_V2",
        "dh_groups": ["GROUP21"], "sa_life_time": 86400, "resource_type": "IPSecVpnIkeProfile",
        "id": "VPNtoDFWDC1IKE", "display_name": "VPNtoDFWDC1IKE"
    }"#,
    hcl: r#"
resource "vpn_ike_profile" "dfw" {
  id                    = "VPNtoDFWDC1IKE"
  display_name          = "VPNtoDFWDC1IKE"
  digest_algorithms     = []
  encryption_algorithms = ["AES_GCM_128"]
  ike_version           = "IKE_V2"
  dh_groups             = ["GROUP21"]
  sa_life_time          = 86400
}
"#,
};

const TUNNEL_PROFILE: Printed = Printed {
    path: "/infra/ipsec-vpn-tunnel-profiles/VPNtoDFWDC1IPSEC",
    body: r#"{
        "digest_algorithms": [], "encryption_algorithms": ["AES_GCM_128"], "enable_perfect_forward_secrecy": true,
        "dh_groups": ["GROUP21"], "sa_life_time": 3600, "df_policy": "COPY",
        "resource_type": "IPSecVpnTunnelProfile", "id": "VPNtoDFWDC1IPSEC", "display_name": "VPNtoDFWDC1IPSEC"
    }"#,
    hcl: r#"
resource "vpn_tunnel_profile" "dfw" {
  id                             = "VPNtoDFWDC1IPSEC"
  display_name                   = "VPNtoDFWDC1IPSEC"
  digest_algorithms              = []
  encryption_algorithms          = ["AES_GCM_128"]
  enable_perfect_forward_secrecy = true
  dh_groups                      = ["GROUP21"]
  sa_life_time                   = 3600
  df_policy                      = "COPY"
}
"#,
};

const DPD_PROFILE: Printed = Printed {
    path: "/infra/ipsec-vpn-dpd-profiles/nsx-custom-l3vpn-dpd-profile",
    body: r#"{
        "enabled": true, "dpd_probe_mode": "PERIODIC", "dpd_probe_interval": 60, "retry_count": 5,
        "resource_type": "IPSecVpnDpdProfile", "id": "nsx-custom-l3vpn-dpd-profile",
        "display_name": "nsx-custom-l3vpn-dpd-profile"
    }"#,
    hcl: r#"
resource "vpn_dpd_profile" "custom" {
  id                 = "nsx-custom-l3vpn-dpd-profile"
  display_name       = "nsx-custom-l3vpn-dpd-profile"
  enabled            = true
  dpd_probe_mode     = "PERIODIC"
  dpd_probe_interval = 60
  retry_count        = 5
}
"#,
};

const PREFIX_LIST: Printed = Printed {
    path: "/infra/tier-0s/vmc/prefix-lists/VPNPrefixList_inout",
    body: r#"{ "prefixes": [{ "network": "10.0.0.0/8", "action": "PERMIT", "le": 26 }] }"#,
    hcl: r#"
resource "vpn_prefix_list" "inout" {
  id = "VPNPrefixList_inout"
  prefix {
    network = "10.0.0.0/8"
    action  = "PERMIT"
    le      = 26
  }
}
"#,
};

const BGP_NEIGHBOR: Printed = Printed {
    path: "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors/VPNtoDFWDC1BGP",
    body: r#"{
        "neighbor_address": "169.254.151.1", "remote_as_num": "65006",
        "route_filtering": [{
            "enabled": true, "address_family": "IPV4",
            "in_route_filters": ["/infra/tier-0s/vmc/prefix-lists/VPNPrefixList_inout"],
            "out_route_filters": ["/infra/tier-0s/vmc/prefix-lists/VPNPrefixList_inout"]
        }],
        "keep_alive_time": 60, "hold_down_time": 180, "allow_as_in": false, "maximum_hop_limit": 1,
        "resource_type": "BgpNeighborConfig", "id": "VPNtoDFWDC1BGP", "password": "MyBGPPassword",
        "display_name": " VPNtoDFWDC1BGP"
    }"#,
    hcl: r#"
resource "vpn_bgp_neighbor" "dfw" {
  id                = "VPNtoDFWDC1BGP"
  display_name      = " VPNtoDFWDC1BGP"
  neighbor_address  = "169.254.151.1"
  remote_as_num     = "65006"
  keep_alive_time   = 60
  hold_down_time    = 180
  allow_as_in       = false
  maximum_hop_limit = 1
  password          = "MyBGPPassword"
  route_filtering {
    enabled           = true
    address_family    = "IPV4"
    in_route_filters  = [vpn_prefix_list.inout.path]
    out_route_filters = [vpn_prefix_list.inout.path]
  }
}
"#,
};

const ROUTE_BASED_SESSION: Printed = Printed {
    path: "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/VPNtoDFWDC1",
    body: r#"{
        "tunnel_interfaces": [{
            "ip_subnets": [{ "ip_addresses": ["169.254.151.2"], "prefix_length": 30 }],
            "resource_type": "IPSecVpnTunnelInterface", "id": "default-tunnel-interface",
            "display_name": "default-tunnel-interface"
        }],
        "force_whitelisting": false, "resource_type": "RouteBasedIPSecVpnSession", "id": "VPNtoDFWDC1",
        "display_name": " VPNtoDFWDC1", "enabled": true,
        "local_endpoint_path": "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1",
        "authentication_mode": "PSK", "psk": "test123456",
        "ike_profile_path": "/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE",
        "tunnel_profile_path": "/infra/ipsec-vpn-tunnel-profiles/VPNtoDFWDC1IPSEC",
        "dpd_profile_path": "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile",
        "compliance_suite": "NONE", "connection_initiation_mode": "INITIATOR",
        "peer_address": "10.0.0.1", "peer_id": "10.0.0.1",
        "tcp_mss_clamping": { "direction": "BOTH", "max_segment_size": 1325 }
    }"#,
    hcl: r#"
resource "vpn_route_based_session" "dfw" {
  id                         = "VPNtoDFWDC1"
  display_name               = " VPNtoDFWDC1"
  force_whitelisting         = false
  enabled                    = true
  local_endpoint_path        = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  authentication_mode        = "PSK"
  psk                        = "test123456"
  ike_profile_path           = vpn_ike_profile.dfw.path
  tunnel_profile_path        = vpn_tunnel_profile.dfw.path
  dpd_profile_path           = "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile"
  compliance_suite           = "NONE"
  connection_initiation_mode = "INITIATOR"
  peer_address               = "10.0.0.1"
  peer_id                    = "10.0.0.1"
  tunnel_interface {
    id           = "default-tunnel-interface"
    display_name = "default-tunnel-interface"
    ip_subnet {
      ip_addresses  = ["169.254.151.2"]
      prefix_length = 30
    }
  }
  tcp_mss_clamping {
    direction        = "BOTH"
    max_segment_size = 1325
  }
}
"#,
};

const POLICY_BASED_SESSION: Printed = Printed {
    path: "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/VPNtoDFWDC1",
    body: r#"{
        "rules": [{
            "sources": [{ "subnet": "192.168.98.0/24" }, { "subnet": "10.2.1.140/32" }],
            "destinations": [{ "subnet": "192.168.123.0/24" }],
            "logged": false, "enabled": true, "action": "PROTECT", "sequence_number": 0,
            "resource_type": "IPSecVpnRule", "id": "Test-Policy-l3vpn-rule", "display_name": "Test-Policy-l3vpn-rule"
        }],
        "resource_type": "PolicyBasedIPSecVpnSession", "id": "VPNtoDFWDC1", "display_name": "VPNtoDFWDC1",
        "enabled": true,
        "local_endpoint_path": "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1",
        "authentication_mode": "PSK", "psk": "VMware12345",
        "ike_profile_path": "/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE",
        "tunnel_profile_path": "/infra/ipsec-vpn-tunnel-profiles/VPNtoDFWDC1IPSEC",
        "dpd_profile_path": "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile",
        "compliance_suite": "NONE", "connection_initiation_mode": "INITIATOR",
        "peer_address": "10.0.0.1", "peer_id": "10.0.0.1"
    }"#,
    hcl: r#"
resource "vpn_policy_based_session" "dfw" {
  id                         = "VPNtoDFWDC1"
  display_name               = "VPNtoDFWDC1"
  enabled                    = true
  local_endpoint_path        = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  authentication_mode        = "PSK"
  psk                        = "VMware12345"
  ike_profile_path           = vpn_ike_profile.dfw.path
  tunnel_profile_path        = vpn_tunnel_profile.dfw.path
  dpd_profile_path           = "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile"
  compliance_suite           = "NONE"
  connection_initiation_mode = "INITIATOR"
  peer_address               = "10.0.0.1"
  peer_id                    = "10.0.0.1"
  rule {
    id              = "Test-Policy-l3vpn-rule"
    display_name    = "Test-Policy-l3vpn-rule"
    sources         = ["192.168.98.0/24", "10.2.1.140/32"]
    destinations    = ["192.168.123.0/24"]
    logged          = false
    enabled         = true
    action          = "PROTECT"
    sequence_number = 0
  }
}
"#,
};

const ROUTE_BASED: [&Printed; 6] =
    [&IKE_PROFILE, &TUNNEL_PROFILE, &DPD_PROFILE, &PREFIX_LIST, &BGP_NEIGHBOR, &ROUTE_BASED_SESSION];
const POLICY_BASED: [&Printed; 4] = [&IKE_PROFILE, &TUNNEL_PROFILE, &DPD_PROFILE, &POLICY_BASED_SESSION];

/// Where `stored` differs from `printed`; what the system adds is no difference,
/// and neither is the order of a rule's networks.
fn differences(place: &str, printed: &Json, stored: &Json) -> Vec<String> {
    match (printed, stored) {
        (Json::Object(printed), Json::Object(stored)) => printed
            .iter()
            .flat_map(|(name, value)| {
                differences(&format!("{place}.{name}"), value, stored.get(name).unwrap_or(&Json::Null))
            })
            .collect(),
        (Json::Array(printed), Json::Array(stored)) if printed.len() == stored.len() => {
            let sorted = |items: &[Json]| {
                let mut items = items.to_vec();
                items.sort_by_key(Json::to_string);
                items
            };
            let (printed, stored) = if place.ends_with("sources") || place.ends_with("destinations") {
                (sorted(printed), sorted(stored))
            } else {
                (printed.clone(), stored.clone())
            };
            let pairs = printed.iter().zip(&stored).enumerate();
            pairs.flat_map(|(at, (printed, stored))| differences(&format!("{place}[{at}]"), printed, stored)).collect()
        }
        (printed, stored) if printed == stored => Vec::new(),
        _ => vec![format!("{place}: printed {printed}, stored {stored}")],
    }
}

/// Applies `hcl`, and compares what it made with what the seed prints.
fn makes_what_is_printed(lab: &Workspace, hcl: &str, all: &[&Printed]) {
    lab.configure(hcl).apply();
    lab.plan_is_empty();
    let mut expected: Vec<_> = all.iter().map(|printed| printed.path).collect();
    expected.sort_unstable();
    assert_eq!(lab.paths(), expected);
    for printed in all {
        let body = serde_json::from_str(printed.body).unwrap();
        let found = differences(printed.path, &body, &lab.object(printed.path));
        assert!(found.is_empty(), "{found:#?}");
    }
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}

/// The HCL with the paths that the seed prints instead of references, the objects
/// that refer to others first.
fn literally(all: &[&Printed]) -> String {
    let path = |printed: &Printed| format!("{:?}", printed.path);
    let hcl: Vec<_> = all.iter().rev().map(|printed| printed.hcl).collect();
    hcl.concat()
        .replace("vpn_ike_profile.dfw.path", &path(&IKE_PROFILE))
        .replace("vpn_tunnel_profile.dfw.path", &path(&TUNNEL_PROFILE))
        .replace("vpn_prefix_list.inout.path", &path(&PREFIX_LIST))
}

fn with_references(all: &[&Printed]) -> String {
    all.iter().map(|printed| printed.hcl).collect()
}

#[test]
fn what_the_seed_prints_is_made_by_its_hcl() {
    let lab = Workspace::new();
    makes_what_is_printed(&lab, &with_references(&ROUTE_BASED), &ROUTE_BASED);
    makes_what_is_printed(&lab, &with_references(&POLICY_BASED), &POLICY_BASED);
}

#[test]
fn the_paths_of_the_seed_do_as_well_as_references() {
    let lab = Workspace::new();
    for all in [&ROUTE_BASED[..], &POLICY_BASED[..]] {
        let hcl = literally(all);
        assert!(!hcl.contains(".path"), "{hcl}");
        makes_what_is_printed(&lab, &hcl, all);
    }
}

#[test]
fn one_at_a_time_paths_are_not_enough_and_the_plan_says_what_is() {
    // With -parallelism=1 Terraform asks for nothing else while it waits for an
    // answer, and which object it asks for first is its own choice. Either the
    // plan goes through, or it is refused before anything is written.
    let lab = Workspace::new();
    lab.configure(&literally(&ROUTE_BASED));
    let said = lab.run(&["plan", "-parallelism=1", "-input=false"]);
    if said.code != 0 {
        said.mentions(&["does not exist", "refer to it as", ".path, so that Terraform creates it first"]);
    }
    assert_eq!(lab.paths(), [""; 0]);
    lab.configure(&with_references(&ROUTE_BASED));
    lab.run(&["apply", "-auto-approve", "-parallelism=1", "-input=false"]).succeeded();
    lab.run(&["destroy", "-auto-approve", "-parallelism=1", "-input=false"]).succeeded();
    assert_eq!(lab.paths(), [""; 0]);
}
