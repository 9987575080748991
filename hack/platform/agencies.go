package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// samples is the folder of the Agency manifests that also a real cluster uses.
func (u *up) samples() string { return filepath.Join(u.root(), "config", "samples", "agencies") }

// sampleSlugs lists the sample agencies in alphabetical order.
func (u *up) sampleSlugs() []string {
	files, _ := filepath.Glob(filepath.Join(u.samples(), "agency*.yaml"))
	var slugs []string
	for _, file := range files {
		slugs = append(slugs, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	slices.Sort(slugs)
	return slugs
}

// renderAgency writes the sample manifest with the address and authority of the
// local provider, which no manifest could know beforehand, and returns its path.
func (u *up) renderAgency(slug string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(u.samples(), slug+".yaml"))
	if err != nil {
		return "", err
	}
	var object map[string]any
	if err := yaml.Unmarshal(raw, &object); err != nil {
		return "", err
	}
	ca, err := os.ReadFile(u.caFile())
	if err != nil {
		return "", err
	}
	spec, ok := object["spec"].(map[string]any)
	if !ok {
		return "", fmt.Errorf("%s has no spec", slug)
	}
	provider, _ := spec["oidc"].(map[string]any)
	if provider == nil {
		provider = map[string]any{}
		spec["oidc"] = provider
	}
	provider["issuer"], provider["clientID"], provider["ca"] = u.issuer(slug), deskClient(slug), string(ca)
	out, err := yaml.Marshal(object)
	if err != nil {
		return "", err
	}
	file := u.path("agencies", slug+".yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	return file, replace(file, out, 0o600)
}

func (u *up) agencySteps() []step {
	steps := []step{{"agencies applied", func(ctx context.Context) error {
		for _, slug := range u.sampleSlugs() {
			if err := u.applyAgency(ctx, slug); err != nil {
				return err
			}
		}
		return nil
	}}}
	for _, slug := range u.sampleSlugs() {
		steps = append(steps, step{"desk of " + slug, func(ctx context.Context) error { return u.agencyReady(ctx, slug) }})
	}
	return steps
}

func (u *up) applyAgency(ctx context.Context, slug string) error {
	file, err := u.renderAgency(slug)
	if err != nil {
		return err
	}
	if _, err := u.kubectl(ctx, "apply", "--server-side", "-f", file); err != nil {
		return err
	}
	return u.enrolOfficers(ctx, slug)
}

// agencyReady waits until kubectl says that the agency is ready, and tells what
// is missing if that takes too long.
func (u *up) agencyReady(ctx context.Context, slug string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	_, err := u.kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=110s", "agency/"+slug)
	if err != nil {
		why, _ := u.kubectl(context.WithoutCancel(ctx), "get", "agency", slug, "-o", "jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{\"\\n\"}{end}")
		return fmt.Errorf("%w\n%s", err, why)
	}
	return nil
}

// deskURLs returns the address of each desk by slug, as the operator reports it.
func (u *up) deskURLs(ctx context.Context) (map[string]string, error) {
	out, err := u.kubectl(ctx, "get", "agencies", "-o", `jsonpath={range .items[*]}{.metadata.name}{" "}{.status.deskURL}{"\n"}{end}`)
	if err != nil {
		return nil, err
	}
	urls := map[string]string{}
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) == 2 {
			urls[fields[0]] = fields[1]
		}
	}
	return urls, nil
}

// writeEnv writes what a client needs to be pointed at this platform.
func (u *up) writeEnv(ctx context.Context) error {
	urls, err := u.deskURLs(ctx)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	export := func(name, value string) { fmt.Fprintf(&b, "export %s='%s'\n", name, value) }
	export("KUBECONFIG", u.path("kubeconfig"))
	export("VAULT_ADDR", loopback(u.ports.Vault))
	export("VAULT_CACERT", u.caFile())
	export("CONCORDAT_CA", u.caFile())
	export("CONCORDAT_HUB", loopback(u.ports.Hub))
	export("CONCORDAT_AGENCIES", strings.Join(u.sampleSlugs(), " "))
	export("BROWSER", u.program("concordat-idp")+" browser")
	export("CONCORDAT_BROWSER_CA", u.caFile())
	for _, slug := range u.sampleSlugs() {
		prefix := "CONCORDAT_" + strings.ToUpper(slug)
		export(prefix+"_DESK", urls[slug])
		for _, sample := range sampleOfficers {
			password, err := secret(u.passwordFile(slug, sample.Name))
			if err != nil {
				return err
			}
			export(prefix+"_"+strings.ToUpper(strings.ReplaceAll(sample.Name, "-", "_"))+"_PASSWORD", password)
		}
	}
	fmt.Fprintf(&b, "export PATH='%s':'%s':\"$PATH\"\n", u.bin, u.path("bin"))
	if err := u.writeAs(); err != nil {
		return err
	}
	return replace(u.path("env"), b.Bytes(), 0o600)
}

// writeAs writes the file that makes a shell an officer's:
//
//	. .concordat/as agencya analyst-1
func (u *up) writeAs() error {
	return replace(u.path("as"), fmt.Appendf(nil, `# . %[1]s/as AGENCY OFFICER: makes this shell that of a sample officer.
. %[1]s/env
export CONCORDAT_BROWSER_USERNAME="$2"
export CONCORDAT_BROWSER_PASSWORD_FILE="%[1]s/officers/$1/$2.password"
export XDG_CONFIG_HOME="%[1]s/people/$1/$2"
export XDG_STATE_HOME="%[1]s/people/$1/$2/state"
eval "export CONCORDAT_DESK=\$CONCORDAT_$(printf %%s "$1" | tr a-z A-Z)_DESK"
concordat whoami >/dev/null 2>&1 || concordat login
`, u.dir), 0o600)
}
