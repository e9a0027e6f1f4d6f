# By name, if only one tap flow has it; otherwise by its id.
terraform import vpn_tap_flow.example web
