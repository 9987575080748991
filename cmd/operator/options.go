package main

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/concordat-hub/concordat/controllers/agency"
)

// errUsage marks a command line that a person has to change.
var errUsage = errors.New("usage")

type options struct {
	kubeconfig, systemNamespace, account string
	leaderElect, version                 bool
	metrics, health                      string

	hub, hubCA, hubToken                              string
	vault, vaultCA, vaultToken, vaultStaticToken      string
	vaultRole, vaultAuthMount                         string
	deskCA, clusterCA                                 string
	deskHub, deskVault                                string
	deskCommand, deskArguments, deskSecrets, deskOpen list
	desk                                              agency.DeskOptions
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("concordat-operator", flag.ContinueOnError)
	f.SetOutput(os.Stderr)
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file; none: the pod's own ServiceAccount, else $KUBECONFIG")
	f.StringVar(&o.systemNamespace, "system-namespace", "concordat-system", "namespace of operator and hub; the admission policies name it too")
	f.StringVar(&o.account, "service-account", "concordat-operator", "the operator's ServiceAccount there, which it binds in agencies' namespaces")
	f.BoolVar(&o.leaderElect, "leader-elect", false, "work only while holding the Lease concordat-operator")
	f.StringVar(&o.metrics, "metrics-bind-address", "0", "address of /metrics (plain HTTP); 0: none")
	f.StringVar(&o.health, "health-probe-bind-address", "0", "address of /healthz and /readyz (plain HTTP); 0: none")
	f.BoolVar(&o.version, "version", false, "print the version and end")

	f.StringVar(&o.hub, "hub", "", "https URL of the hub")
	f.StringVar(&o.hubCA, "hub-ca", "", "PEM file with the only authorities trusted for the hub")
	f.StringVar(&o.hubToken, "hub-token-file", "", "the operator's ServiceAccount token with audience concordat-hub; read at each request")
	f.StringVar(&o.vault, "vault", "", "https URL of Vault")
	f.StringVar(&o.vaultCA, "vault-ca", "", "PEM file with the only authorities trusted for Vault")
	f.StringVar(&o.vaultToken, "vault-token-file", "", "the operator's ServiceAccount token with audience concordat-vault, to log in with")
	f.StringVar(&o.vaultStaticToken, "vault-static-token-file", "", "Vault token, instead of logging in; a periodic one, or one of a token role, is renewed")
	f.StringVar(&o.vaultRole, "vault-role", "operator", "role to log in as")
	f.StringVar(&o.vaultAuthMount, "vault-auth-mount", "kubernetes", "auth mount to log in at, without auth/")
	f.StringVar(&o.clusterCA, "cluster-ca-file", "", "PEM file with the authorities that sign serving certificates in the cluster")
	o.deskFlags(f)
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%w: unexpected %q", errUsage, f.Arg(0))
	}
	return o, o.complete()
}

func (o *options) deskFlags(f *flag.FlagSet) {
	f.StringVar(&o.desk.Image, "desk-image", "", "container image of Managed desks")
	f.Var(&o.deskCommand, "desk-command", "command in that image (default concordat-desk); repeat for each word")
	f.Var(&o.deskArguments, "desk-argument", "further argument of every desk; repeat for each")
	f.StringVar(&o.desk.URL, "desk-url", "", "address of desks for people, with {namespace} and {agency}; none: wait until a desk's Service is annotated with concordat.dev/desk-url")
	f.StringVar(&o.deskHub, "desk-hub", "", "https URL of the hub as desks reach it, if not --hub")
	f.StringVar(&o.deskVault, "desk-vault", "", "https URL of Vault as desks reach it, if not --vault")
	f.StringVar(&o.deskCA, "desk-ca", "", "PEM file with the authorities trusted for desks, if not --cluster-ca-file")
	f.StringVar(&o.desk.TLSSecret, "desk-tls-secret", "desk-tls", "Secret in each agency's namespace with the desk's tls.crt and tls.key")
	f.StringVar(&o.desk.Issuer, "desk-cert-issuer", "", "cert-manager ClusterIssuer that makes that Secret; none: somebody else does")
	f.StringVar(&o.desk.StorageClass, "desk-storage-class", "", "storage class of desks' volumes; none: the cluster's default")
	f.Var(&o.deskSecrets, "desk-pull-secret", "image pull secret of desks; repeat for each")
	f.Var(&o.deskOpen, "desk-egress", "CIDR:PORT that desks may reach, for Vault and identity providers; repeat for each")
}

func (o *options) complete() error {
	if o.version {
		return nil
	}
	required := []struct{ name, value string }{{"--hub", o.hub}, {"--hub-token-file", o.hubToken}, {"--vault", o.vault}, {"--desk-image", o.desk.Image}}
	var missing []string
	for _, flag := range required {
		if flag.value == "" {
			missing = append(missing, flag.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s must be given", errUsage, strings.Join(missing, ", "))
	}
	if (o.vaultToken == "") == (o.vaultStaticToken == "") {
		return fmt.Errorf("%w: give one of --vault-token-file and --vault-static-token-file", errUsage)
	}
	for _, open := range o.deskOpen {
		egress, err := parseEgress(open)
		if err != nil {
			return fmt.Errorf("%w: --desk-egress %s: %w", errUsage, open, err)
		}
		o.desk.Egress = append(o.desk.Egress, egress)
	}
	o.defaults()
	return nil
}

func (o *options) defaults() {
	if o.deskCommand == nil {
		o.deskCommand = list{"concordat-desk"}
	}
	if o.deskCA == "" {
		o.deskCA = o.clusterCA
	}
	o.desk.Command, o.desk.Arguments, o.desk.PullSecrets = o.deskCommand, o.deskArguments, o.deskSecrets
	o.desk.HubURL, o.desk.HubCAFile, o.desk.HubAudience = o.hub, o.hubCA, "concordat-hub"
	o.desk.VaultAddress, o.desk.VaultCAFile, o.desk.VaultAudience = o.vault, o.vaultCA, "concordat-vault"
	o.desk.HubNamespace = o.systemNamespace
	if o.deskHub != "" {
		o.desk.HubURL = o.deskHub
	}
	if o.deskVault != "" {
		o.desk.VaultAddress = o.deskVault
	}
}

func parseEgress(s string) (agency.Egress, error) {
	at := strings.LastIndex(s, ":")
	if at < 0 {
		return agency.Egress{}, errors.New("it has no port")
	}
	prefix, err := netip.ParsePrefix(s[:at])
	if err != nil {
		return agency.Egress{}, err
	}
	port, err := strconv.ParseUint(s[at+1:], 10, 16)
	if err != nil || port == 0 {
		return agency.Egress{}, errors.New("the port is a number from 1 to 65535")
	}
	return agency.Egress{CIDR: prefix.String(), Port: int32(port)}, nil
}
