package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// passwordACR is what the local provider says of a login by password. A real
// provider would name a phishing-resistant class.
const passwordACR = "urn:concordat:acr:password"

// sampleOfficer is a sample officer, named by what they do and never like a person.
type sampleOfficer struct {
	Name     string   `json:"name"`
	Password string   `json:"password"`
	Groups   []string `json:"groups"`
}

var sampleOfficers = []sampleOfficer{
	{Name: "analyst-1", Groups: []string{"analyst", "reader"}},
	{Name: "analyst-2", Groups: []string{"analyst", "reader", "reviewer"}},
	{Name: "releaser-1", Groups: []string{"reader", "releaser"}},
	{Name: "signatory-1", Groups: []string{"reader", "signatory"}},
	{Name: "auditor-1", Groups: []string{"auditor"}},
	{Name: "admin-1", Groups: []string{"agency-admin"}},
}

func (u *up) issuer(slug string) string { return loopback(u.ports.Provider) + "/" + slug }

func deskClient(slug string) string { return "concordat-" + slug }

type providerClient struct {
	ID           string   `json:"id"`
	RedirectURIs []string `json:"redirectURIs"`
}

type providerRealm struct {
	Slug     string           `json:"slug"`
	Clients  []providerClient `json:"clients"`
	Officers []sampleOfficer  `json:"officers"`
}

// writeRealms makes one realm for each agency, with the passwords that are kept
// in officers/<agency>/. The provider reads the file again when it changes.
func (u *up) writeRealms(slugs []string) error {
	realms := []providerRealm{}
	for _, slug := range slugs {
		realm := providerRealm{Slug: slug, Clients: []providerClient{
			{deskClient(slug), []string{"http://127.0.0.1/callback"}},
			{"concordat-sign-" + slug, []string{"http://127.0.0.1/callback"}},
		}}
		for _, sample := range sampleOfficers {
			password, err := secret(u.passwordFile(slug, sample.Name))
			if err != nil {
				return err
			}
			sample.Password = strings.TrimSpace(password)
			realm.Officers = append(realm.Officers, sample)
		}
		realms = append(realms, realm)
	}
	raw, err := json.MarshalIndent(map[string]any{"realms": realms}, "", "  ")
	if err != nil {
		return err
	}
	return replace(u.path("idp", "realms.json"), raw, 0o600)
}

func (u *up) passwordFile(slug, name string) string {
	return u.path("officers", slug, name+".password")
}

func (u *up) startProvider(ctx context.Context) error {
	if err := u.writeRealms(u.sampleSlugs()); err != nil {
		return err
	}
	err := u.start(process{name: "idp", path: u.program("concordat-idp"), args: []string{
		fmt.Sprintf("--listen=127.0.0.1:%d", u.ports.Provider), "--config=" + u.path("idp", "realms.json"), "--state=" + u.path("idp"),
		"--tls-cert=" + u.path("pki", "idp.crt"), "--tls-key=" + u.path("pki", "idp.key"),
	}})
	if err != nil {
		return err
	}
	slugs := u.sampleSlugs()
	return u.until(ctx, "idp", func(ctx context.Context) error {
		return u.answers(ctx, u.issuer(slugs[len(slugs)-1])+"/.well-known/openid-configuration")
	})
}

// answers returns nil once the address answers 200 under the platform's CA.
func (u *up) answers(ctx context.Context, address string) error {
	client, err := u.httpClient()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	return nil
}
