# Keys for trying the example out. For a VPN of your own, give others, by
# TF_VAR_route_based_psk and so on or by a file that is not kept in git.
route_based_psk  = "test123456"
policy_based_psk = "VMware12345"
bgp_password     = "MyBGPPassword"
