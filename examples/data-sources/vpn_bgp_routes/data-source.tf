data "vpn_bgp_routes" "example" {
  neighbor_path = vpn_bgp_neighbor.teaching-branch.path
  direction     = "LEARNED"
  depends_on    = [vpn_route_based_session.teaching-branch, vpn_simulated_peer.teaching-branch]
}

output "networks_of_the_branch" {
  value = data.vpn_bgp_routes.example.routes[*].network
}

# The session and its peer, usually declared elsewhere; they stand here so that the
# example is complete.
resource "vpn_route_based_session" "teaching-branch" {
  display_name        = "teaching-branch"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  peer_address        = "198.51.100.53"
  peer_id             = "198.51.100.53"
  psk                 = "for-the-example"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.53.2"]
      prefix_length = 30
    }
  }
}

resource "vpn_simulated_peer" "teaching-branch" {
  display_name = "teaching-branch"
  address      = "198.51.100.53"
  psk          = "for-the-example"

  bgp {
    route {
      network = "10.53.0.0/16"
    }
  }
}

resource "vpn_bgp_neighbor" "teaching-branch" {
  display_name     = "teaching-branch"
  neighbor_address = "169.254.53.1"
  remote_as_num    = "65053"
}
