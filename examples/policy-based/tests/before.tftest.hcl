provider "vpn" {
  embedded {
    path = "before.test.db"
  }
}

run "what_will_be" {
  command = plan

  assert {
    condition     = data.vpn_path_trace.office.disposition == "DELIVERED_TO_PEER"
    error_message = data.vpn_path_trace.office.explanation
  }

  assert {
    condition     = data.vpn_path_trace.from_the_office.disposition == "DELIVERED_TO_SEGMENT"
    error_message = data.vpn_path_trace.from_the_office.explanation
  }

  # What was forgotten at the branch shows before anything is built.
  assert {
    condition     = data.vpn_path_trace.warehouse.drop_reason == "TUNNEL_DOWN"
    error_message = data.vpn_path_trace.warehouse.explanation
  }
}
