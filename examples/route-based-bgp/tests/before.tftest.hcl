# Run with `terraform test`. The first run only plans: nothing exists yet.

provider "vpn" {
  embedded {
    path = "before.test.db"
  }
}

run "what_will_be" {
  command = plan

  assert {
    condition     = data.vpn_path_trace.server.disposition == "DELIVERED_TO_PEER"
    error_message = data.vpn_path_trace.server.explanation
  }

  assert {
    condition     = data.vpn_path_trace.server.return_disposition == "DELIVERED_TO_SEGMENT"
    error_message = "The answer does not come back: ${data.vpn_path_trace.server.return_drop_reason}"
  }

  assert {
    condition     = data.vpn_path_trace.filtered.drop_reason == "NO_ROUTE"
    error_message = "172.16.0.0/12 is not filtered"
  }

  assert {
    condition     = data.vpn_path_trace.server.effective_mss < 1460
    error_message = "The MSS is not clamped"
  }
}
