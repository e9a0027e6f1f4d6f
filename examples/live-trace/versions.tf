terraform {
  required_version = ">= 1.6"

  required_providers {
    vpn = {
      source = "registry.terraform.io/terraform-provider-vpn/vpn"
    }
  }
}

provider "vpn" {}
