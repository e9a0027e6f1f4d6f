# The world around the SDDC, simulated: the gateways at the far ends, and what is
# asked of it all before anything is built. Without this file the rest is what you
# would apply to a real SDDC.

resource "vpn_simulated_peer" "dc1" {
  display_name = "dc1"
  address      = var.peer_address
  psk          = var.route_based_psk
  latency      = 12

  bgp {
    as_number = var.peer_as
    password  = var.bgp_password

    route {
      network = "10.20.0.0/16"
    }

    # Longer than a /26: the prefix list keeps it out.
    route {
      network = "10.30.1.128/27"
    }
  }
}

resource "vpn_simulated_peer" "branch" {
  display_name = "branch"
  address      = var.branch_address
  psk          = var.policy_based_psk
}

data "vpn_path_trace" "to_dc1" {
  source           = "192.168.98.10"
  destination      = "10.20.1.20"
  protocol         = "TCP"
  destination_port = 443
  tcp_flags        = ["SYN"]
}

data "vpn_path_trace" "to_branch" {
  source      = "192.168.98.10"
  destination = "192.168.123.20"
}

data "vpn_path_trace" "kept_out" {
  source      = "192.168.98.10"
  destination = "10.30.1.130"
}
