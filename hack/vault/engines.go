package main

import (
	"maps"
	"slices"

	jwt "github.com/hashicorp/vault-plugin-auth-jwt"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
)

// The engines linked in, by the names they are enabled under. Vault adds its own sys, identity,
// cubbyhole and token.
var (
	secretsEngines = map[string]logical.Factory{
		"kv":      kv.Factory,
		"transit": transit.Factory,
	}
	loginMethods = map[string]logical.Factory{
		"approle":    approle.Factory,
		"jwt":        jwt.Factory,
		"oidc":       jwt.Factory,
		"kubernetes": kubernetes.Factory,
	}
	auditDevices = map[string]audit.Factory{
		"file": audit.NewFileBackend,
	}
)

// builtin tells Vault's plugin catalogue which of the engines are part of this binary; without such
// a registry enabling any of them panics.
type builtin struct{}

func (builtin) engines(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeSecrets:
		return secretsEngines
	case consts.PluginTypeCredential:
		return loginMethods
	default:
		return nil
	}
}

// Contains says whether the binary holds that engine.
func (b builtin) Contains(name string, kind consts.PluginType) bool {
	_, ok := b.engines(kind)[name]
	return ok
}

// Get returns the engine's factory in the shape that the catalogue wants.
func (b builtin) Get(name string, kind consts.PluginType) (func() (any, error), bool) {
	factory, ok := b.engines(kind)[name]
	if !ok {
		return nil, false
	}
	return func() (any, error) { return factory, nil }, true
}

// Keys lists the engines of a kind, in order.
func (b builtin) Keys(kind consts.PluginType) []string {
	return slices.Sorted(maps.Keys(b.engines(kind)))
}

// DeprecationStatus is "supported" for every engine here.
func (b builtin) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	if !b.Contains(name, kind) {
		return consts.Unknown, false
	}
	return consts.Supported, true
}

// IsBuiltinEntPlugin is false: nothing here needs an enterprise licence.
func (builtin) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
