# By policy path.
terraform import vpn_flow_trace.example /infra/flow-traces/10.22.1.1,10.22.7.1,tcp,4567,9000

# By id: source, destination, protocol, source port, destination port.
terraform import vpn_flow_trace.example 10.22.1.1,10.22.7.1,tcp,4567,9000
