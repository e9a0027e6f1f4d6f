# For a device that is configured with bgp asnotation dot: 64086.59904
output "remote_as" {
  value = provider::vpn::asn_dot("4200000000")
}
