output "tunnel" {
  description = "The ends of the route-based tunnel."
  value = {
    local  = data.vpn_local_endpoint.private.local_address
    peer   = vpn_route_based_session.dc1.peer_address
    inside = vpn_route_based_session.dc1.tunnel_interface[0].ip_subnet[0].ip_addresses[0]
    bgp    = "${vpn_bgp_neighbor.dc1.neighbor_address} (AS ${vpn_bgp_neighbor.dc1.remote_as_num})"
  }
}

output "protected" {
  description = "The networks that the policy-based session connects."
  value = [
    for rule in vpn_policy_based_session.dc1.rule : {
      sources      = rule.sources
      destinations = rule.destinations
    }
  ]
}

output "paths" {
  description = "The policy path of every object."
  value = {
    ike_profile          = vpn_ike_profile.dc1.path
    tunnel_profile       = vpn_tunnel_profile.dc1.path
    dpd_profile          = vpn_dpd_profile.dc1.path
    prefix_list          = vpn_prefix_list.dc1.path
    bgp_neighbor         = vpn_bgp_neighbor.dc1.path
    route_based_session  = vpn_route_based_session.dc1.path
    policy_based_session = vpn_policy_based_session.dc1.path
    segment              = vpn_segment.app.path
    segment_port         = vpn_segment_port.web.path
  }
}

output "what_reaches_what" {
  description = "What happens to packets from a workload, and to the answers."
  value = {
    for name, trace in {
      "10.20.1.20 in the data center" = data.vpn_path_trace.to_dc1
      "192.168.123.20 at the branch"  = data.vpn_path_trace.to_branch
      "10.30.1.130, announced as /27" = data.vpn_path_trace.kept_out
    } : name => trace.delivered ? "${trace.disposition}, answer ${trace.return_disposition}" : trace.explanation
  }
}
