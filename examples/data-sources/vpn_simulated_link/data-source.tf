data "vpn_simulated_link" "example" {
  id         = "edge-4-edge-5"
  depends_on = [vpn_simulated_link.edges]
}

output "edge_speed" {
  value = data.vpn_simulated_link.example.speed
}

# Usually declared elsewhere; they stand here so that the example is complete.
resource "vpn_simulated_device" "edges" {
  for_each      = toset(["edge-4", "edge-5"])
  id            = each.key
  serial_number = each.key
  interface {
    name = "xe-0/0/0.0"
  }
}

resource "vpn_simulated_link" "edges" {
  id = "edge-4-edge-5"
  end {
    device_path = vpn_simulated_device.edges["edge-4"].path
    interface   = "xe-0/0/0.0"
  }
  end {
    device_path = vpn_simulated_device.edges["edge-5"].path
    interface   = "xe-0/0/0.0"
  }
}
