data "vpn_tap_statistics" "example" {
  tap_flow_id = vpn_tap_flow.counted.id
}

output "copies" {
  value = data.vpn_tap_statistics.example.packets_copied
}

# Usually declared elsewhere; they stand here so that the example is complete.
resource "vpn_segment" "watched" {
  display_name = "watched"

  subnet {
    gateway_address = "192.168.123.1/24"
  }
}

resource "vpn_segment_port" "watched" {
  segment_path = vpn_segment.watched.path
  display_name = "watched"
}

resource "vpn_segment_port" "watcher" {
  segment_path = vpn_segment.watched.path
  display_name = "watcher"
}

resource "vpn_tap_service" "watcher" {
  name    = "watcher"
  port_id = vpn_segment_port.watcher.unique_id
}

resource "vpn_tap_flow" "counted" {
  name           = "counted"
  tap_service_id = vpn_tap_service.watcher.id
  source_port    = vpn_segment_port.watched.unique_id
  direction      = "BOTH"
}
