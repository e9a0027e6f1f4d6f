resource "vpn_tunnel_profile" "mss" {
  display_name          = "function-mss"
  encryption_algorithms = ["AES_GCM_256"]
}

# What max_segment_size of tcp_mss_clamping has to be on a line of 1492 bytes (PPPoE), with
# NAT on the way.
output "max_segment_size" {
  value = provider::vpn::effective_mss(vpn_tunnel_profile.mss, 1492, { nat_traversal = true })
}

# The same of what a peer is known to use.
output "of_the_peer" {
  value = provider::vpn::effective_mss({ encryption_algorithms = ["AES_256"] }, 1492)
}
