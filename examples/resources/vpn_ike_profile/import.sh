# By policy path.
terraform import vpn_ike_profile.example /infra/ipsec-vpn-ike-profiles/dc1-ike

# By id.
terraform import vpn_ike_profile.example dc1-ike
