resource "vpn_segment" "shop" {
  display_name = "shop"

  subnet {
    gateway_address = "192.168.118.1/24"
  }
}

resource "vpn_segment_port" "web" {
  segment_path = vpn_segment.shop.path
  display_name = "web"

  address_binding {
    ip_address = "192.168.118.10"
  }
}

resource "vpn_segment_port" "sniffer" {
  segment_path = vpn_segment.shop.path
  display_name = "sniffer"

  address_binding {
    ip_address = "192.168.118.20"
  }
}

resource "vpn_tap_service" "shop" {
  name    = "shop"
  port_id = vpn_segment_port.sniffer.unique_id
}

# All that goes to the web server and comes from it is copied to the sniffer.
resource "vpn_tap_flow" "example" {
  name           = "web"
  tap_service_id = vpn_tap_service.shop.id
  source_port    = vpn_segment_port.web.unique_id
  direction      = "BOTH"
}
