resource "vpn_prefix_list" "function-permits" {
  display_name = "function-permits"

  prefix {
    network = "10.73.8.0/21"
    action  = "DENY"
    le      = 32
  }

  prefix {
    network = "10.73.0.0/16"
    le      = 24
  }

  # A plan is refused when the list would not let the office in, or would let the lab in.
  lifecycle {
    postcondition {
      condition     = provider::vpn::prefix_list_permits(self.prefix, "10.73.1.0/24")
      error_message = "The office is filtered."
    }

    postcondition {
      condition     = !provider::vpn::prefix_list_permits(self.prefix, "10.73.9.0/24")
      error_message = "The lab is not filtered."
    }
  }
}
