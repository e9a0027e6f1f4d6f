data "vpn_segment" "example" {
  id         = "shared"
  depends_on = [vpn_segment.shared]
}

output "shared_networks" {
  value = data.vpn_segment.example.subnets[*].network
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_segment" "shared" {
  display_name = "shared"

  subnet {
    gateway_address = "192.168.114.1/24"
  }
}
