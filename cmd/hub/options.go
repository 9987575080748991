package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// errUsage marks a command line that a person has to change.
var errUsage = errors.New("usage")

type options struct {
	id, listen, state, externalURL string
	tlsCert, tlsKey                string

	vault, vaultCA, vaultToken, vaultStaticToken string
	vaultRole, vaultAuthMount, vaultMount        string

	clusterIssuer, clusterJWKS, operatorSubject string

	maxDatabase, reserve int64
	rate                 float64

	verify, version bool
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("concordat-hub", flag.ContinueOnError)
	f.SetOutput(os.Stderr)
	f.StringVar(&o.id, "id", "", "hub id, which is the log's origin and never changes, for example concordat.example/hub")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8443", "address to serve HTTPS on; port 0 takes a free one and logs it")
	f.StringVar(&o.state, "state", "", "folder of the database and the sealed bodies")
	f.StringVar(&o.externalURL, "external-url", "", "https URL under which desks reach the hub; for the log only")
	f.StringVar(&o.tlsCert, "tls-cert", "", "PEM file of the serving certificate and its chain; read again when it changes")
	f.StringVar(&o.tlsKey, "tls-key", "", "PEM file of its private key")
	f.StringVar(&o.vault, "vault", "", "https URL of Vault")
	f.StringVar(&o.vaultCA, "vault-ca", "", "PEM file with the only authorities trusted for Vault")
	f.StringVar(&o.vaultToken, "vault-token-file", "", "ServiceAccount token with audience concordat-vault, to log in with")
	f.StringVar(&o.vaultStaticToken, "vault-static-token-file", "", "Vault token, instead of logging in; a periodic one, or one of a token role, is renewed")
	f.StringVar(&o.vaultRole, "vault-role", "hub", "role to log in as")
	f.StringVar(&o.vaultAuthMount, "vault-auth-mount", "kubernetes", "auth mount to log in at, without auth/")
	f.StringVar(&o.vaultMount, "vault-mount", "concordat-hub", "the hub's transit mount")
	f.StringVar(&o.clusterIssuer, "cluster-issuer", "", "issuer of the cluster's ServiceAccount tokens; none: only External agencies can enrol")
	f.StringVar(&o.clusterJWKS, "cluster-jwks-file", "", "pinned key set of that issuer (JWKS)")
	f.StringVar(&o.operatorSubject, "operator-subject", "", "subject of the operator's token, if not the usual one")
	f.Int64Var(&o.maxDatabase, "max-database-bytes", 0, "size at which the database counts as full; 0: the disk decides")
	f.Int64Var(&o.reserve, "reserve-bytes", 64<<20, "bytes of the disk that uploads leave free for the ledger")
	f.Float64Var(&o.rate, "requests-per-second", 0, "rate of each agency; 0 takes the usual one")
	f.BoolVar(&o.verify, "verify", false, "verify the whole stored ledger, log and bodies, print what was found, and end")
	f.BoolVar(&o.version, "version", false, "print the version and end")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%w: unexpected %q", errUsage, f.Arg(0))
	}
	return o, o.check()
}

func (o options) check() error {
	if o.version {
		return nil
	}
	required := map[string]string{"--id": o.id, "--state": o.state}
	if !o.verify {
		required["--tls-cert"], required["--tls-key"], required["--vault"] = o.tlsCert, o.tlsKey, o.vault
	}
	var missing []string
	for _, name := range []string{"--id", "--state", "--tls-cert", "--tls-key", "--vault"} {
		if value, needed := required[name]; needed && value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s must be given", errUsage, strings.Join(missing, ", "))
	}
	if !o.verify && (o.vaultToken == "") == (o.vaultStaticToken == "") {
		return fmt.Errorf("%w: give one of --vault-token-file and --vault-static-token-file", errUsage)
	}
	if (o.clusterIssuer == "") != (o.clusterJWKS == "") {
		return fmt.Errorf("%w: --cluster-issuer and --cluster-jwks-file go together", errUsage)
	}
	return nil
}
