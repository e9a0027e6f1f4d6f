# A workload that asks a server behind the peer, twenty times a second, and is
# answered each time.
resource "vpn_simulated_flow" "example" {
  display_name       = "web-to-database"
  source             = "192.168.40.10"
  destination        = "10.40.1.20"
  protocol           = "TCP"
  destination_port   = 5432
  packets_per_second = 20
  packet_size        = 600
  reply_packet_size  = 1400
}
