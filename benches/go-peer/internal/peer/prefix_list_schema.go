package peer

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	defaultGatewayPath = "/infra/tier-0s/vmc"
	actionPermit       = "PERMIT"
	actionDeny         = "DENY"
)

type prefixListModel struct {
	ID               types.String  `tfsdk:"id"`
	DisplayName      types.String  `tfsdk:"display_name"`
	Description      types.String  `tfsdk:"description"`
	GatewayPath      types.String  `tfsdk:"gateway_path"`
	Path             types.String  `tfsdk:"path"`
	ParentPath       types.String  `tfsdk:"parent_path"`
	Revision         types.Int64   `tfsdk:"revision"`
	UniqueID         types.String  `tfsdk:"unique_id"`
	RealizationID    types.String  `tfsdk:"realization_id"`
	SystemOwned      types.Bool    `tfsdk:"system_owned"`
	Protection       types.String  `tfsdk:"protection"`
	CreateTime       types.Int64   `tfsdk:"create_time"`
	LastModifiedTime types.Int64   `tfsdk:"last_modified_time"`
	CreateUser       types.String  `tfsdk:"create_user"`
	LastModifiedUser types.String  `tfsdk:"last_modified_user"`
	Tags             []tagModel    `tfsdk:"tag"`
	Prefixes         []prefixModel `tfsdk:"prefix"`
}

type tagModel struct {
	Scope types.String `tfsdk:"scope"`
	Tag   types.String `tfsdk:"tag"`
}

type prefixModel struct {
	Network types.String `tfsdk:"network"`
	Action  types.String `tfsdk:"action"`
	Ge      types.Int64  `tfsdk:"ge"`
	Le      types.Int64  `tfsdk:"le"`
}

func (r *prefixListResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	keepOrReplace := []planmodifier.String{
		stringplanmodifier.UseStateForUnknown(),
		stringplanmodifier.RequiresReplace(),
	}
	maskLength := []validator.Int64{int64validator.Between(1, 128)}

	resp.Schema = schema.Schema{
		Description: "A list of networks that a BGP neighbor's routes are filtered with.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Description:   "The object's id. Default: a generated one.",
				Optional:      true,
				Computed:      true,
				PlanModifiers: keepOrReplace,
			},
			"display_name": schema.StringAttribute{
				Description:   "The name people see. Default: the id.",
				Optional:      true,
				Computed:      true,
				PlanModifiers: keep,
			},
			"description": schema.StringAttribute{
				Description: "What the object is for.",
				Optional:    true,
			},
			"gateway_path": schema.StringAttribute{
				Description:   "The policy path of the gateway the list belongs to.",
				Optional:      true,
				Computed:      true,
				Default:       stringdefault.StaticString(defaultGatewayPath),
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"path": schema.StringAttribute{
				Description:   "The policy path of this object.",
				Computed:      true,
				PlanModifiers: keep,
			},
			"parent_path": schema.StringAttribute{
				Description:   "The policy path of the object above.",
				Computed:      true,
				PlanModifiers: keep,
			},
			"revision": schema.Int64Attribute{
				Description: "How often the object was changed.",
				Computed:    true,
			},
			"unique_id": schema.StringAttribute{
				Description:   "An id that no other object ever had.",
				Computed:      true,
				PlanModifiers: keep,
			},
			"realization_id": schema.StringAttribute{
				Description:   "The id of the realized object.",
				Computed:      true,
				PlanModifiers: keep,
			},
			"system_owned": schema.BoolAttribute{
				Description:   "Whether the system made the object.",
				Computed:      true,
				PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
			},
			"protection": schema.StringAttribute{
				Description:   "Whether the object may be changed.",
				Computed:      true,
				PlanModifiers: keep,
			},
			"create_time": schema.Int64Attribute{
				Description:   "When the object was made, in milliseconds since 1970.",
				Computed:      true,
				PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"last_modified_time": schema.Int64Attribute{
				Description: "When the object was last changed, in milliseconds since 1970.",
				Computed:    true,
			},
			"create_user": schema.StringAttribute{
				Description:   "Who made the object.",
				Computed:      true,
				PlanModifiers: keep,
			},
			"last_modified_user": schema.StringAttribute{
				Description: "Who changed the object last.",
				Computed:    true,
			},
		},
		Blocks: map[string]schema.Block{
			"tag": schema.SetNestedBlock{
				Description: "A label.",
				NestedObject: schema.NestedBlockObject{
					Attributes: map[string]schema.Attribute{
						"scope": schema.StringAttribute{Description: "What the label is about.", Optional: true},
						"tag":   schema.StringAttribute{Description: "What the label says.", Optional: true},
					},
				},
			},
			"prefix": schema.ListNestedBlock{
				Description: "One entry; the first that matches a route decides.",
				NestedObject: schema.NestedBlockObject{
					Attributes: map[string]schema.Attribute{
						"network": schema.StringAttribute{
							Description: "The network in CIDR notation.",
							Required:    true,
							Validators:  []validator.String{cidr{}},
						},
						"action": schema.StringAttribute{
							Description: "What happens to a route that matches.",
							Optional:    true,
							Computed:    true,
							Default:     stringdefault.StaticString(actionPermit),
							Validators:  []validator.String{stringvalidator.OneOf(actionPermit, actionDeny)},
						},
						"ge": schema.Int64Attribute{
							Description: "The shortest mask that matches.",
							Optional:    true,
							Validators:  maskLength,
						},
						"le": schema.Int64Attribute{
							Description: "The longest mask that matches.",
							Optional:    true,
							Validators:  maskLength,
						},
					},
				},
			},
		},
	}
}
