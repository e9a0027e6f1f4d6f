data "vpn_route_based_session" "example" {
  id         = "partner"
  depends_on = [vpn_route_based_session.partner]
}

# The gateway's address in the tunnel.
output "inside_address" {
  value = data.vpn_route_based_session.example.tunnel_interfaces[0].ip_subnet[0].ip_addresses[0]
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_route_based_session" "partner" {
  id                  = "partner"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1"
  peer_address        = "198.51.100.20"
  peer_id             = "198.51.100.20"
  psk                 = "for-the-example"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.161.2"]
      prefix_length = 30
    }
  }
}
