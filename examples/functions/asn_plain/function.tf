variable "peer_as" {
  type    = string
  default = "1.10"
}

# One spelling to compare and to look up: "65546"
locals {
  peer_as = provider::vpn::asn_plain(var.peer_as)
  sites   = { "65546" = "berlin", "65006" = "paris" }
}

output "site" {
  value = local.sites[local.peer_as]
}
