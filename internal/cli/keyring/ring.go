package keyring

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
)

// Ring is what is known of the hub and of agencies; any part may be missing.
type Ring struct {
	Hub      agreement.Hub             `json:"hub,omitzero"`
	Agencies map[act.AgencyName]Agency `json:"agencies,omitempty"`
}

// Agency is one agency's keys, and what agreements say of it.
type Agency struct {
	LegalName    string         `json:"legalName,omitempty"`
	Jurisdiction string         `json:"jurisdiction,omitempty"`
	Kind         string         `json:"kind,omitempty"`
	Mandate      string         `json:"mandate,omitempty"`
	OfficerSign  act.Thumbprint `json:"officerSign,omitempty"`
	DeskSign     act.Thumbprint `json:"deskSign,omitempty"`
	Keys         []Key          `json:"keys,omitempty"`
}

// Key is one public signing key with its purpose.
type Key struct {
	Purpose act.Purpose `json:"purpose"`
	JWK     act.JWK     `json:"jwk"`
}

// ErrMalformed says that a file is no ring.
var ErrMalformed = errors.New("not a file of public keys")

// Parse reads a ring. Duplicate and unknown members are refused; so are names,
// thumbprints and keys that do not have their form.
func Parse(b []byte) (*Ring, error) {
	var ring Ring
	if err := yaml.UnmarshalStrict(b, &ring); err != nil {
		return nil, ErrMalformed
	}
	for name, agency := range ring.Agencies {
		if err := act.CheckAgencyName(name); err != nil {
			return nil, fmt.Errorf("%w: agency %q", ErrMalformed, name)
		}
		for _, thumbprint := range []act.Thumbprint{agency.OfficerSign, agency.DeskSign} {
			if thumbprint != "" && !thumbprint.Valid() {
				return nil, fmt.Errorf("%w: thumbprint of %s", ErrMalformed, name)
			}
		}
		for _, key := range agency.Keys {
			if _, err := key.JWK.PublicKey(); err != nil {
				return nil, fmt.Errorf("%w: key of %s", ErrMalformed, name)
			}
		}
	}
	return &ring, nil
}

// Marshal returns the ring as YAML.
func (r *Ring) Marshal() ([]byte, error) { return yaml.Marshal(r) }

// Merge adds what other knows and r does not.
func (r *Ring) Merge(other *Ring) {
	if other == nil {
		return
	}
	if r.Hub.ID == "" {
		r.Hub = other.Hub
	}
	if r.Agencies == nil {
		r.Agencies = map[act.AgencyName]Agency{}
	}
	for name, agency := range other.Agencies {
		if _, known := r.Agencies[name]; !known {
			r.Agencies[name] = agency
		}
	}
}

var errNoKey = errors.New("no such key in the ring")

// ResolveKey implements act.KeyResolver over the public keys of the ring.
func (r *Ring) ResolveKey(id act.KeyID) (ed25519.PublicKey, error) {
	for _, key := range r.Agencies[id.Agency].Keys {
		if key.Purpose == id.Purpose && key.JWK.Thumbprint() == id.Thumbprint {
			return key.JWK.PublicKey()
		}
	}
	return nil, errNoKey
}
