data "vpn_prefix_list" "example" {
  display_name = "partner-in"
  depends_on   = [vpn_prefix_list.partner]
}

output "partner_networks" {
  value = [for prefix in data.vpn_prefix_list.example.prefixes : prefix.network if prefix.action == "PERMIT"]
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_prefix_list" "partner" {
  display_name = "partner-in"

  prefix {
    network = "172.20.0.0/16"
    le      = 24
  }
}
