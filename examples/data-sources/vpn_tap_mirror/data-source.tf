data "vpn_tap_mirror" "example" {
  name       = "printer"
  depends_on = [vpn_tap_mirror.printer]
}

output "collector" {
  value = data.vpn_tap_mirror.example.remote_ip
}

# Usually declared elsewhere; they stand here so that the example is complete.
resource "vpn_segment" "print" {
  display_name = "print"

  subnet {
    gateway_address = "192.168.121.1/24"
  }
}

resource "vpn_segment_port" "printer" {
  segment_path = vpn_segment.print.path
  display_name = "printer"
}

resource "vpn_tap_mirror" "printer" {
  name        = "printer"
  port_id     = vpn_segment_port.printer.unique_id
  remote_ip   = "203.0.113.201"
  mirror_type = "gre"

  directions {
    both = 7
  }
}
