# A segment has many ports, so the segment has to be named as well.
data "vpn_segment_port" "example" {
  segment_path = vpn_segment.front.path
  display_name = "proxy-1"
  depends_on   = [vpn_segment_port.proxy]
}

output "proxy_address" {
  value = data.vpn_segment_port.example.address_bindings[0].ip_address
}

# Usually declared elsewhere; they stand here so that the example is complete.
resource "vpn_segment" "front" {
  display_name = "front"

  subnet {
    gateway_address = "192.168.115.1/24"
  }
}

resource "vpn_segment_port" "proxy" {
  segment_path = vpn_segment.front.path
  display_name = "proxy-1"

  address_binding {
    ip_address = "192.168.115.10"
  }
}
