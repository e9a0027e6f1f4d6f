# A web server talks to a branch over a VPN. What the gateways do with its packets is told by
# a live trace, which looks at the packets that are really sent.

resource "vpn_segment" "shop" {
  display_name = "live-shop"

  subnet {
    gateway_address = "192.168.134.1/24"
  }
}

resource "vpn_segment_port" "web" {
  segment_path = vpn_segment.shop.path
  display_name = "web"

  address_binding {
    ip_address = "192.168.134.10"
  }
}

resource "vpn_route_based_session" "branch" {
  display_name        = "live-branch"
  local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
  peer_address        = "198.51.100.134"
  peer_id             = "198.51.100.134"
  psk                 = "for-the-example"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.134.2"]
      prefix_length = 30
    }
  }
}

resource "vpn_bgp_neighbor" "branch" {
  display_name     = "live-branch"
  neighbor_address = "169.254.134.1"
  remote_as_num    = "65134"
}

# The embedded engine only: the branch, and somebody who sends packets to it.
resource "vpn_simulated_peer" "branch" {
  display_name = "live-branch"
  address      = "198.51.100.134"
  psk          = "for-the-example"

  bgp {
    route {
      network = "10.134.0.0/16"
    }
  }
}

resource "vpn_simulated_flow" "orders" {
  source             = "192.168.134.10"
  destination        = "10.134.1.20"
  destination_port   = 8080
  packets_per_second = 50
  reply_packet_size  = 400
}

# The first packets of both directions are traced and captured.
resource "vpn_live_trace" "orders" {
  display_name        = "orders"
  src_port_path       = vpn_segment_port.web.path
  timeout             = 60
  wait_for_completion = true

  filter {
    network_info {
      dst_ip = "10.134.0.0/16"
    }
  }

  actions {
    trace_config {
      trace_type = "BI_DIRECTIONAL"

      sampling {
        match_number = 5
      }

      dest_ipsec_vpn_config {
        session_path = vpn_route_based_session.branch.path
      }
    }

    pktcap_config {
      trace_type = "BI_DIRECTIONAL"

      sampling {
        match_number = 5
      }

      dest_ipsec_vpn_config {
        session_path = vpn_route_based_session.branch.path
      }
    }
  }

  depends_on = [vpn_simulated_flow.orders, vpn_simulated_peer.branch, vpn_bgp_neighbor.branch]
}

data "vpn_live_trace_result" "orders" {
  live_trace_path = vpn_live_trace.orders.path
  depends_on      = [vpn_live_trace.orders]
}

output "state" {
  value = data.vpn_live_trace_result.orders.operation_state
}
