data "vpn_simulated_device" "example" {
  id         = "edge-3"
  depends_on = [vpn_simulated_device.edge_3]
}

output "edge_serial_number" {
  value = data.vpn_simulated_device.example.serial_number
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_simulated_device" "edge_3" {
  id            = "edge-3"
  serial_number = "VB3714010003"
  interface {
    name = "xe-0/0/44.0"
  }
}
