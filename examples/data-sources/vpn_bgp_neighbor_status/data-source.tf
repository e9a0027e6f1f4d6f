data "vpn_bgp_neighbor_status" "example" {
  neighbor_path = vpn_bgp_neighbor.speaking-branch.path
  depends_on    = [vpn_route_based_session.speaking-branch, vpn_simulated_peer.speaking-branch]
}

output "bgp_state" {
  value = data.vpn_bgp_neighbor_status.example.connection_state
}

# The session and its peer, usually declared elsewhere; they stand here so that the
# example is complete.
resource "vpn_route_based_session" "speaking-branch" {
  display_name        = "speaking-branch"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  peer_address        = "198.51.100.52"
  peer_id             = "198.51.100.52"
  psk                 = "for-the-example"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.52.2"]
      prefix_length = 30
    }
  }
}

resource "vpn_simulated_peer" "speaking-branch" {
  display_name = "speaking-branch"
  address      = "198.51.100.52"
  psk          = "for-the-example"

  bgp {
    route {
      network = "10.52.0.0/16"
    }
  }
}

resource "vpn_bgp_neighbor" "speaking-branch" {
  display_name     = "speaking-branch"
  neighbor_address = "169.254.52.1"
  remote_as_num    = "65052"
}
