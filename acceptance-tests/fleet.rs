//! Many objects of every kind, which refer to each other: with an id of their
//! own, with a display name only, and with neither.

/// How many objects belong to one unit.
pub const UNIT: usize = 10;

/// `units` times ten objects.
pub fn fleet(units: usize) -> String {
    FLEET.replace("UNITS", &units.to_string())
}

/// The same, but whatever others refer to can be told from the rest of its kind by
/// what is written. When all that Terraform knew of a run is lost, nobody can say
/// which of two equals another object belonged to.
pub fn fleet_without_twins(units: usize) -> String {
    fleet(units)
        .replace("vpn_segment.bare[", "vpn_segment.named[")
        .replace("vpn_dpd_profile.bare[count.index].path", "null")
}

const FLEET: &str = r#"
resource "vpn_segment" "named" {
  count        = UNITS
  display_name = "segment ${count.index}"
}

# Not one of these can be told from the others by what is written here.
resource "vpn_segment" "bare" {
  count = UNITS
}

resource "vpn_dpd_profile" "bare" {
  count              = UNITS
  dpd_probe_interval = 30
}

resource "vpn_segment_port" "with_id" {
  count        = UNITS
  id           = "port-${count.index}"
  segment_path = vpn_segment.bare[count.index].path
}

resource "vpn_ike_profile" "named" {
  count        = UNITS
  display_name = "ike ${count.index}"
}

resource "vpn_tunnel_profile" "with_id" {
  count        = UNITS
  id           = "tunnel-${count.index}"
  sa_life_time = 3600 + count.index
}

resource "vpn_prefix_list" "bare" {
  count = UNITS
  prefix { network = "10.${count.index}.0.0/16" }
}

resource "vpn_bgp_neighbor" "with_id" {
  count            = UNITS
  id               = "neighbor-${count.index}"
  neighbor_address = "169.254.${100 + count.index}.1"
  remote_as_num    = 65000 + count.index
  password         = "bgp"
  route_filtering { in_route_filters = [vpn_prefix_list.bare[count.index].path] }
}

locals {
  endpoint = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
}

resource "vpn_route_based_session" "bare" {
  count               = UNITS
  local_endpoint_path = local.endpoint
  ike_profile_path    = vpn_ike_profile.named[count.index].path
  tunnel_profile_path = vpn_tunnel_profile.with_id[count.index].path
  dpd_profile_path    = vpn_dpd_profile.bare[count.index].path
  psk                 = "key"
  peer_address        = "203.0.113.${count.index + 1}"
  peer_id             = "203.0.113.${count.index + 1}"
  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.${100 + count.index}.2"]
      prefix_length = 30
    }
  }
}

resource "vpn_policy_based_session" "named" {
  count               = UNITS
  display_name        = "session ${count.index}"
  local_endpoint_path = local.endpoint
  psk                 = "key"
  peer_address        = "203.0.113.${count.index + 1}"
  peer_id             = "203.0.113.${count.index + 1}"
  rule {
    sources      = ["10.${count.index}.0.0/16"]
    destinations = ["192.168.${count.index}.0/24"]
  }
}
"#;
