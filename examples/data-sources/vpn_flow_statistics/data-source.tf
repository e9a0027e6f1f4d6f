data "vpn_flow_statistics" "example" {
  flow_path  = vpn_simulated_flow.counted.path
  depends_on = [vpn_simulated_flow.counted]
}

output "dropped" {
  value = {
    for drop in data.vpn_flow_statistics.example.drops : drop.reason => drop.packets
  }
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_simulated_flow" "counted" {
  display_name     = "counted"
  source           = "192.168.55.10"
  destination      = "10.55.1.20"
  protocol         = "UDP"
  destination_port = 514
}
