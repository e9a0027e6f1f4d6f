# By name, if only one tap service has it; otherwise by its id.
terraform import vpn_tap_service.example analyzer
