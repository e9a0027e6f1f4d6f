data "vpn_packet_traces" "copies" {
  region           = "LOCAL"
  definition_names = ["WWFCPCOPY"]
}

output "traces" {
  value = { for trace in data.vpn_packet_traces.copies.traces : trace.id => trace.packet_count }
}
