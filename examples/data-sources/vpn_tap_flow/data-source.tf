data "vpn_tap_flow" "example" {
  id = vpn_tap_flow.mail.id
}

output "mail_is_tapped" {
  value = data.vpn_tap_flow.example.status
}

# Usually declared elsewhere; they stand here so that the example is complete.
resource "vpn_segment" "office" {
  display_name = "office"

  subnet {
    gateway_address = "192.168.119.1/24"
  }
}

resource "vpn_segment_port" "mail" {
  segment_path = vpn_segment.office.path
  display_name = "mail"
}

resource "vpn_segment_port" "archive" {
  segment_path = vpn_segment.office.path
  display_name = "archive"
}

resource "vpn_tap_service" "archive" {
  name    = "archive"
  port_id = vpn_segment_port.archive.unique_id
}

resource "vpn_tap_flow" "mail" {
  name           = "mail"
  tap_service_id = vpn_tap_service.archive.id
  source_port    = vpn_segment_port.mail.unique_id
  direction      = "IN"
}
