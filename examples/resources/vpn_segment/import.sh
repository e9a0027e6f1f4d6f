# By policy path.
terraform import vpn_segment.example /infra/tier-1s/cgw/segments/web

# By id, for a segment of the compute gateway cgw.
terraform import vpn_segment.example web

# By the ids of the tier-1 gateway and of the segment.
terraform import vpn_segment.example cgw/web
