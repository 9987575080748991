package bootstrap

import (
	"embed"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/vault"
)

// The names that programs, policies and manifests agree on.
const (
	HubMount       = "concordat-hub"
	KubernetesAuth = "kubernetes"
	// Audience is that of the ServiceAccount tokens that log in.
	Audience = "concordat-vault"
	// HubNamespace is where hub and operator run.
	HubNamespace = "concordat-system"
	// OfficerRole is the only role of each agency's jwt mount.
	OfficerRole = "officer-sign"
)

// AgencyMount is the transit mount of an agency; the last segment is also its Kubernetes namespace.
func AgencyMount(slug string) string { return "concordat/agency-" + slug }

// OfficerAuth is the jwt auth mount of an agency, without "auth/".
func OfficerAuth(slug string) string { return "idp-" + slug }

// SigningClientID is the OIDC client that an agency registers for signing, and the only audience
// that its login accepts.
func SigningClientID(slug string) string { return "concordat-sign-" + slug }

//go:embed policies/*.hcl
var policies embed.FS

// Config is what the plan needs to know about the cluster.
type Config struct {
	// KubernetesHost is the apiserver's https URL as Vault reaches it.
	KubernetesHost string
	// KubernetesCA is the PEM of the apiserver's authorities.
	KubernetesCA string
	// ReviewerToken is the long-lived token of the reviewer ServiceAccount, which may create
	// TokenReviews and nothing else. It is a secret: it is sent to Vault and written to no file.
	ReviewerToken string
}

// Plan is a list of calls in the order in which they are made.
type Plan struct {
	Steps []Step

	// roles are all the roles that each auth mount may have. A further role on a mount whose metadata
	// a policy template reads could move a live token to another agency.
	roles map[string][]string
}

// Step is one call.
type Step struct {
	// File is the name under which WriteFiles writes the step, numbered in the order of calls.
	File string
	// Title says what the call is for.
	Title message.Message
	// Method and Path are those of Vault's HTTP API, the path without /v1/.
	Method, Path string
	// Body is sent as JSON. It holds placeholders for secrets and for the mount accessor.
	Body map[string]any

	kind    stepKind
	secrets map[string]string // field of Body → value
}

type stepKind int

const (
	makeMount stepKind = iota // exists or is made; its type must agree
	makeKey                   // exists or is made; how it was made must agree
	setData                   // what the path says must hold everything in Body
	setSecret                 // as setData, and the mount's description names the secret's digest
)

// NewPlan is the plan that `concordat vault bootstrap` prints. It refuses a configuration with which
// logins would fail later with an unhelpful answer.
func NewPlan(c Config) (Plan, error) {
	if err := c.check(); err != nil {
		return Plan{}, err
	}
	steps := []Step{
		mount(HubMount, "vault_step_hub_mount", "Concordat hub: log, registrar and header lock"),
		set(HubMount+"/config/keys", "vault_step_no_upsert", map[string]any{"disable_upsert": true}),
		key("log-sign", "vault_step_log_key", map[string]any{"type": vault.TypeEd25519}),
		key("registrar-sign", "vault_step_registrar_key", map[string]any{"type": vault.TypeEd25519}),
		key("lock", "vault_step_lock_key", map[string]any{"type": vault.TypeAES, "derived": true}),
		auth(KubernetesAuth, "kubernetes", "vault_step_kubernetes_auth"),
		kubernetesConfig(c),
		remember(KubernetesAuth, "vault_step_reviewer_digest", c.ReviewerToken),
		policy("concordat-hub", "hub", "vault_step_policy_hub", ""),
		policy("concordat-operator", "operator", "vault_step_policy_operator", ""),
		policy("concordat-desk", "desk", "vault_step_policy_desk", ""),
		policy("concordat-keykeeper", "keykeeper", "vault_step_policy_keykeeper", ""),
		kubernetesRole("hub", "concordat-hub", HubNamespace, "vault_step_role_hub"),
		kubernetesRole("operator", "concordat-operator", HubNamespace, "vault_step_role_operator"),
		// The pattern also admits namespaces that no agency has; the cluster lets only the operator make
		// namespaces of that form, and a namespace without a mount of the same name can do nothing.
		kubernetesRole("desk", "desk", "agency-*", "vault_step_role_desk"),
	}
	return number(steps, map[string][]string{KubernetesAuth: {"desk", "hub", "operator"}}), nil
}

func (c Config) check() error {
	u, err := url.Parse(c.KubernetesHost)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("the apiserver's address %q is not an https URL", c.KubernetesHost)
	case !strings.Contains(c.KubernetesCA, "-----BEGIN CERTIFICATE-----"):
		return errors.New("the apiserver's CA is not a PEM certificate")
	case strings.Count(c.ReviewerToken, ".") != 2:
		return errors.New("the reviewer's token is not a ServiceAccount token: without one Vault refuses every login with an audience of its own")
	}
	return nil
}

// Enrol is what EnrolPlan needs to know about an agency's identity provider.
type Enrol struct {
	// Agency is the slug.
	Agency string
	// Issuer is the OIDC issuer's https URL, exactly as its tokens name it.
	Issuer string
	// IssuerCA is the PEM of the issuer's authorities; empty means the system's.
	IssuerCA string
	// ClientID is the OIDC client for signing; empty means SigningClientID.
	ClientID string
	// ACR is the authentication context that a token must name exactly, for example "phr".
	ACR string
	// GroupsClaim names the claim that lists roles; empty means "groups".
	GroupsClaim string
	// Signatory is the value that GroupsClaim must list; empty means "signatory".
	Signatory string
	// Site adds the steps of SitePlan.
	Site bool
}

// EnrolPlan is the plan that `concordat vault enrol` prints for one agency. When it is applied, Vault
// reads the issuer's discovery document, so the provider must be up.
func EnrolPlan(e Enrol) (Plan, error) {
	if err := e.complete(); err != nil {
		return Plan{}, err
	}
	name, mount := "concordat-officer-"+e.Agency, OfficerAuth(e.Agency)
	steps := []Step{
		policy(name, "officer", "vault_step_policy_officer", e.Agency),
		auth(mount, "jwt", "vault_step_officer_auth"),
		set("auth/"+mount+"/config", "vault_step_officer_issuer", map[string]any{
			"oidc_discovery_url": e.Issuer, "oidc_discovery_ca_pem": e.IssuerCA, "bound_issuer": e.Issuer,
			"default_role": "", "jwks_url": "", "jwt_validation_pubkeys": []any{},
			"jwt_supported_algs": []any{"EdDSA", "ES256", "ES384", "PS256", "RS256"},
		}),
		set("auth/"+mount+"/role/"+OfficerRole, "vault_step_officer_role", officerRole(e, name)),
	}
	if e.Site {
		steps = append(steps, siteSteps(e.Agency)...)
	}
	return number(about(e.Agency, steps), map[string][]string{mount: {OfficerRole}}), nil
}

// about names the agency in the titles.
func about(slug string, steps []Step) []Step {
	for i := range steps {
		steps[i].Title.Params = message.Params{"Agency": slug}
	}
	return steps
}

func (e *Enrol) complete() error {
	if err := act.CheckAgencyName(act.AgencyName(e.Agency)); err != nil {
		return err
	}
	u, err := url.Parse(e.Issuer)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("the issuer %q is not an https URL", e.Issuer)
	case e.ACR == "":
		return errors.New("an acr is needed: signing asks for a stronger login than reading")
	}
	if e.ClientID == "" {
		e.ClientID = SigningClientID(e.Agency)
	}
	if e.GroupsClaim == "" {
		e.GroupsClaim = "groups"
	}
	if e.Signatory == "" {
		e.Signatory = "signatory"
	}
	return nil
}

// officerRole binds exactly, and maps no claim: what an agency's provider chooses must not reach a
// template. The three leeways are -1, which means none: by default Vault accepts a token for a
// minute or more after it expired.
func officerRole(e Enrol, policyName string) map[string]any {
	return map[string]any{
		"role_type": "jwt", "user_claim": "sub", "groups_claim": "", "bound_subject": "",
		"bound_audiences":   []any{e.ClientID},
		"bound_claims_type": "string",
		"bound_claims":      map[string]any{"acr": e.ACR, e.GroupsClaim: []any{e.Signatory}},
		"claim_mappings":    map[string]any{},
		"clock_skew_leeway": -1, "expiration_leeway": -1, "not_before_leeway": -1,
		"token_policies": []any{policyName}, "token_no_default_policy": true, "token_type": "service",
		"token_ttl": 300, "token_max_ttl": 300, "token_num_uses": 1,
	}
}
