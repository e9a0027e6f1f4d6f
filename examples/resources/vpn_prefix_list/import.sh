# By policy path.
terraform import vpn_prefix_list.example /infra/tier-0s/vmc/prefix-lists/dc1-in

# By id, for a list of the tier-0 gateway vmc.
terraform import vpn_prefix_list.example dc1-in

# By the ids of the tier-0 gateway and of the list.
terraform import vpn_prefix_list.example vmc/dc1-in
