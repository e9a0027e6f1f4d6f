terraform {
  required_version = ">= 1.6"

  required_providers {
    vpn = {
      source = "registry.terraform.io/terraform-provider-vpn/vpn"
    }
  }
}

# No settings: every object lives on the embedded engine, in the file
# vpn-engine.db of the folder Terraform runs in.
provider "vpn" {}
