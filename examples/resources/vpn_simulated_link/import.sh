# By policy path.
terraform import vpn_simulated_link.example /infra/simulated-links/leaf-2-spine-2

# By id.
terraform import vpn_simulated_link.example leaf-2-spine-2
