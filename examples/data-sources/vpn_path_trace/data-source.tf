# What happens to a packet from a workload to a server at the branch?
data "vpn_path_trace" "example" {
  source           = "192.168.54.10"
  destination      = "10.54.1.20"
  protocol         = "TCP"
  destination_port = 443
  tcp_flags        = ["SYN"]

  lifecycle {
    postcondition {
      condition     = self.delivered && self.return_disposition == "DELIVERED_TO_SEGMENT"
      error_message = self.explanation
    }
  }
}

output "way" {
  value = [for hop in data.vpn_path_trace.example.hops : "${hop.node}: ${hop.action} ${hop.detail}"]
}

resource "vpn_segment" "traced" {
  display_name = "traced"

  subnet {
    gateway_address = "192.168.54.1/24"
  }
}

# The session and its peer, usually declared elsewhere; they stand here so that the
# example is complete.
resource "vpn_route_based_session" "traced-branch" {
  display_name        = "traced-branch"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  peer_address        = "198.51.100.54"
  peer_id             = "198.51.100.54"
  psk                 = "for-the-example"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.54.2"]
      prefix_length = 30
    }
  }
}

resource "vpn_simulated_peer" "traced-branch" {
  display_name = "traced-branch"
  address      = "198.51.100.54"
  psk          = "for-the-example"

  bgp {
    route {
      network = "10.54.0.0/16"
    }
  }
}

resource "vpn_bgp_neighbor" "traced-branch" {
  display_name     = "traced-branch"
  neighbor_address = "169.254.54.1"
  remote_as_num    = "65054"
}
