resource "vpn_segment" "stock" {
  display_name = "stock"

  subnet {
    gateway_address = "192.168.120.1/24"
  }
}

resource "vpn_segment_port" "scanner" {
  segment_path = vpn_segment.stock.path
  display_name = "scanner"

  address_binding {
    ip_address = "192.168.120.10"
  }
}

# The collector tells the directions apart by the session of ERSPAN.
resource "vpn_tap_mirror" "example" {
  name        = "scanner"
  port_id     = vpn_segment_port.scanner.unique_id
  remote_ip   = "203.0.113.200"
  mirror_type = "erspanv1"

  directions {
    in  = 101
    out = 102
  }
}
