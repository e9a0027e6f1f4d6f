#!/bin/sh
# Takes the whole VPN into an empty state: the objects are there, but Terraform
# does not know them. Afterwards the plan is empty, keys included.
set -e
export TF_CLI_ARGS_import="-var-file=demo.tfvars"

terraform import vpn_ike_profile.dc1 VPNtoDFWDC1IKE
terraform import vpn_tunnel_profile.dc1 VPNtoDFWDC1IPSEC
terraform import vpn_dpd_profile.dc1 nsx-custom-l3vpn-dpd-profile
terraform import vpn_segment.app app
terraform import vpn_segment_port.web cgw/app/web-1
terraform import vpn_prefix_list.dc1 VPNPrefixList_inout
terraform import vpn_route_based_session.dc1 VPNtoDFWDC1
terraform import vpn_bgp_neighbor.dc1 VPNtoDFWDC1BGP
terraform import vpn_policy_based_session.dc1 VPNtoDFWDC1-policy
terraform import vpn_simulated_peer.dc1 dc1
terraform import vpn_simulated_peer.branch branch
