package bootstrap

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/concordat-hub/concordat/internal/message"
)

func mount(path, title, description string) Step {
	return Step{
		File: "mount-" + path, Title: message.New(title, nil), Method: "POST", Path: "sys/mounts/" + path,
		Body: map[string]any{"type": "transit", "description": description}, kind: makeMount,
	}
}

func auth(path, typ, title string) Step {
	return Step{
		File: "auth-" + path, Title: message.New(title, nil), Method: "POST", Path: "sys/auth/" + path,
		Body: map[string]any{"type": typ}, kind: makeMount,
	}
}

func key(name, title string, body map[string]any) Step {
	return Step{
		File: "key-" + name, Title: message.New(title, nil), Method: "POST",
		Path: HubMount + "/keys/" + name, Body: body, kind: makeKey,
	}
}

func set(path, title string, body map[string]any) Step {
	return Step{
		File:  strings.NewReplacer("/", "-").Replace(strings.TrimPrefix(path, "auth/")),
		Title: message.New(title, nil), Method: "POST", Path: path, Body: body, kind: setData,
	}
}

// policy reads the text of a policy and puts the agency's slug into it. The mount accessor of the
// desk's template is put in by Apply, since Vault makes it up when the auth mount is made.
func policy(name, file, title, slug string) Step {
	text, err := policies.ReadFile("policies/" + file + ".hcl")
	if err != nil {
		panic(err) // the file is compiled in
	}
	s := set("sys/policies/acl/"+name, title, map[string]any{
		"policy": strings.ReplaceAll(string(text), "@slug@", slug),
	})
	s.File = "policy-" + name
	return s
}

// The placeholders of files and bodies.
const (
	secretPlaceholder = "(secret: sent to Vault, written nowhere)"
	accessorOpen      = "@accessor("
	accessorClose     = ")@"
)

// kubernetesConfig names a reviewer of its own: with an audience of our own, TokenReview by the login
// token itself is refused by the apiserver. disable_local_ca_jwt keeps a Vault that runs in some
// cluster from using its own pod's token and CA instead.
func kubernetesConfig(c Config) Step {
	s := set("auth/"+KubernetesAuth+"/config", "vault_step_kubernetes_config", map[string]any{
		"kubernetes_host":    c.KubernetesHost,
		"kubernetes_ca_cert": strings.TrimSpace(c.KubernetesCA),
		"token_reviewer_jwt": secretPlaceholder, "disable_local_ca_jwt": true,
		"use_annotations_as_alias_metadata": false, "pem_keys": []any{},
	})
	s.kind, s.secrets = setSecret, map[string]string{"token_reviewer_jwt": c.ReviewerToken}
	return s
}

// remember writes a digest of the reviewer's token into the auth mount's description, after the
// token itself. Vault never tells a token that it holds, and this is how a later Apply learns that
// the token was replaced; after a crash between the two calls the token is merely sent again.
func remember(mount, title, secret string) Step {
	return Step{
		File: "auth-" + mount + "-description", Title: message.New(title, nil), Method: "POST",
		Path: "sys/auth/" + mount + "/tune",
		Body: map[string]any{"description": reviewerDescription(secret)}, kind: setData,
	}
}

func reviewerDescription(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return "Concordat workloads; reviewer token sha256:" + hex.EncodeToString(sum[:8])
}

// kubernetesRole makes service tokens (a batch token has no accessor and cannot be revoked) that live
// at most ten minutes. The alias is the ServiceAccount's uid: a namespace that was deleted and made
// again is another entity.
func kubernetesRole(role, account, namespaces, title string) Step {
	return set("auth/"+KubernetesAuth+"/role/"+role, title, map[string]any{
		"bound_service_account_names":              []any{account},
		"bound_service_account_namespaces":         []any{namespaces},
		"bound_service_account_namespace_selector": "",
		"audience": Audience, "alias_name_source": "serviceaccount_uid",
		"token_policies": []any{"concordat-" + role}, "token_no_default_policy": true, "token_type": "service",
		"token_ttl": 300, "token_max_ttl": 600, "token_num_uses": 0, "token_period": 0,
	})
}

func number(steps []Step, roles map[string][]string) Plan {
	for i := range steps {
		steps[i].File = fmt.Sprintf("%02d-%s.json", i+1, steps[i].File)
	}
	return Plan{Steps: steps, roles: roles}
}
