package peer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// store keeps one JSON file per object. It does not sync: a crash of the
// machine may lose what was written last. That makes it cheaper than a durable
// store, so a comparison is never unfair to this provider.
type store struct {
	folder string
}

type storedPrefixList struct {
	ID               string         `json:"id"`
	DisplayName      string         `json:"display_name"`
	Description      *string        `json:"description,omitempty"`
	GatewayPath      string         `json:"gateway_path"`
	Path             string         `json:"path"`
	ParentPath       string         `json:"parent_path"`
	UniqueID         string         `json:"unique_id"`
	RealizationID    string         `json:"realization_id"`
	Revision         int64          `json:"_revision"`
	SystemOwned      bool           `json:"_system_owned"`
	Protection       string         `json:"_protection"`
	CreateTime       int64          `json:"_create_time"`
	CreateUser       string         `json:"_create_user"`
	LastModifiedTime int64          `json:"_last_modified_time"`
	LastModifiedUser string         `json:"_last_modified_user"`
	Tags             []storedTag    `json:"tags,omitempty"`
	Prefixes         []storedPrefix `json:"prefixes"`
}

type storedTag struct {
	Scope *string `json:"scope,omitempty"`
	Tag   *string `json:"tag,omitempty"`
}

type storedPrefix struct {
	Network string `json:"network"`
	Action  string `json:"action"`
	Ge      *int64 `json:"ge,omitempty"`
	Le      *int64 `json:"le,omitempty"`
}

func (s *store) file(id string) string {
	return filepath.Join(s.folder, url.PathEscape(id)+".json")
}

// read returns nil without an error when there is no such object.
func (s *store) read(id string) (*storedPrefixList, error) {
	text, err := os.ReadFile(s.file(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var object storedPrefixList
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	return &object, nil
}

func (s *store) write(object *storedPrefixList) error {
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return os.WriteFile(s.file(object.ID), text, 0o600)
}

func (s *store) remove(id string) error {
	err := os.Remove(s.file(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
