data "vpn_tap_service" "example" {
  name       = "recorder"
  depends_on = [vpn_tap_service.recorder]
}

output "recorder_port" {
  value = data.vpn_tap_service.example.port_id
}

# Usually declared elsewhere; they stand here so that the example is complete.
resource "vpn_segment" "recording" {
  display_name = "recording"

  subnet {
    gateway_address = "192.168.117.1/24"
  }
}

resource "vpn_segment_port" "recorder" {
  segment_path = vpn_segment.recording.path
  display_name = "recorder"
}

resource "vpn_tap_service" "recorder" {
  name    = "recorder"
  port_id = vpn_segment_port.recorder.unique_id
}
