# What a web server says to its database is copied to a port where an analyzer looks at
# it. The copies change nothing for the packets they are made of.

resource "vpn_segment" "shop" {
  display_name = "tap-shop"

  subnet {
    gateway_address = "192.168.122.1/24"
  }
}

resource "vpn_segment_port" "web" {
  segment_path = vpn_segment.shop.path
  display_name = "web"

  address_binding {
    ip_address = "192.168.122.10"
  }
}

resource "vpn_segment_port" "database" {
  segment_path = vpn_segment.shop.path
  display_name = "database"

  address_binding {
    ip_address = "192.168.122.20"
  }
}

resource "vpn_segment_port" "analyzer" {
  segment_path = vpn_segment.shop.path
  display_name = "analyzer"

  address_binding {
    ip_address = "192.168.122.99"
  }
}

resource "vpn_tap_service" "analyzer" {
  name    = "analyzer"
  port_id = vpn_segment_port.analyzer.unique_id
}

resource "vpn_tap_flow" "web" {
  name           = "web"
  tap_service_id = vpn_tap_service.analyzer.id
  source_port    = vpn_segment_port.web.unique_id
  direction      = "BOTH"
}

# The embedded engine only: a workload, so that there is something to copy.
resource "vpn_simulated_flow" "queries" {
  source             = "192.168.122.10"
  destination        = "192.168.122.20"
  protocol           = "TCP"
  destination_port   = 5432
  packets_per_second = 50
}

data "vpn_path_trace" "query" {
  source           = "192.168.122.10"
  destination      = "192.168.122.20"
  protocol         = "TCP"
  destination_port = 5432
  depends_on       = [vpn_tap_flow.web, vpn_segment_port.database]
}

output "hops" {
  value = [for hop in data.vpn_path_trace.query.hops : "${hop.action} ${hop.detail}"]
}
