locals {
  # The third /30 of the network that is set aside for tunnels; the peer has its lower address.
  tunnel = provider::vpn::tunnel_pair(cidrsubnet("169.254.170.0/24", 6, 2))
}

resource "vpn_route_based_session" "function-pair" {
  display_name        = "function-pair"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  peer_address        = "198.51.100.170"
  peer_id             = "198.51.100.170"
  psk                 = "for-the-example"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = [local.tunnel.second]
      prefix_length = local.tunnel.prefix_length
    }
  }
}

resource "vpn_bgp_neighbor" "function-pair" {
  display_name     = "function-pair"
  neighbor_address = local.tunnel.first
  remote_as_num    = "65170"
}
