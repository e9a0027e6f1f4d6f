# By policy path.
terraform import vpn_dpd_profile.example /infra/ipsec-vpn-dpd-profiles/dc1-dpd

# By id.
terraform import vpn_dpd_profile.example dc1-dpd
