data "vpn_simulated_flow" "example" {
  id         = "backup"
  depends_on = [vpn_simulated_flow.backup]
}

output "backup_rate" {
  value = data.vpn_simulated_flow.example.packets_per_second
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_simulated_flow" "backup" {
  id                 = "backup"
  source             = "192.168.41.10"
  destination        = "10.41.1.20"
  protocol           = "UDP"
  destination_port   = 5000
  packets_per_second = 100
}
