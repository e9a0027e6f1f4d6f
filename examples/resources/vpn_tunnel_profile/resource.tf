# A Diffie-Hellman exchange of its own for every tunnel, and the don't-fragment
# bit as the workload set it.
resource "vpn_tunnel_profile" "example" {
  display_name                   = "dc1-esp"
  encryption_algorithms          = ["AES_GCM_256"]
  enable_perfect_forward_secrecy = true
  dh_groups                      = ["GROUP20", "GROUP21"]
  sa_life_time                   = 3600
  df_policy                      = "COPY"
}

# For a peer without GCM and without perfect forward secrecy.
resource "vpn_tunnel_profile" "older_peer" {
  display_name                   = "branch-esp"
  encryption_algorithms          = ["AES_256"]
  digest_algorithms              = ["SHA2_256"]
  enable_perfect_forward_secrecy = false
  dh_groups                      = []
  df_policy                      = "CLEAR"
}
