# For peers that are up to date. GCM ciphers check integrity themselves, so no
# digest goes with them.
resource "vpn_ike_profile" "example" {
  display_name          = "dc1-ike"
  ike_version           = "IKE_V2"
  encryption_algorithms = ["AES_GCM_256"]
  dh_groups             = ["GROUP20", "GROUP21"]
  sa_life_time          = 86400
}

# For a peer that knows nothing newer than AES-CBC, and perhaps only IKEv1.
resource "vpn_ike_profile" "older_peer" {
  display_name          = "branch-ike"
  description           = "Until the branch office has new routers."
  ike_version           = "IKE_FLEX"
  encryption_algorithms = ["AES_256", "AES_128"]
  digest_algorithms     = ["SHA2_256"]
  dh_groups             = ["GROUP14"]

  tag {
    scope = "site"
    tag   = "branch"
  }
}
