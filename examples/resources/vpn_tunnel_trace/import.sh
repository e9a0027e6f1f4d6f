# By policy path.
terraform import vpn_tunnel_trace.example /infra/tunnel-traces/10.23.1.1,10.23.7.1,53812,200,10.23.200.2,10.23.200.3

# By id: the VTEPs, outer source port, VXLAN, and the applications.
terraform import vpn_tunnel_trace.example 10.23.1.1,10.23.7.1,53812,200,10.23.200.2,10.23.200.3
