# The order matters: the first entry that matches a route decides. What no entry
# matches is dropped.
resource "vpn_prefix_list" "example" {
  display_name = "dc1-in"

  # Not the management network, nor any part of it.
  prefix {
    network = "10.0.0.0/16"
    action  = "DENY"
    le      = 32
  }

  # Anything else of 10.0.0.0/8 with a mask of 16 to 26 bits.
  prefix {
    network = "10.0.0.0/8"
    action  = "PERMIT"
    ge      = 16
    le      = 26
  }
}

# Without ge and le, only this very network.
resource "vpn_prefix_list" "workloads" {
  display_name = "dc1-out"

  prefix {
    network = "192.168.96.0/20"
  }
}
