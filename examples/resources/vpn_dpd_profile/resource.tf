# A probe every 30 seconds; after five unanswered repetitions the peer is dead.
resource "vpn_dpd_profile" "example" {
  display_name       = "dc1-dpd"
  dpd_probe_mode     = "PERIODIC"
  dpd_probe_interval = 30
  retry_count        = 5
}

# A probe only when there is something to send and the peer has been silent.
resource "vpn_dpd_profile" "quiet" {
  display_name       = "branch-dpd"
  dpd_probe_mode     = "ON_DEMAND"
  dpd_probe_interval = 10
}
