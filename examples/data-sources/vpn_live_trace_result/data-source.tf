# What the components on the way said of the packets; asked once the live trace is over.
data "vpn_live_trace_result" "example" {
  live_trace_path = vpn_live_trace.asked.path
  depends_on      = [vpn_live_trace.asked]
}

output "told" {
  value = [for seen in data.vpn_live_trace_result.example.trace_results[0].observations :
    "${seen.component_name}: ${seen.resource_type}"
  ]
}

resource "vpn_live_trace" "asked" {
  display_name        = "asked"
  src_port_path       = vpn_segment_port.asked.path
  timeout             = 5
  wait_for_completion = true

  actions {
    trace_config {
      trace_type = "UNI_DIRECTIONAL"

      sampling {
        match_number = 1
      }
    }
  }

  depends_on = [vpn_simulated_flow.asked]
}

# The embedded engine only: somebody who sends packets.
resource "vpn_simulated_flow" "asked" {
  display_name       = "asked"
  source             = "192.168.133.10"
  destination        = "192.168.133.20"
  destination_port   = 53
  packets_per_second = 10
  depends_on         = [vpn_segment_port.asked]
}

resource "vpn_segment_port" "asked" {
  segment_path = vpn_segment.asked.path
  display_name = "asked"

  address_binding {
    ip_address = "192.168.133.10"
  }
}

resource "vpn_segment" "asked" {
  display_name = "asked"

  subnet {
    gateway_address = "192.168.133.1/24"
  }
}
