# By policy path.
terraform import vpn_bgp_neighbor.example /infra/tier-0s/vmc/locale-services/default/bgp/neighbors/dc2

# By id, for a neighbor of the tier-0 gateway vmc.
terraform import vpn_bgp_neighbor.example dc2

# By the ids of the tier-0 gateway, of the locale service and of the neighbor.
terraform import vpn_bgp_neighbor.example vmc/default/dc2
