# A route-based VPN to a data center. BGP exchanges the routes, prefix lists say
# which. The data center is simulated: its router announces one network too many,
# and one that is longer than a /26.

variable "psk" {
  description = "The pre-shared key."
  type        = string
  sensitive   = true
  default     = "for-the-example"
}

resource "vpn_segment" "app" {
  display_name = "rb-app"

  subnet {
    gateway_address = "192.168.100.1/24"
  }
}

resource "vpn_prefix_list" "learned" {
  display_name = "rb-learned"

  prefix {
    network = "10.20.0.0/16"
    le      = 26
  }
}

resource "vpn_prefix_list" "advertised" {
  display_name = "rb-advertised"

  prefix {
    network = vpn_segment.app.subnet[0].network
  }
}

resource "vpn_route_based_session" "dc" {
  display_name        = "rb-dc"
  local_endpoint_path = data.vpn_local_endpoint.public.path
  peer_address        = "198.51.100.60"
  peer_id             = "198.51.100.60"
  psk                 = var.psk

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.60.2"]
      prefix_length = 30
    }
  }

  tcp_mss_clamping {
    direction = "BOTH"
  }
}

resource "vpn_bgp_neighbor" "dc" {
  display_name     = "rb-dc"
  neighbor_address = "169.254.60.1"
  remote_as_num    = "65060"

  route_filtering {
    address_family    = "IPV4"
    in_route_filters  = [vpn_prefix_list.learned.path]
    out_route_filters = [vpn_prefix_list.advertised.path]
  }
}

data "vpn_local_endpoint" "public" {
  id = "Public-IP1"
}

# --- The world around it ----------------------------------------------------

resource "vpn_simulated_peer" "dc" {
  display_name = "rb-dc"
  address      = "198.51.100.60"
  psk          = var.psk
  latency      = 8

  bgp {
    as_number = "65060"

    route {
      network = "10.20.0.0/16"
    }
    route {
      network = "10.20.7.128/27"
    }
    route {
      network = "172.16.0.0/12"
    }
  }
}

# --- What reaches what ------------------------------------------------------

# To a server in the data center.
data "vpn_path_trace" "server" {
  source           = "192.168.100.10"
  destination      = "10.20.1.20"
  protocol         = "TCP"
  destination_port = 443
  tcp_flags        = ["SYN"]
}

# To a network that the prefix list keeps out.
data "vpn_path_trace" "filtered" {
  source      = "192.168.100.10"
  destination = "172.16.1.1"
}

output "to_the_server" {
  value = [for hop in data.vpn_path_trace.server.hops : "${hop.node}: ${hop.action} ${hop.detail}"]
}

output "to_the_filtered_network" {
  value = data.vpn_path_trace.filtered.explanation
}
