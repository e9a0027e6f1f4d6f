variable "policy_based_psk" {
  description = "The pre-shared key, as the peer has it."
  type        = string
  sensitive   = true
  default     = "for-the-example"
}

data "vpn_local_endpoint" "private" {
  id = "Private-IP1"
}

resource "vpn_segment" "protected" {
  display_name = "dc5-app"

  subnet {
    gateway_address = "192.168.110.1/24"
  }
}

resource "vpn_policy_based_session" "example" {
  display_name        = "dc5"
  local_endpoint_path = data.vpn_local_endpoint.private.path
  peer_address        = "198.51.100.9"
  peer_id             = "198.51.100.9"
  psk                 = var.policy_based_psk

  # The peer needs the same networks, with sources and destinations exchanged.
  rule {
    display_name    = "app-to-databases"
    sequence_number = 10
    sources         = [vpn_segment.protected.subnet[0].network, "10.2.1.140/32"]
    destinations    = ["192.168.123.0/24"]
  }

  # A rule added or taken away changes no other one.
  rule {
    display_name    = "app-to-backup"
    sequence_number = 20
    sources         = [vpn_segment.protected.subnet[0].network]
    destinations    = ["192.168.124.0/25"]
    logged          = true
  }
}
