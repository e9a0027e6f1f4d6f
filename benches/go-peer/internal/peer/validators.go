package peer

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// cidr accepts an address with a prefix length, IPv4 or IPv6.
type cidr struct{}

var _ validator.String = cidr{}

func (cidr) Description(context.Context) string {
	return "value must be a network in CIDR notation"
}

func (v cidr) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v cidr) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := netip.ParsePrefix(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid network",
			fmt.Sprintf("%s, got %q: %s", v.Description(ctx), req.ConfigValue.ValueString(), err))
	}
}
