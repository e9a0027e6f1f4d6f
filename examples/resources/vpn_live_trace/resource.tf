resource "vpn_segment" "seen" {
  display_name = "seen"

  subnet {
    gateway_address = "192.168.131.1/24"
  }
}

resource "vpn_segment_port" "seen" {
  segment_path = vpn_segment.seen.path
  display_name = "web"

  address_binding {
    ip_address = "192.168.131.10"
  }
}

# What becomes of the first ten HTTPS packets that the web server sends to the branch, and
# how many there are in ten seconds.
resource "vpn_live_trace" "example" {
  display_name  = "web-to-branch"
  src_port_path = vpn_segment_port.seen.path
  timeout       = 10

  filter {
    network_info {
      dst_ip = "10.131.0.0/16"
    }

    transport_info {
      protocol = "TCP"
      dst_port = 443
    }
  }

  actions {
    trace_config {
      trace_type = "UNI_DIRECTIONAL"

      sampling {
        match_number = 10
      }
    }

    counter_config {
      trace_type = "UNI_DIRECTIONAL"
    }
  }
}
