# The path of the VXLAN tunnel that two virtual machines talk through.
resource "vpn_tunnel_trace" "example" {
  src     = "10.23.1.1"
  dst     = "10.23.7.1"
  sport   = 53812
  vnid    = 200
  appsrc  = "10.23.200.2"
  appdst  = "10.23.200.3"
  appsmac = "52:54:00:b8:9b:2e"
  appdmac = "52:54:00:6e:cc:dc"
}
