# By policy path.
terraform import vpn_simulated_flow.example /infra/simulated-flows/web-to-database

# By id.
terraform import vpn_simulated_flow.example web-to-database
