# By policy path.
terraform import vpn_segment_port.example /infra/tier-1s/cgw/segments/databases/ports/db-1

# By the ids of the tier-1 gateway, of the segment and of the port.
terraform import vpn_segment_port.example cgw/databases/db-1
