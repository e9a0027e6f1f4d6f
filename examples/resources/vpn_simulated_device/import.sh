# By policy path.
terraform import vpn_simulated_device.example /infra/simulated-devices/leaf-1

# By id.
terraform import vpn_simulated_device.example leaf-1
