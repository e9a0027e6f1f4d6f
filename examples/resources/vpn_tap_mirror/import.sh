# By name, if only one tap mirror has it; otherwise by its id.
terraform import vpn_tap_mirror.example scanner
