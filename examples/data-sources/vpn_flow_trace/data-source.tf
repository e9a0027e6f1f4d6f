data "vpn_flow_trace" "example" {
  id         = "10.24.1.1,10.24.7.1,udp,33434,33434"
  depends_on = [vpn_flow_trace.plain]
}

output "sampling_frequency" {
  value = data.vpn_flow_trace.example.sfreq
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_flow_trace" "plain" {
  src = "10.24.1.1"
  dst = "10.24.7.1"
}
