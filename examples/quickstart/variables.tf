variable "route_based_psk" {
  description = "The pre-shared key of the route-based session, as the peer has it."
  type        = string
  sensitive   = true
}

variable "policy_based_psk" {
  description = "The pre-shared key of the policy-based session, as the peer has it."
  type        = string
  sensitive   = true
}

variable "bgp_password" {
  description = "The key that protects the BGP connection, as the peer has it."
  type        = string
  sensitive   = true
}

variable "peer_address" {
  description = "The address of the VPN gateway in the data center."
  type        = string
  default     = "10.0.0.1"
}

variable "peer_as" {
  description = "The AS number of the data center."
  type        = string
  default     = "65006"
}

variable "branch_address" {
  description = "The address of the VPN gateway at the other end of the policy-based session."
  type        = string
  default     = "10.0.0.2"
}
