provider "vpn" {
  embedded {
    path = "orders.test.db"
  }
}

run "orders_are_seen_there_and_back" {
  assert {
    condition     = data.vpn_live_trace_result.orders.operation_state == "FINISHED"
    error_message = "The live trace is ${data.vpn_live_trace_result.orders.operation_state}."
  }

  assert {
    condition     = length([for seen in data.vpn_live_trace_result.orders.trace_results : seen if seen.direction == "BACKWARD"]) == 5
    error_message = "Not all answers were seen."
  }
}
