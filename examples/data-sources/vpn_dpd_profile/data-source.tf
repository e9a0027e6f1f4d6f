# The profile that a session gets which names none.
data "vpn_dpd_profile" "example" {
  path = "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile"
}

# The longest time until a dead peer is noticed, in seconds.
output "dead_after" {
  value = data.vpn_dpd_profile.example.dpd_probe_interval * (data.vpn_dpd_profile.example.retry_count + 1)
}
