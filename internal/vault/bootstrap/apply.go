package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/concordat-hub/concordat/internal/vault"
)

// Admin is what the plan needs of Vault; *vault.Admin is one.
type Admin interface {
	// Read returns the data at path, nil where there is nothing.
	Read(ctx context.Context, path string, query url.Values) (map[string]any, error)
	// Write sends body by POST.
	Write(ctx context.Context, path string, body map[string]any) (map[string]any, error)
	// List returns the names under path.
	List(ctx context.Context, path string) ([]string, error)
}

// ErrForeignRole says that an auth mount has a role that the plan does not know. Nothing is removed: people
// look first who made it.
var ErrForeignRole = errors.New("an auth mount has a role that is not ours")

// ErrConflict says that something exists under a name of ours and is not what the plan would make. Apply never
// replaces a mount or a key.
var ErrConflict = errors.New("something else exists under this name")

// Apply makes the calls whose outcome is not there yet and returns how many it made. It may be
// stopped at any step and called again. At the end it refuses foreign roles (ErrForeignRole).
func (p Plan) Apply(ctx context.Context, admin Admin) (changed int, err error) {
	for i := range p.Steps {
		done, err := p.Steps[i].done(ctx, admin)
		if err != nil {
			return changed, fmt.Errorf("step %s: %w", p.Steps[i].File, err)
		}
		if done {
			continue
		}
		if err := p.Steps[i].send(ctx, admin); err != nil {
			return changed, fmt.Errorf("step %s: %w", p.Steps[i].File, err)
		}
		changed++
	}
	return changed, p.Audit(ctx, admin)
}

// Pending returns the steps that Apply would make now. It changes nothing.
func (p Plan) Pending(ctx context.Context, admin Admin) ([]Step, error) {
	var pending []Step
	for _, s := range p.Steps {
		done, err := s.done(ctx, admin)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", s.File, err)
		}
		if !done {
			pending = append(pending, s)
		}
	}
	return pending, nil
}

// Audit reads that each auth mount of the plan has exactly its roles. A second role on the same mount
// could give a live token another agency's metadata.
func (p Plan) Audit(ctx context.Context, admin Admin) error {
	for _, mount := range slices.Sorted(maps.Keys(p.roles)) {
		names, err := admin.List(ctx, "auth/"+mount+"/role")
		if err != nil {
			return err
		}
		for _, name := range names {
			if !slices.Contains(p.roles[mount], name) {
				return fmt.Errorf("auth/%s/role/%s: %w", mount, name, ErrForeignRole)
			}
		}
	}
	return nil
}

// done says whether the step's outcome is there.
func (s Step) done(ctx context.Context, admin Admin) (bool, error) {
	var query url.Values
	if s.kind == makeKey {
		query = url.Values{"type": {s.Body["type"].(string)}}
	}
	present, err := admin.Read(ctx, s.Path, query)
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if present == nil {
		return false, nil
	}
	switch s.kind {
	case makeMount:
		return true, s.agree(present, "type")
	case makeKey:
		return true, s.keyAgrees(present)
	case setSecret:
		return s.secretDone(ctx, admin, present)
	}
	body, err := s.resolved(ctx, admin)
	if err != nil {
		return false, err
	}
	return holds(present, body), nil
}

// absent recognises Vault's answers for a mount that does not exist: 400 for the mount's own page,
// 404 for anything under it.
func absent(err error) bool {
	var e *vault.Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusBadRequest)
}

func (s Step) agree(present map[string]any, fields ...string) error {
	for _, f := range fields {
		if !same(present[f], s.Body[f]) {
			return fmt.Errorf("%s has %s %v, not %v: %w", s.Path, f, present[f], s.Body[f], ErrConflict)
		}
	}
	return nil
}

// keyAgrees refuses a key that is not as this plan makes it, or that could have left Vault.
func (s Step) keyAgrees(present map[string]any) error {
	if err := s.agree(present, "type"); err != nil {
		return err
	}
	for field, want := range map[string]any{
		"exportable": false, "allow_plaintext_backup": false, "imported_key": false, "derived": s.Body["derived"],
	} {
		if !same(present[field], want) {
			return fmt.Errorf("%s has %s %v: %w", s.Path, field, present[field], ErrConflict)
		}
	}
	if present["restore_info"] != nil || present["backup_info"] != nil {
		return fmt.Errorf("%s was restored from a backup or backed up: %w", s.Path, ErrConflict)
	}
	return nil
}

// secretDone compares what Vault tells, and for the secret the digest in the mount's description.
func (s Step) secretDone(ctx context.Context, admin Admin, present map[string]any) (bool, error) {
	told := maps.Clone(s.Body)
	for field := range s.secrets {
		delete(told, field)
		if set, _ := present[field+"_set"].(bool); !set {
			return false, nil
		}
	}
	tune, err := admin.Read(ctx, "sys/auth/"+KubernetesAuth+"/tune", nil)
	if err != nil {
		return false, err
	}
	return holds(present, told) && same(tune["description"], reviewerDescription(s.secrets["token_reviewer_jwt"])), nil
}

func (s Step) send(ctx context.Context, admin Admin) error {
	body, err := s.resolved(ctx, admin)
	if err != nil {
		return err
	}
	for field, value := range s.secrets {
		body[field] = value
	}
	_, err = admin.Write(ctx, s.Path, body)
	return err
}

// resolved is the body with the mount accessors of this Vault in place of the placeholders.
func (s Step) resolved(ctx context.Context, admin Admin) (map[string]any, error) {
	body := maps.Clone(s.Body)
	text, ok := body["policy"].(string)
	if !ok {
		return body, nil
	}
	for {
		before, rest, found := strings.Cut(text, accessorOpen)
		if !found {
			body["policy"] = text
			return body, nil
		}
		mount, after, _ := strings.Cut(rest, accessorClose)
		present, err := admin.Read(ctx, "sys/auth/"+mount, nil)
		accessor, _ := present["accessor"].(string)
		switch {
		case absent(err):
			accessor = accessorUnknown // the auth mount is made by an earlier step of the same plan
		case err != nil:
			return nil, err
		case accessor == "":
			return nil, fmt.Errorf("auth/%s has no accessor", mount)
		}
		text = before + accessor + after
	}
}

// accessorUnknown stands in Pending for the accessor of a mount that is yet to be made.
const accessorUnknown = "auth-mount-not-made-yet"

// holds says whether everything in want is in present. Fields that Vault adds do not matter.
func holds(present, want map[string]any) bool {
	for field, value := range want {
		if !same(present[field], value) {
			return false
		}
	}
	return true
}

// same compares as JSON; nothing, an empty string, list or map and zero are the same, and a string
// is compared without surrounding space, as Vault keeps PEM texts.
func same(a, b any) bool { return reflect.DeepEqual(normal(a), normal(b)) }

func normal(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		return v
	}
	switch value := plain.(type) {
	case string:
		if value = strings.TrimSpace(value); value != "" {
			return value
		}
		return nil
	case []any:
		if len(value) == 0 {
			return nil
		}
	case map[string]any:
		if len(value) == 0 {
			return nil
		}
	case float64:
		if value == 0 {
			return nil
		}
	case bool:
		if !value {
			return nil
		}
	}
	return plain
}
