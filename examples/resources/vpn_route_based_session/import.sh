# By policy path, with or without the locale service.
terraform import vpn_route_based_session.example /infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/dc3
terraform import vpn_route_based_session.example /infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/dc3

# By id, for a session of the VPN service default of the tier-0 gateway vmc.
terraform import vpn_route_based_session.example dc3

# By the ids of the tier-0 gateway, of the locale service, of the VPN service and
# of the session.
terraform import vpn_route_based_session.example vmc/default/default/dc3
