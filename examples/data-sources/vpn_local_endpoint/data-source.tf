# The system has two endpoints; this is the one with the public address.
data "vpn_local_endpoint" "example" {
  display_name = "Public IP1"
}

# What the peer has to be configured with.
output "gateway_address" {
  value = data.vpn_local_endpoint.example.local_address
}
