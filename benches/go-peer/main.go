// Command terraform-provider-peer is the provider that the benches compare
// terraform-provider-vpn with: the same resource, written the ordinary way on
// HashiCorp's own framework for Go.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/terraform-provider-vpn/terraform-provider-vpn/benches/go-peer/internal/peer"
)

func main() {
	err := providerserver.Serve(context.Background(), peer.New, providerserver.ServeOpts{
		Address:         "registry.terraform.io/terraform-provider-vpn/peer",
		ProtocolVersion: 5,
	})
	if err != nil {
		log.Fatal(err)
	}
}
