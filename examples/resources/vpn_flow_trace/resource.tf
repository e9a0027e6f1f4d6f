# Every five seconds, the path of a flow between two hosts: which devices it crosses, what
# their interfaces have counted, and how many of its packets each device has seen.
resource "vpn_flow_trace" "example" {
  src        = "10.22.1.1"
  dst        = "10.22.7.1"
  proto      = "tcp"
  sport      = 4567
  dport      = 9000
  sfreq      = 5
  ntry       = 2
  timeout    = 1000
  bw_ingress = true
}
