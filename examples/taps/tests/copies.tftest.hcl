provider "vpn" {
  embedded {
    path = "copies.test.db"
  }
}

run "the_query_is_copied_and_arrives" {
  assert {
    condition     = data.vpn_path_trace.query.delivered
    error_message = data.vpn_path_trace.query.explanation
  }

  assert {
    condition     = contains(data.vpn_path_trace.query.hops[*].action, "COPIED")
    error_message = "Nobody copies the query."
  }
}
