locals {
  gateway = "/infra/tier-0s/vmc"
}

# "/infra/tier-0s/vmc/prefix-lists/in"
output "prefix_list" {
  value = provider::vpn::policy_path_join(local.gateway, ["prefix-lists", "in"])
}

# With the locale service, as the session's own path has it.
output "session" {
  value = provider::vpn::policy_path_join(local.gateway, ["ipsec-vpn-services", "default", "sessions", "dc1"])
}
