# Flows of applications that have sent something in the last 60 seconds.
data "vpn_application_flows" "example" {
  active = true
}

output "application_flows" {
  value = data.vpn_application_flows.example.flows[*].destination_port
}
