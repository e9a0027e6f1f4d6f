variable "route_based_psk" {
  description = "The pre-shared key, as the peer has it."
  type        = string
  sensitive   = true
  default     = "for-the-example"
}

data "vpn_local_endpoint" "public" {
  id = "Public-IP1"
}

resource "vpn_ike_profile" "session" {
  display_name          = "dc3-ike"
  encryption_algorithms = ["AES_GCM_128"]
  dh_groups             = ["GROUP21"]
}

resource "vpn_tunnel_profile" "session" {
  display_name          = "dc3-esp"
  encryption_algorithms = ["AES_GCM_128"]
  dh_groups             = ["GROUP21"]
}

resource "vpn_route_based_session" "example" {
  display_name        = "dc3"
  local_endpoint_path = data.vpn_local_endpoint.public.path
  peer_address        = "198.51.100.7"
  peer_id             = "198.51.100.7"
  psk                 = var.route_based_psk
  ike_profile_path    = vpn_ike_profile.session.path
  tunnel_profile_path = vpn_tunnel_profile.session.path

  # The gateway's end of the tunnel.
  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.153.2"]
      prefix_length = 30
    }
  }

  tcp_mss_clamping {
    direction        = "BOTH"
    max_segment_size = 1325
  }
}

# Brings the routes. No depends_on is needed, although the session cannot be
# deleted before the neighbor in its tunnel.
resource "vpn_bgp_neighbor" "session" {
  display_name     = "dc3"
  neighbor_address = "169.254.153.1"
  remote_as_num    = "65007"
}
