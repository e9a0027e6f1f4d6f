package peer

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const user = "admin"

type prefixListResource struct {
	store *store
}

var (
	_ resource.ResourceWithConfigure   = (*prefixListResource)(nil)
	_ resource.ResourceWithImportState = (*prefixListResource)(nil)
)

func newPrefixListResource() resource.Resource {
	return &prefixListResource{}
}

func (r *prefixListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_prefix_list"
}

func (r *prefixListResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	opened, ok := req.ProviderData.(*store)
	if !ok {
		resp.Diagnostics.AddError("Unexpected provider data", fmt.Sprintf("expected a store, got %T", req.ProviderData))
		return
	}
	r.store = opened
}

func (r *prefixListResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan prefixListModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}

	id := plan.ID.ValueString()
	if id == "" {
		id = uuid.NewString()
	}
	now := time.Now().UnixMilli()
	object := &storedPrefixList{
		ID:               id,
		DisplayName:      id,
		ParentPath:       plan.GatewayPath.ValueString(),
		GatewayPath:      plan.GatewayPath.ValueString(),
		Path:             plan.GatewayPath.ValueString() + "/prefix-lists/" + id,
		UniqueID:         uuid.NewString(),
		RealizationID:    uuid.NewString(),
		Protection:       "NOT_PROTECTED",
		CreateTime:       now,
		CreateUser:       user,
		LastModifiedTime: now,
		LastModifiedUser: user,
	}
	plan.fill(object)
	if err := r.store.write(object); err != nil {
		resp.Diagnostics.AddError("Cannot create the prefix list", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, modelOf(object))...)
}

func (r *prefixListResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var id types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if resp.Diagnostics.HasError() {
		return
	}
	object, err := r.store.read(id.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Cannot read the prefix list", err.Error())
		return
	}
	if object == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, modelOf(object))...)
}

func (r *prefixListResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan prefixListModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	object, err := r.store.read(plan.ID.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Cannot read the prefix list", err.Error())
		return
	}
	if object == nil {
		resp.Diagnostics.AddError("The prefix list is gone", "Another process deleted it after the plan was made.")
		return
	}
	plan.fill(object)
	object.Revision++
	object.LastModifiedTime = time.Now().UnixMilli()
	object.LastModifiedUser = user
	if err := r.store.write(object); err != nil {
		resp.Diagnostics.AddError("Cannot change the prefix list", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, modelOf(object))...)
}

func (r *prefixListResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var id types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.store.remove(id.ValueString()); err != nil {
		resp.Diagnostics.AddError("Cannot delete the prefix list", err.Error())
	}
}

func (r *prefixListResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughID(ctx, path.Root("id"), req, resp)
}

// fill puts what the user may choose into the object.
func (m *prefixListModel) fill(object *storedPrefixList) {
	if !m.DisplayName.IsUnknown() && !m.DisplayName.IsNull() {
		object.DisplayName = m.DisplayName.ValueString()
	}
	object.Description = m.Description.ValueStringPointer()
	object.Tags = make([]storedTag, 0, len(m.Tags))
	for _, tag := range m.Tags {
		object.Tags = append(object.Tags, storedTag{
			Scope: tag.Scope.ValueStringPointer(),
			Tag:   tag.Tag.ValueStringPointer(),
		})
	}
	object.Prefixes = make([]storedPrefix, 0, len(m.Prefixes))
	for _, prefix := range m.Prefixes {
		object.Prefixes = append(object.Prefixes, storedPrefix{
			Network: prefix.Network.ValueString(),
			Action:  prefix.Action.ValueString(),
			Ge:      prefix.Ge.ValueInt64Pointer(),
			Le:      prefix.Le.ValueInt64Pointer(),
		})
	}
}

func modelOf(object *storedPrefixList) *prefixListModel {
	model := &prefixListModel{
		ID:               types.StringValue(object.ID),
		DisplayName:      types.StringValue(object.DisplayName),
		Description:      types.StringPointerValue(object.Description),
		GatewayPath:      types.StringValue(object.GatewayPath),
		Path:             types.StringValue(object.Path),
		ParentPath:       types.StringValue(object.ParentPath),
		Revision:         types.Int64Value(object.Revision),
		UniqueID:         types.StringValue(object.UniqueID),
		RealizationID:    types.StringValue(object.RealizationID),
		SystemOwned:      types.BoolValue(object.SystemOwned),
		Protection:       types.StringValue(object.Protection),
		CreateTime:       types.Int64Value(object.CreateTime),
		LastModifiedTime: types.Int64Value(object.LastModifiedTime),
		CreateUser:       types.StringValue(object.CreateUser),
		LastModifiedUser: types.StringValue(object.LastModifiedUser),
		Tags:             make([]tagModel, 0, len(object.Tags)),
		Prefixes:         make([]prefixModel, 0, len(object.Prefixes)),
	}
	for _, tag := range object.Tags {
		model.Tags = append(model.Tags, tagModel{
			Scope: types.StringPointerValue(tag.Scope),
			Tag:   types.StringPointerValue(tag.Tag),
		})
	}
	for _, prefix := range object.Prefixes {
		model.Prefixes = append(model.Prefixes, prefixModel{
			Network: types.StringValue(prefix.Network),
			Action:  types.StringValue(prefix.Action),
			Ge:      types.Int64PointerValue(prefix.Ge),
			Le:      types.Int64PointerValue(prefix.Le),
		})
	}
	return model
}
