terraform {
  required_providers {
    vpn = {
      source = "registry.terraform.io/terraform-provider-vpn/vpn"
    }
  }
}

# Everything lives on the embedded engine, in one file on this machine. Without
# any setting the file is vpn-engine.db in the working directory.
provider "vpn" {
  embedded {
    path = "lab.db"
  }
}
