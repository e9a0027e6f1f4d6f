data "vpn_packet_traces" "all" {}

# The first packet of each trace.
data "vpn_packet_summary" "first" {
  for_each = toset([for trace in data.vpn_packet_traces.all.traces : trace.id])

  trace_id      = each.key
  packet_number = 1
}

output "first" {
  value = { for id, packet in data.vpn_packet_summary.first : id => packet.summary }
}
