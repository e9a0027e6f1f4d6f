data "vpn_bgp_neighbor" "example" {
  id         = "partner"
  depends_on = [vpn_bgp_neighbor.partner]
}

output "partner_as" {
  value = data.vpn_bgp_neighbor.example.remote_as_num
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_bgp_neighbor" "partner" {
  id               = "partner"
  neighbor_address = "169.254.160.1"
  remote_as_num    = "65020"
}
