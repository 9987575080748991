package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
)

// vaultFlags say which Vault to change, and whether to. The token never comes
// from the command line: other users of the machine can read that.
type vaultFlags struct {
	address, ca, tokenFile string
	out                    string
	apply                  bool
}

func (f *vaultFlags) register(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.address, "vault", a.env.Getenv("VAULT_ADDR"), a.say("cli_flag_vault", nil))
	flags.StringVar(&f.ca, "vault-ca", a.env.Getenv("VAULT_CACERT"), a.say("cli_flag_vault_ca", nil))
	flags.StringVar(&f.tokenFile, "vault-token-file", "", a.say("cli_flag_vault_token_file", nil))
	flags.StringVar(&f.out, "out", "", a.say("cli_flag_vault_out", nil))
	flags.BoolVar(&f.apply, "apply", false, a.say("cli_flag_apply", nil))
}

func (a *app) vaultNoun() *cobra.Command {
	return a.noun("vault", "cli_vault_short", a.vaultBootstrap(), a.vaultEnrol())
}

// stepView is one call of a plan in -o json.
type stepView struct {
	File   string         `json:"file"`
	Title  string         `json:"title"`
	Method string         `json:"method"`
	Path   string         `json:"path"`
	Body   map[string]any `json:"body"`
}

// runPlan shows the plan, writes it for review, and changes Vault only if told to.
func (a *app) runPlan(ctx context.Context, plan bootstrap.Plan, f vaultFlags) error {
	if f.out != "" {
		if err := plan.WriteFiles(f.out); err != nil {
			return failBecause(err, Failed, "cli_plan_unwritable", message.Params{"Dir": f.out, "Detail": err.Error()})
		}
		a.tell("cli_plan_written", message.Params{"Dir": f.out, "Steps": len(plan.Steps)})
	}
	if err := a.showPlan(plan); err != nil {
		return err
	}
	if !f.apply {
		a.tell("cli_plan_not_applied", nil)
		return nil
	}
	admin, err := a.vaultAdmin(f)
	if err != nil {
		return err
	}
	changed, err := plan.Apply(ctx, admin)
	switch {
	case errors.Is(err, bootstrap.ErrForeignRole), errors.Is(err, bootstrap.ErrConflict):
		return failBecause(err, Refused, "cli_plan_conflict", message.Params{"Detail": err.Error()})
	case err != nil:
		return vaultFailure(err)
	}
	a.tell("cli_plan_applied", message.Params{"Changed": changed, "Steps": len(plan.Steps)})
	return nil
}

// showPlan prints every file of the plan for people, or the calls as data.
func (a *app) showPlan(plan bootstrap.Plan) error {
	if a.output != "table" {
		v := view{}
		var steps []stepView
		for _, s := range plan.Steps {
			steps = append(steps, stepView{s.File, a.say(s.Title.Code, s.Title.Params), s.Method, s.Path, s.Body})
			v.Names = append(v.Names, "step/"+s.File)
		}
		v.Data = listOf(steps)
		return a.show(v)
	}
	files, err := plan.Files(a.lang)
	if err != nil {
		return err
	}
	var out strings.Builder
	for _, file := range files {
		fmt.Fprintf(&out, "--- %s\n%s", file.Name, file.Content)
		if !strings.HasSuffix(string(file.Content), "\n") {
			out.WriteByte('\n')
		}
	}
	return a.emit("", []byte(out.String()))
}

func (a *app) vaultAdmin(f vaultFlags) (*vault.Admin, error) {
	var auth vault.Auth = vault.TokenAuth{Token: a.env.Getenv("VAULT_TOKEN")}
	switch {
	case f.address == "":
		return nil, fail(Usage, "cli_vault_which", nil)
	case f.tokenFile != "":
		auth = vault.TokenFileAuth{Path: f.tokenFile}
	case a.env.Getenv("VAULT_TOKEN") == "":
		return nil, fail(NotLoggedIn, "cli_vault_token_missing", nil)
	}
	admin, err := vault.NewAdmin(vault.Config{Address: f.address, CAFile: f.ca, Namespace: a.env.Getenv("VAULT_NAMESPACE")}, auth)
	if err != nil {
		return nil, failBecause(err, Usage, "cli_vault_refused", message.Params{"Detail": err.Error()})
	}
	return admin, nil
}

func (a *app) vaultBootstrap() *cobra.Command {
	var f vaultFlags
	var host, caFile, reviewer string
	cmd := a.verb("bootstrap --reviewer-token-file FILE [flags]", "cli_vault_bootstrap_short",
		"  concordat vault bootstrap --reviewer-token-file reviewer.jwt --out vault-bootstrap/\n"+
			"  concordat vault bootstrap --reviewer-token-file reviewer.jwt --apply", exactly(0), func(cmd *cobra.Command, _ []string) error {
			config, err := a.bootstrapConfig(host, caFile, reviewer)
			if err != nil {
				return err
			}
			plan, err := possible(bootstrap.NewPlan(config))
			if err != nil {
				return err
			}
			return a.runPlan(cmd.Context(), plan, f)
		})
	f.register(a, cmd)
	cmd.Flags().StringVar(&host, "kubernetes-host", "", a.say("cli_flag_kubernetes_host", nil))
	cmd.Flags().StringVar(&caFile, "kubernetes-ca", "", a.say("cli_flag_kubernetes_ca", nil))
	cmd.Flags().StringVar(&reviewer, "reviewer-token-file", "", a.say("cli_flag_reviewer_token_file", nil))
	_ = cmd.MarkFlagRequired("reviewer-token-file")
	return cmd
}

// bootstrapConfig takes the apiserver's address and CA from the kubeconfig where
// they are not given: Vault may have to reach it by another name.
func (a *app) bootstrapConfig(host, caFile, reviewer string) (bootstrap.Config, error) {
	token, err := a.readInput(reviewer, 64<<10)
	if err != nil {
		return bootstrap.Config{}, err
	}
	config := bootstrap.Config{KubernetesHost: host, ReviewerToken: strings.TrimSpace(string(token))}
	if caFile != "" {
		pem, err := a.readInput(caFile, 1<<20)
		if err != nil {
			return config, err
		}
		config.KubernetesCA = string(pem)
	}
	if host != "" && caFile != "" {
		return config, nil
	}
	cluster, err := a.restConfig()
	if err != nil {
		return config, err
	}
	if config.KubernetesHost == "" {
		config.KubernetesHost = cluster.Host
	}
	if config.KubernetesCA == "" {
		config.KubernetesCA, err = authorities(cluster)
	}
	return config, err
}

func authorities(config *rest.Config) (string, error) {
	if len(config.CAData) > 0 || config.CAFile == "" {
		return string(config.CAData), nil
	}
	pem, err := os.ReadFile(config.CAFile)
	if err != nil {
		return "", failBecause(err, Usage, "cli_file_unreadable", message.Params{"File": config.CAFile})
	}
	return string(pem), nil
}

func (a *app) vaultEnrol() *cobra.Command {
	var f vaultFlags
	var e bootstrap.Enrol
	var issuerCA string
	cmd := a.verb("enrol AGENCY [flags]", "cli_vault_enrol_short",
		"  concordat vault enrol agencya --out vault-agencya/\n  concordat vault enrol agencya --issuer https://idp.example/agencya --acr phr --apply\n"+
			"  concordat vault enrol agencye --site --apply",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			e.Agency = args[0]
			if issuerCA != "" {
				pem, err := a.readInput(issuerCA, 1<<20)
				if err != nil {
					return err
				}
				e.IssuerCA = string(pem)
			}
			plan, err := a.enrolPlan(cmd, e)
			if err != nil {
				return err
			}
			if err := a.runPlan(cmd.Context(), plan, f); err != nil || !e.Site || !f.apply {
				return err
			}
			a.tell("cli_vault_site_next", message.Params{"Name": e.Agency, "Command": "vault write -f auth/token/create/" + bootstrap.SiteRole(e.Agency)})
			return nil
		})
	f.register(a, cmd)
	cmd.Flags().BoolVar(&e.Site, "site", false, a.say("cli_flag_site", nil))
	cmd.Flags().StringVar(&e.Issuer, "issuer", "", a.say("cli_flag_issuer", nil))
	cmd.Flags().StringVar(&issuerCA, "issuer-ca", "", a.say("cli_flag_issuer_ca", nil))
	cmd.Flags().StringVar(&e.ClientID, "client-id", "", a.say("cli_flag_sign_client_id", nil))
	cmd.Flags().StringVar(&e.ACR, "acr", "phr", a.say("cli_flag_acr", nil))
	cmd.Flags().StringVar(&e.GroupsClaim, "groups-claim", "", a.say("cli_flag_groups_claim", nil))
	cmd.Flags().StringVar(&e.Signatory, "signatory-group", "", a.say("cli_flag_signatory_group", nil))
	return cmd
}

// enrolPlan is for the officers' login, for the site's, or for both: --site alone
// asks nothing about an identity provider, and a flag that does brings it back.
func (a *app) enrolPlan(cmd *cobra.Command, e bootstrap.Enrol) (bootstrap.Plan, error) {
	officers := !e.Site
	for _, flag := range []string{"issuer", "issuer-ca", "client-id", "acr", "groups-claim", "signatory-group"} {
		officers = officers || cmd.Flags().Changed(flag)
	}
	if !officers {
		return possible(bootstrap.SitePlan(e.Agency))
	}
	if err := a.enrolFromCluster(cmd.Context(), &e); err != nil {
		return bootstrap.Plan{}, err
	}
	return possible(bootstrap.EnrolPlan(e))
}

func possible(plan bootstrap.Plan, err error) (bootstrap.Plan, error) {
	if err != nil {
		return plan, failBecause(err, Usage, "cli_plan_impossible", message.Params{"Detail": err.Error()})
	}
	return plan, nil
}

// enrolFromCluster completes what the flags leave open from the Agency object.
func (a *app) enrolFromCluster(ctx context.Context, e *bootstrap.Enrol) error {
	if e.Issuer != "" {
		return nil
	}
	if !a.kubeconfigured() {
		return fail(Usage, "cli_vault_enrol_which_issuer", nil)
	}
	var object v1alpha1.Agency
	if err := a.fetch(ctx, agencies, e.Agency, &object); err != nil {
		return err
	}
	if object.Spec.OIDC == nil {
		return fail(Refused, "cli_agency_without_provider", message.Params{"Name": e.Agency})
	}
	e.Issuer = object.Spec.OIDC.Issuer
	if e.IssuerCA == "" {
		e.IssuerCA = object.Spec.OIDC.CA
	}
	if e.GroupsClaim == "" {
		e.GroupsClaim = object.Spec.OIDC.RolesClaim
	}
	if e.Signatory == "" {
		for _, role := range object.Spec.OIDC.Roles {
			if role.Role == "signatory" && len(role.Groups) > 0 {
				e.Signatory = role.Groups[0]
			}
		}
	}
	return nil
}
