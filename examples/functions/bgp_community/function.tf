locals {
  communities = ["no-export", "65000:100", "4200000000:1:20"]
  spelled     = [for it in local.communities : provider::vpn::bgp_community(it)]
}

# ["65535:65281", "65000:100", "4200000000:1:20"]
output "communities" {
  value = local.spelled[*].community
}

# The AS that defines each of the large ones: [4200000000]
output "large" {
  value = [for it in local.spelled : it.parts[0] if it.large]
}
