data "vpn_active_flows" "example" {
  originator = "monitoring"
  depends_on = [vpn_flow_trace.monitored]
}

output "monitored" {
  value = data.vpn_active_flows.example.flows[*].destination
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_flow_trace" "monitored" {
  src        = "10.27.1.1"
  dst        = "10.27.7.1"
  originator = "monitoring"
}
