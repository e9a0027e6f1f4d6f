# A link of 100 Gbit/s between a leaf and a spine.
resource "vpn_simulated_link" "example" {
  display_name = "leaf-2-spine-2"
  speed        = 100000
  latency      = 3

  end {
    device_path = vpn_simulated_device.leaf_2.path
    interface   = "et-0/0/48.0"
  }
  end {
    device_path = vpn_simulated_device.spine_2.path
    interface   = "et-0/0/1.0"
  }
}

resource "vpn_simulated_device" "leaf_2" {
  display_name  = "leaf-2"
  serial_number = "TA3714040534"
  interface {
    name = "et-0/0/48.0"
  }
}

resource "vpn_simulated_device" "spine_2" {
  display_name  = "spine-2"
  serial_number = "TB3714120508"
  interface {
    name = "et-0/0/1.0"
  }
}
