# Each device on the path sends copies of the packets of the flow to an analyzer.
resource "vpn_flow_trace" "mirrored" {
  src             = "10.22.1.1"
  dst             = "10.22.7.1"
  proto           = "tcp"
  sport           = 59047
  dport           = 9000
  mirror_type     = "ERSPAN"
  mirror_dir      = "ingress"
  mirror_analyzer = "10.22.9.1"
}
