# Two VPNs of an SDDC: a route-based one to a data center, whose routes
# come from BGP, and a policy-based one to a branch, whose rules name the networks.

# --- How both are negotiated -------------------------------------------------

# Phase one. A GCM cipher checks integrity itself, so there is no digest.
resource "vpn_ike_profile" "dc1" {
  display_name          = "VPNtoDFWDC1IKE"
  ike_version           = "IKE_V2"
  encryption_algorithms = ["AES_GCM_128"]
  dh_groups             = ["GROUP21"]
  sa_life_time          = 86400
}

# Phase two.
resource "vpn_tunnel_profile" "dc1" {
  display_name                   = "VPNtoDFWDC1IPSEC"
  encryption_algorithms          = ["AES_GCM_128"]
  enable_perfect_forward_secrecy = true
  dh_groups                      = ["GROUP21"]
  sa_life_time                   = 3600
  df_policy                      = "COPY"
}

# How a dead peer is noticed.
resource "vpn_dpd_profile" "dc1" {
  display_name       = "nsx-custom-l3vpn-dpd-profile"
  dpd_probe_mode     = "PERIODIC"
  dpd_probe_interval = 60
  retry_count        = 5
}

# The SDDC's end; the system has created it.
data "vpn_local_endpoint" "private" {
  id = "Private-IP1"
}

# --- The workloads -----------------------------------------------------------

resource "vpn_segment" "app" {
  display_name = "app"

  subnet {
    gateway_address = "192.168.98.1/24"
    dhcp_ranges     = ["192.168.98.100-192.168.98.199"]
  }
}

resource "vpn_segment_port" "web" {
  segment_path = vpn_segment.app.path
  display_name = "web-1"

  address_binding {
    ip_address  = "192.168.98.10"
    mac_address = "00:50:56:00:00:0a"
  }
}

# --- The route-based VPN -----------------------------------------------------

# Routes of 10.0.0.0/8 pass, down to a /26, and the workloads' network. Without the
# latter, the data center would not learn the way back: the trace in outputs.tf shows it.
resource "vpn_prefix_list" "dc1" {
  display_name = "VPNPrefixList_inout"

  prefix {
    network = "10.0.0.0/8"
    action  = "PERMIT"
    le      = 26
  }

  prefix {
    network = vpn_segment.app.subnet[0].network
  }
}

resource "vpn_route_based_session" "dc1" {
  display_name        = "VPNtoDFWDC1"
  local_endpoint_path = data.vpn_local_endpoint.private.path
  peer_address        = var.peer_address
  peer_id             = var.peer_address
  psk                 = var.route_based_psk

  ike_profile_path    = vpn_ike_profile.dc1.path
  tunnel_profile_path = vpn_tunnel_profile.dc1.path
  dpd_profile_path    = vpn_dpd_profile.dc1.path

  # The SDDC's end of the tunnel; the other address of the /30 is the peer's.
  tunnel_interface {
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

resource "vpn_bgp_neighbor" "dc1" {
  display_name     = "VPNtoDFWDC1BGP"
  neighbor_address = "169.254.151.1"
  remote_as_num    = var.peer_as
  password         = var.bgp_password
  keep_alive_time  = 60
  hold_down_time   = 180

  route_filtering {
    address_family    = "IPV4"
    in_route_filters  = [vpn_prefix_list.dc1.path]
    out_route_filters = [vpn_prefix_list.dc1.path]
  }
}

# --- The policy-based VPN ----------------------------------------------------

resource "vpn_policy_based_session" "dc1" {
  display_name        = "VPNtoDFWDC1-policy"
  local_endpoint_path = data.vpn_local_endpoint.private.path
  peer_address        = var.branch_address
  peer_id             = var.branch_address
  psk                 = var.policy_based_psk

  ike_profile_path    = vpn_ike_profile.dc1.path
  tunnel_profile_path = vpn_tunnel_profile.dc1.path
  dpd_profile_path    = vpn_dpd_profile.dc1.path

  # The peer must have the same networks, sources and destinations exchanged.
  rule {
    display_name = "Test-Policy-l3vpn-rule"
    sources      = [vpn_segment.app.subnet[0].network, "10.2.1.140/32"]
    destinations = ["192.168.123.0/24"]
  }
}
