// Package peer implements the provider: one resource, kept as files in a folder.
package peer

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const defaultFolder = "peer-objects"

type peerProvider struct{}

type providerModel struct {
	Path types.String `tfsdk:"path"`
}

var _ provider.Provider = peerProvider{}

// New makes the provider.
func New() provider.Provider {
	return peerProvider{}
}

func (peerProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "peer"
	resp.Version = "0.1.0"
}

func (peerProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "Keeps prefix lists as files in a folder.",
		Attributes: map[string]schema.Attribute{
			"path": schema.StringAttribute{
				Description: "The folder with one file per object. Default: " + defaultFolder + " in the working directory.",
				Optional:    true,
			},
		},
	}
}

func (peerProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if config.Path.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("path"), "Unknown folder",
			"The folder must be known before the provider can read or write objects.")
		return
	}
	folder := defaultFolder
	if config.Path.ValueString() != "" {
		folder = config.Path.ValueString()
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("path"), "Cannot make the folder", err.Error())
		return
	}
	resp.ResourceData = &store{folder: folder}
}

func (peerProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newPrefixListResource}
}

func (peerProvider) DataSources(context.Context) []func() datasource.DataSource {
	return nil
}
