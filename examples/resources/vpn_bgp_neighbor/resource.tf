variable "bgp_password" {
  description = "The key of the BGP connection, as the neighbor has it."
  type        = string
  sensitive   = true
  default     = "for-the-example"
}

resource "vpn_prefix_list" "neighbor_in" {
  display_name = "dc2-in"

  prefix {
    network = "10.0.0.0/8"
    le      = 26
  }
}

# The peer's end of a route-based tunnel: the other address of the /30.
resource "vpn_bgp_neighbor" "example" {
  display_name     = "dc2"
  neighbor_address = "169.254.152.1"
  remote_as_num    = "65006"
  password         = var.bgp_password

  # A hold time of three keepalives.
  keep_alive_time = 20
  hold_down_time  = 60

  # Everything is advertised, and some of it is learned.
  route_filtering {
    address_family   = "IPV4"
    in_route_filters = [vpn_prefix_list.neighbor_in.path]
    maximum_routes   = 500
  }

  # Three lost packets of half a second each, and the neighbor is down.
  bfd {
    enabled  = true
    interval = 500
    multiple = 3
  }
}
