# The profile that a session gets which names none.
data "vpn_tunnel_profile" "example" {
  id = "nsx-default-l3vpn-tunnel-profile"
}

output "esp_ciphers" {
  value = data.vpn_tunnel_profile.example.encryption_algorithms
}
