resource "vpn_segment" "monitoring" {
  display_name = "monitoring"

  subnet {
    gateway_address = "192.168.116.1/24"
  }
}

# The workload that looks at the copies is attached here.
resource "vpn_segment_port" "analyzer" {
  segment_path = vpn_segment.monitoring.path
  display_name = "analyzer"

  address_binding {
    ip_address = "192.168.116.10"
  }
}

resource "vpn_tap_service" "example" {
  name        = "analyzer"
  description = "Copies for the intrusion detection"
  port_id     = vpn_segment_port.analyzer.unique_id
}
