# By policy path.
terraform import vpn_live_trace.example /infra/livetraces/web-to-branch

# By id.
terraform import vpn_live_trace.example web-to-branch
