variable "peer_psk" {
  description = "The pre-shared key, as the session has it."
  type        = string
  sensitive   = true
  default     = "for-the-example"
}

# The far end of every session whose peer_address this is. It takes what the
# session offers; only what differs from that has to be said.
resource "vpn_simulated_peer" "example" {
  display_name = "branch"
  address      = "198.51.100.40"
  psk          = var.peer_psk

  # AES-256 with SHA-384 before anything else, as the branch's router prefers it.
  ike_proposal {
    encryption_algorithms = ["AES_256"]
    digest_algorithms     = ["SHA2_384"]
    dh_groups             = ["GROUP20"]
  }
  ike_proposal {
    encryption_algorithms = ["AES_GCM_256", "AES_GCM_128"]
    dh_groups             = ["GROUP20", "GROUP14"]
  }

  # What it announces once the tunnel is up.
  bgp {
    as_number = "65040"

    route {
      network = "10.40.0.0/16"
    }
    route {
      network = "10.41.0.0/16"
      as_path = ["64999"]
      med     = 50
    }
  }

  latency    = 12
  behind_nat = true
}
