# A policy-based VPN to a branch: rules name the networks, and each pair of source
# and destination gets a tunnel of its own. The branch's router protects the same
# networks, sources and destinations exchanged, but for one that was forgotten.

variable "psk" {
  description = "The pre-shared key."
  type        = string
  sensitive   = true
  default     = "for-the-example"
}

resource "vpn_segment" "app" {
  display_name = "pb-app"

  subnet {
    gateway_address = "192.168.101.1/24"
  }
}

resource "vpn_policy_based_session" "branch" {
  display_name        = "pb-branch"
  local_endpoint_path = data.vpn_local_endpoint.public.path
  peer_address        = "198.51.100.61"
  peer_id             = "198.51.100.61"
  psk                 = var.psk

  rule {
    display_name    = "office"
    sequence_number = 10
    sources         = [vpn_segment.app.subnet[0].network]
    destinations    = ["192.168.201.0/24"]
  }

  rule {
    display_name    = "warehouse"
    sequence_number = 20
    sources         = [vpn_segment.app.subnet[0].network]
    destinations    = ["192.168.202.0/24"]
  }
}

data "vpn_local_endpoint" "public" {
  id = "Public-IP1"
}

# --- The world around it ----------------------------------------------------

resource "vpn_simulated_peer" "branch" {
  display_name = "pb-branch"
  address      = "198.51.100.61"
  psk          = var.psk

  # The warehouse was forgotten.
  traffic_selector {
    local  = "192.168.201.0/24"
    remote = "192.168.101.0/24"
  }
}

# --- What reaches what ------------------------------------------------------

data "vpn_path_trace" "office" {
  source           = "192.168.101.10"
  destination      = "192.168.201.20"
  protocol         = "TCP"
  destination_port = 3389
}

data "vpn_path_trace" "warehouse" {
  source      = "192.168.101.10"
  destination = "192.168.202.20"
}

# From the branch.
data "vpn_path_trace" "from_the_office" {
  source      = "192.168.201.20"
  destination = "192.168.101.10"
  direction   = "IN"
}

output "to_the_warehouse" {
  value = data.vpn_path_trace.warehouse.explanation
}
