# The profile that a session gets which names none.
data "vpn_ike_profile" "example" {
  id = "nsx-default-l3vpn-ike-profile"
}

output "ike_ciphers" {
  value = data.vpn_ike_profile.example.encryption_algorithms
}
