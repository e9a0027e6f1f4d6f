resource "vpn_segment" "port" {
  display_name = "databases"

  subnet {
    gateway_address = "192.168.112.1/24"
  }
}

resource "vpn_segment_port" "example" {
  segment_path = vpn_segment.port.path
  display_name = "db-1"

  address_binding {
    ip_address  = "192.168.112.10"
    mac_address = "00:50:56:00:00:01"
  }

  attachment {
    id = "c6ae4bd9-2e0f-4b7c-b0a2-6a1fe6ad7b11"
  }
}
