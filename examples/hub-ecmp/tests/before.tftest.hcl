provider "vpn" {
  embedded {
    path = "before.test.db"
  }
}

run "what_will_be" {
  command = plan

  assert {
    condition     = alltrue(data.vpn_path_trace.connection[*].delivered)
    error_message = "Some connections do not get through"
  }

  assert {
    condition     = length(output.tunnels_used) == 2
    error_message = "Not both tunnels are used"
  }

  assert {
    condition     = data.vpn_path_trace.transit.disposition == "DELIVERED_TO_PEER"
    error_message = data.vpn_path_trace.transit.explanation
  }
}
