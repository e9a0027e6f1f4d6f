# By policy path.
terraform import vpn_simulated_peer.example /infra/simulated-peers/branch

# By id.
terraform import vpn_simulated_peer.example branch
