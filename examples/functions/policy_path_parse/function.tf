locals {
  session = provider::vpn::policy_path_parse("/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/dc1")
}

# "dc1 of gateway vmc"
output "title" {
  value = "${local.session.id} of gateway ${local.session.gateway_id}"
}

# The VPN service it lies in, for another object of the same.
output "service_path" {
  value = local.session.parent_path
}
