# Right below /infra, so that it can be moved to another gateway in place.
resource "vpn_segment" "flexible" {
  display_name      = "floating"
  flexible          = true
  connectivity_path = "/infra/tier-0s/vmc"

  subnet {
    gateway_address = "192.168.112.1/24"
  }
}

# Connected to no gateway.
resource "vpn_segment" "island" {
  display_name      = "island"
  flexible          = true
  connectivity_path = ""

  subnet {
    gateway_address = "192.168.112.1/24"
  }
}
