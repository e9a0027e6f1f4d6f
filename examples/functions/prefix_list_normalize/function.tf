locals {
  written = [
    { network = "10.73.0.0/16", le = 24 },
    { network = "10.73.1.0/24" },
    { network = "any", action = "DENY" },
  ]
}

# Two entries: whatever the one for 10.73.1.0/24 matches, the first has matched before.
resource "vpn_prefix_list" "function-normal" {
  display_name = "function-normal"

  dynamic "prefix" {
    for_each = provider::vpn::prefix_list_normalize(local.written)

    content {
      network = prefix.value.network
      action  = prefix.value.action
      ge      = prefix.value.ge
      le      = prefix.value.le
    }
  }
}
