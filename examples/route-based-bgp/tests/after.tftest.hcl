# The same questions, once everything has been applied.

provider "vpn" {
  embedded {
    path = "after.test.db"
  }
}

run "apply" {}

run "as_it_is" {
  # Nothing is left to do, so what is asked is answered as it is.
  assert {
    condition     = data.vpn_path_trace.server.delivered && data.vpn_path_trace.server.session_path == vpn_route_based_session.dc.path
    error_message = data.vpn_path_trace.server.explanation
  }

  assert {
    condition     = !data.vpn_path_trace.filtered.delivered
    error_message = "172.16.0.0/12 is not filtered"
  }
}
