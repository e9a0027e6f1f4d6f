data "vpn_simulated_peer" "example" {
  id         = "partner-router"
  depends_on = [vpn_simulated_peer.partner]
}

output "partner_latency" {
  value = data.vpn_simulated_peer.example.latency
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_simulated_peer" "partner" {
  id      = "partner-router"
  address = "198.51.100.41"
  psk     = "for-the-example"
}
