# By policy path.
terraform import vpn_tunnel_profile.example /infra/ipsec-vpn-tunnel-profiles/dc1-esp

# By id.
terraform import vpn_tunnel_profile.example dc1-esp
