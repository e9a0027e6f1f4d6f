locals {
  tunnel_profile = {
    encryption_algorithms = ["AES_128", "AES_256"]
    digest_algorithms     = ["SHA2_256"]
  }
}

# What a packet of 1400 bytes has become outside: 1468 bytes.
output "outer_size" {
  value = 1400 + provider::vpn::esp_overhead(local.tunnel_profile, 1400)
}

# With NAT on the way, and the ends of the session reached by IPv6.
output "overhead" {
  value = provider::vpn::esp_overhead(local.tunnel_profile, 1400, {
    nat_traversal    = true
    outer_ip_version = "IPV6"
  })
}
