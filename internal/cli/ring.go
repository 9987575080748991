package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// ringFlags say where public keys come from. The first source that knows
// something wins, in this order: file, cluster, hub, desk.
type ringFlags struct {
	keys        string
	hub         string
	fromCluster bool
	fromDesk    bool
}

func (f *ringFlags) register(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.keys, "keys", "", a.say("cli_flag_keys", nil))
	flags.StringVar(&f.hub, "hub", a.env.Getenv("CONCORDAT_HUB"), a.say("cli_flag_hub", nil))
	flags.BoolVar(&f.fromCluster, "parties-from-cluster", false, a.say("cli_flag_parties_from_cluster", nil))
	flags.BoolVar(&f.fromDesk, "parties-from-desk", false, a.say("cli_flag_parties_from_desk", nil))
}

func (a *app) ring(ctx context.Context, f ringFlags) (*keyring.Ring, error) {
	ring := &keyring.Ring{}
	if f.keys != "" {
		read, err := a.readRing(f.keys)
		if err != nil {
			return nil, err
		}
		ring.Merge(read)
	}
	for _, source := range []struct {
		wanted bool
		read   func(context.Context) (*keyring.Ring, error)
	}{
		{f.fromCluster, a.ringOfCluster},
		{f.hub != "" && ring.Hub.ID == "", func(ctx context.Context) (*keyring.Ring, error) { return a.ringOfHub(ctx, f.hub) }},
		{f.fromDesk, a.ringOfDesk},
	} {
		if !source.wanted {
			continue
		}
		more, err := source.read(ctx)
		if err != nil {
			return nil, err
		}
		ring.Merge(more)
	}
	return ring, nil
}

func (a *app) readRing(name string) (*keyring.Ring, error) {
	raw, err := a.readInput(name, 4<<20)
	if err != nil {
		return nil, err
	}
	ring, err := keyring.Parse(raw)
	if err != nil {
		return nil, failBecause(err, Usage, "cli_keys_malformed", message.Params{"File": name})
	}
	return ring, nil
}

// ringOfHub asks the hub for its own keys. What it says is only a proposal: the
// parties compare it before they sign it into an agreement.
func (a *app) ringOfHub(ctx context.Context, address string) (*keyring.Ring, error) {
	if err := checkURL(address); err != nil {
		return nil, err
	}
	client, err := hubclient.New(hubclient.Config{URL: address, CAFile: a.trust()})
	if err != nil {
		return nil, failBecause(err, Usage, "cli_hub_unusable", message.Params{"Detail": err.Error()})
	}
	defer client.Close()
	told, err := client.About(ctx)
	if err != nil {
		return nil, hubFailure(err, address)
	}
	return &keyring.Ring{Hub: agreement.Hub{ID: told.ID, LogKey: told.LogKey, Registrar: told.RegistrarThumbprint}}, nil
}

// hubFailure says in one sentence what the hub would not do.
func hubFailure(err error, address string) error {
	var told *hubclient.Error
	if !errors.As(err, &told) || told.Status == 0 {
		return transportFailure(err, address)
	}
	sentence := strings.TrimSpace(told.Title + " " + told.Detail)
	if sentence == "" {
		return failBecause(err, exitOfProblem(told.Status, told.Code), "cli_answer_without_reason", message.Params{"Status": told.Status})
	}
	return &failure{exit: exitOfProblem(told.Status, told.Code), text: sentence, cause: err}
}

// trust is the CA file of the command line, else of the context's last login.
func (a *app) trust() string {
	if a.ca != "" {
		return a.ca
	}
	if last := a.lastSession(); last != nil {
		return last.CA
	}
	return ""
}

// ringOfDesk collects the keys of the own agency, of its hub, and of every party
// of the agreements that the desk knows.
func (a *app) ringOfDesk(ctx context.Context) (*keyring.Ring, error) {
	d, err := a.openDesk()
	if err != nil {
		return nil, err
	}
	own, err := d.Agency(ctx)
	if err != nil {
		return nil, err
	}
	ring := &keyring.Ring{
		Hub:      agreement.Hub{ID: own.Hub, LogKey: own.LogKey, Registrar: act.Thumbprint(own.Registrar.Thumbprint)},
		Agencies: map[act.AgencyName]keyring.Agency{},
	}
	agency := keyring.Agency{LegalName: own.LegalName}
	agency.OfficerSign = add(&agency, act.OfficerSign, own.OfficerSign...)
	agency.DeskSign = add(&agency, act.DeskSign, own.DeskSign...)
	ring.Agencies[act.AgencyName(own.Agency)] = agency
	summaries, err := d.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	for _, summary := range summaries {
		full, err := d.Agreement(ctx, summary.ID, summary.Digest)
		if err != nil {
			return nil, err
		}
		for _, party := range full.Parties {
			if _, known := ring.Agencies[act.AgencyName(party.Agency)]; known {
				continue
			}
			agency := keyring.Agency{LegalName: party.LegalName, Jurisdiction: party.Jurisdiction}
			agency.OfficerSign = add(&agency, act.OfficerSign, party.OfficerSign)
			agency.DeskSign = add(&agency, act.DeskSign, party.DeskSign)
			ring.Agencies[act.AgencyName(party.Agency)] = agency
		}
	}
	return ring, nil
}

// add keeps the public keys that really have the thumbprint that is told, and
// returns the thumbprint of the first.
func add(agency *keyring.Agency, purpose act.Purpose, prints ...deskapi.Fingerprint) act.Thumbprint {
	for _, print := range prints {
		if jwk, ok := keyOf(print); ok {
			agency.Keys = append(agency.Keys, keyring.Key{Purpose: purpose, JWK: jwk})
		}
	}
	if len(prints) == 0 {
		return ""
	}
	return act.Thumbprint(prints[0].Thumbprint)
}

func keyOf(print deskapi.Fingerprint) (act.JWK, bool) {
	jwk := act.JWK{Curve: "Ed25519", Type: "OKP", X: print.PublicKey}
	if _, err := jwk.PublicKey(); err != nil {
		return act.JWK{}, false
	}
	return jwk, jwk.Thumbprint() == act.Thumbprint(print.Thumbprint)
}
