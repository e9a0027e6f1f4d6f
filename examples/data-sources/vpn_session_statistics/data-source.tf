data "vpn_session_statistics" "example" {
  session_path = vpn_route_based_session.busy-branch.path
  depends_on   = [vpn_simulated_peer.busy-branch]
}

output "bytes_to_the_branch" {
  value = data.vpn_session_statistics.example.aggregate_traffic_counters.bytes_out
}

# The session and its peer, usually declared elsewhere; they stand here so that the
# example is complete.
resource "vpn_route_based_session" "busy-branch" {
  display_name        = "busy-branch"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  peer_address        = "198.51.100.51"
  peer_id             = "198.51.100.51"
  psk                 = "for-the-example"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.51.2"]
      prefix_length = 30
    }
  }
}

resource "vpn_simulated_peer" "busy-branch" {
  display_name = "busy-branch"
  address      = "198.51.100.51"
  psk          = "for-the-example"
}
