data "vpn_session_status" "example" {
  session_path = vpn_route_based_session.status-branch.path
  depends_on   = [vpn_simulated_peer.status-branch]
}

# Every plan and apply says so when the session is not up.
check "vpn" {
  assert {
    condition     = data.vpn_session_status.example.runtime_status == "UP"
    error_message = data.vpn_session_status.example.reason
  }
}

# The session and its peer, usually declared elsewhere; they stand here so that the
# example is complete.
resource "vpn_route_based_session" "status-branch" {
  display_name        = "status-branch"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  peer_address        = "198.51.100.50"
  peer_id             = "198.51.100.50"
  psk                 = "for-the-example"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.50.2"]
      prefix_length = 30
    }
  }
}

resource "vpn_simulated_peer" "status-branch" {
  display_name = "status-branch"
  address      = "198.51.100.50"
  psk          = "for-the-example"
}
