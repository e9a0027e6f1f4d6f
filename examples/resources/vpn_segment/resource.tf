resource "vpn_segment" "example" {
  display_name = "web"
  domain_name  = "web.example.com"

  subnet {
    gateway_address = "192.168.111.1/24"
    dhcp_ranges     = ["192.168.111.100-192.168.111.199"]
  }

  subnet {
    gateway_address = "2001:db8:111::1/64"
  }
}

# Declared, and connected to nothing for now.
resource "vpn_segment" "spare" {
  display_name = "spare"
  type         = "DISCONNECTED"
}
