# An endpoint that proves its identity by a certificate.
resource "vpn_local_endpoint" "example" {
  display_name     = "edge-2"
  local_address    = "203.0.113.70"
  local_id         = "CN=edge-2.example.com,O=Example"
  certificate_path = "/infra/certificates/edge-2"
  trust_ca_paths   = ["/infra/certificates/example-ca"]
}
