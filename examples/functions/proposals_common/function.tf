resource "vpn_ike_profile" "function-common" {
  display_name          = "function-common"
  encryption_algorithms = ["AES_GCM_256", "AES_256"]
  dh_groups             = ["GROUP14", "GROUP20"]
}

locals {
  # What the other side has said it takes. Without a tunnel profile, both have that of a session
  # that names none.
  peer = {
    ike_profile = {
      encryption_algorithms = ["AES_256"]
      digest_algorithms     = ["SHA2_256"]
      dh_groups             = ["GROUP20", "GROUP21"]
    }
  }
  common = provider::vpn::proposals_common({ ike_profile = vpn_ike_profile.function-common }, local.peer)
}

check "proposals" {
  assert {
    condition     = local.common.agree
    error_message = coalesce(local.common.reason, "They agree.")
  }
}

# "AES_256 GROUP20"
output "ike" {
  value = "${local.common.ike.encryption_algorithm} ${local.common.ike.dh_group}"
}
