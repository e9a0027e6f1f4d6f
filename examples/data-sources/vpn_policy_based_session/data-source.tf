data "vpn_policy_based_session" "example" {
  id         = "supplier"
  depends_on = [vpn_policy_based_session.supplier]
}

# Every network that can be reached through the session.
output "reachable" {
  value = distinct(flatten([for rule in data.vpn_policy_based_session.example.rules : rule.destinations]))
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_policy_based_session" "supplier" {
  id                  = "supplier"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1"
  peer_address        = "198.51.100.21"
  peer_id             = "198.51.100.21"
  psk                 = "for-the-example"

  rule {
    sources      = ["192.168.113.0/24"]
    destinations = ["172.21.0.0/16", "172.22.0.0/16"]
  }
}
