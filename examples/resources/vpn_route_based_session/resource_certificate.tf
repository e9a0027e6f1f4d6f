# Authentication by certificate, with the algorithms of a compliance suite.
resource "vpn_local_endpoint" "certified" {
  display_name     = "edge-3"
  local_address    = "203.0.113.71"
  local_id         = "CN=edge-3.example.com,O=Example"
  certificate_path = "/infra/certificates/edge-3"
  trust_ca_paths   = ["/infra/certificates/example-ca"]
}

resource "vpn_route_based_session" "certified" {
  display_name        = "dc4"
  local_endpoint_path = vpn_local_endpoint.certified.path
  peer_address        = "198.51.100.8"
  peer_id             = "CN=dc4.example.com,O=Example"
  authentication_mode = "CERTIFICATE"
  compliance_suite    = "CNSA"

  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.154.2"]
      prefix_length = 30
    }
  }
}
