data "vpn_tunnel_trace" "example" {
  id         = vpn_tunnel_trace.overlay.id
  depends_on = [vpn_tunnel_trace.overlay]
}

output "tunnel_hops" {
  value = data.vpn_tunnel_trace.example.nhops
}

# Usually declared elsewhere; it stands here so that the example is complete.
resource "vpn_tunnel_trace" "overlay" {
  src     = "10.25.1.1"
  dst     = "10.25.7.1"
  sport   = 50000
  vnid    = 7
  appsrc  = "10.25.200.2"
  appdst  = "10.25.200.3"
  appsmac = "52:54:00:00:00:01"
  appdmac = "52:54:00:00:00:02"
}
