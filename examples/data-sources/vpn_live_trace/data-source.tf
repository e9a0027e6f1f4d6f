data "vpn_live_trace" "example" {
  id = vpn_live_trace.found.id
}

resource "vpn_live_trace" "found" {
  display_name  = "found"
  src_port_path = vpn_segment_port.found.path

  actions {
    counter_config {
      trace_type = "UNI_DIRECTIONAL"
    }
  }
}

resource "vpn_segment_port" "found" {
  segment_path = vpn_segment.found.path
  display_name = "found"
}

resource "vpn_segment" "found" {
  display_name = "found-by-traces"

  subnet {
    gateway_address = "192.168.132.1/24"
  }
}
