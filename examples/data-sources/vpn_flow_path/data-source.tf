# The devices that a flow crosses, in order.
data "vpn_flow_path" "example" {
  trace_path = vpn_flow_trace.web.path
  depends_on = [vpn_flow_trace.web, vpn_simulated_device.tor]
}

output "web_path" {
  value = [for hop in data.vpn_flow_path.example.hops : hop.device_name]
}

# Usually declared elsewhere; they stand here so that the example is complete.
resource "vpn_simulated_device" "tor" {
  display_name  = "tor"
  serial_number = "VB3113350021"
  interface {
    name = "ge-0/0/0.0"
  }
  interface {
    name = "ge-0/0/1.0"
  }
  host {
    address   = "10.26.1.1"
    interface = "ge-0/0/0.0"
  }
  host {
    address   = "10.26.1.2"
    interface = "ge-0/0/1.0"
  }
}

resource "vpn_flow_trace" "web" {
  src   = "10.26.1.1"
  dst   = "10.26.1.2"
  proto = "tcp"
  dport = 443
  sfreq = 3600
}
