# By policy path, with or without the locale service.
terraform import vpn_local_endpoint.example /infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/edge-2
terraform import vpn_local_endpoint.example /infra/tier-0s/vmc/ipsec-vpn-services/default/local-endpoints/edge-2

# By id, for an endpoint of the VPN service default of the tier-0 gateway vmc.
terraform import vpn_local_endpoint.example edge-2

# By the ids of the tier-0 gateway, of the locale service, of the VPN service and
# of the endpoint.
terraform import vpn_local_endpoint.example vmc/default/default/edge-2
