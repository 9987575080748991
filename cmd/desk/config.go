package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk"
)

// config is the command line.
type config struct {
	agency, listen, externalURL string
	hub, hubCA, hubToken        string
	enrolmentCode               string
	vault, vaultCA, vaultToken  string
	vaultStaticToken            string
	vaultRole, vaultAuth        string
	vaultMount, officerAuth     string
	officerRole                 string
	state, cert, key            string
	issuer, client, signClient  string
	oidcCA, rolesFile           string
	groupsClaim                 string
	roles                       desk.RoleMap
	level                       slog.Level
}

func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	f := flag.NewFlagSet("concordat-desk", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.agency, "agency", "", "`slug` of the agency (required)")
	f.StringVar(&c.listen, "listen", ":8443", "`address` to serve on; port 0 takes a free one")
	f.StringVar(&c.externalURL, "external-url", "", "`URL` under which officers reach the desk; for the log only")
	f.StringVar(&c.hub, "hub", "", "`URL` of the hub (required)")
	f.StringVar(&c.hubCA, "hub-ca", "", "PEM `file` with the authorities trusted for the hub; default the system's")
	f.StringVar(&c.hubToken, "hub-token-file", "", "`file` with a ServiceAccount token of audience concordat-hub, for enrolment")
	f.StringVar(&c.enrolmentCode, "enrolment-code-file", "", "`file` with a one-time code, for the enrolment of an External agency")
	f.StringVar(&c.vault, "vault", "", "`URL` of the agency's Vault (required)")
	f.StringVar(&c.vaultCA, "vault-ca", "", "PEM `file` with the authorities trusted for Vault; default the system's")
	f.StringVar(&c.vaultToken, "vault-token-file", "", "`file` with a ServiceAccount token of audience concordat-vault")
	f.StringVar(&c.vaultStaticToken, "vault-static-token-file", "", "`file` with a Vault token, in place of --vault-token-file; a periodic one, or one of a token role, is renewed")
	f.StringVar(&c.vaultRole, "vault-role", "desk", "`role` at the auth mount")
	f.StringVar(&c.vaultAuth, "vault-auth-mount", "kubernetes", "auth `mount` for the desk's login")
	f.StringVar(&c.vaultMount, "vault-mount", "", "transit `mount` of the agency; default concordat/agency-<slug>")
	f.StringVar(&c.officerAuth, "officer-auth-mount", "", "auth `mount` where officers log in to sign; default idp-<slug>")
	f.StringVar(&c.officerRole, "officer-role", "officer-sign", "`role` with which officers sign")
	f.StringVar(&c.state, "state", "", "`folder` for the desk's database (required)")
	f.StringVar(&c.cert, "tls-cert", "", "PEM `file` with the serving certificate chain (required)")
	f.StringVar(&c.key, "tls-key", "", "PEM `file` with its key (required)")
	f.StringVar(&c.issuer, "oidc-issuer", "", "`URL` of the agency's OpenID Connect provider; without one nobody logs in")
	f.StringVar(&c.client, "oidc-client-id", "", "client `id` of the desk at the provider")
	f.StringVar(&c.signClient, "oidc-sign-client-id", "", "client `id` for officers' signatures; default concordat-sign-<slug>")
	f.StringVar(&c.oidcCA, "oidc-ca", "", "PEM `file` with the authorities trusted for the provider; default the system's")
	f.StringVar(&c.groupsClaim, "oidc-groups-claim", "groups", "`claim` with the officer's groups")
	f.StringVar(&c.rolesFile, "roles-file", "", "JSON `file` {\"group\": [\"role\", …]}; without it a group gives the role of its own name")
	f.TextVar(&c.level, "log-level", slog.LevelInfo, "debug, info, warn or error")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if f.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return c, c.complete()
}

// complete checks what must be there and fills in what follows from the slug.
func (c *config) complete() error {
	if err := act.CheckAgencyName(act.AgencyName(c.agency)); err != nil {
		return fmt.Errorf("--agency: %w", err)
	}
	for name, value := range map[string]string{
		"--hub": c.hub, "--vault": c.vault, "--state": c.state, "--tls-cert": c.cert, "--tls-key": c.key,
	} {
		if value == "" {
			return errors.New(name + " is required")
		}
	}
	if (c.vaultToken == "") == (c.vaultStaticToken == "") {
		return errors.New("give one of --vault-token-file and --vault-static-token-file")
	}
	if (c.issuer == "") != (c.client == "") {
		return errors.New("--oidc-issuer and --oidc-client-id go together")
	}
	if c.hubToken != "" && c.enrolmentCode != "" {
		return errors.New("give one of --hub-token-file and --enrolment-code-file")
	}
	if c.vaultMount == "" {
		c.vaultMount = "concordat/agency-" + c.agency
	}
	if c.officerAuth == "" {
		c.officerAuth = "idp-" + c.agency
	}
	if c.signClient == "" {
		c.signClient = "concordat-sign-" + c.agency
	}
	var err error
	c.roles, err = readRoles(c.rolesFile)
	return err
}

// readRoles reads the map from groups to roles: to a list of roles, or to one.
func readRoles(file string) (desk.RoleMap, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--roles-file: %w", err)
	}
	var told map[string]json.RawMessage
	if err := json.Unmarshal(raw, &told); err != nil {
		return nil, fmt.Errorf("--roles-file: %w", err)
	}
	roles := desk.RoleMap{}
	for group, value := range told {
		var one desk.Role
		var many []desk.Role
		if err := json.Unmarshal(value, &one); err == nil {
			many = []desk.Role{one}
		} else if err := json.Unmarshal(value, &many); err != nil {
			return nil, fmt.Errorf("--roles-file: group %q has neither a role nor a list of roles", group)
		}
		for _, role := range many {
			if !desk.Registered(role) {
				return nil, fmt.Errorf("--roles-file: group %q has the unknown role %q", group, role)
			}
		}
		roles[group] = many
	}
	return roles, nil
}
