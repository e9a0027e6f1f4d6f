# The SDDC as a hub. Two tunnels lead to the routers of one data center, which
# announce the same network: both are used (ECMP). A third one leads to a branch,
# which reaches the data center through the hub.

variable "psk" {
  description = "The pre-shared key."
  type        = string
  sensitive   = true
  default     = "for-the-example"
}

locals {
  sites = {
    dc-a   = { number = 62, as_number = "65062", networks = ["10.62.0.0/16"] }
    dc-b   = { number = 63, as_number = "65062", networks = ["10.62.0.0/16"] }
    branch = { number = 64, as_number = "65064", networks = ["10.64.0.0/16"] }
  }
}

resource "vpn_segment" "app" {
  display_name = "hub-app"

  subnet {
    gateway_address = "192.168.102.1/24"
  }
}

data "vpn_local_endpoint" "public" {
  id = "Public-IP1"
}

resource "vpn_route_based_session" "site" {
  for_each = local.sites

  display_name        = "hub-${each.key}"
  local_endpoint_path = data.vpn_local_endpoint.public.path
  peer_address        = "198.51.100.${each.value.number}"
  peer_id             = "198.51.100.${each.value.number}"
  psk                 = var.psk

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.${each.value.number}.2"]
      prefix_length = 30
    }
  }
}

resource "vpn_bgp_neighbor" "site" {
  for_each = local.sites

  display_name     = "hub-${each.key}"
  neighbor_address = "169.254.${each.value.number}.1"
  remote_as_num    = each.value.as_number
}

# --- The world around it ----------------------------------------------------

resource "vpn_simulated_peer" "site" {
  for_each = local.sites

  display_name = "hub-${each.key}"
  address      = "198.51.100.${each.value.number}"
  psk          = var.psk

  bgp {
    as_number = each.value.as_number

    dynamic "route" {
      for_each = each.value.networks

      content {
        network = route.value
      }
    }
  }
}

# --- What reaches what ------------------------------------------------------

# Six connections to one server: each keeps to its tunnel, and both are used.
data "vpn_path_trace" "connection" {
  count = 6

  source           = "192.168.102.10"
  destination      = "10.62.1.20"
  protocol         = "TCP"
  source_port      = 50000 + count.index
  destination_port = 443
}

# From the branch to the data center, through the hub.
data "vpn_path_trace" "transit" {
  source      = "10.64.1.1"
  destination = "10.62.1.20"
}

output "tunnels_used" {
  value = toset(data.vpn_path_trace.connection[*].session_path)
}
