package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// consent is how a person says yes: at the terminal, or by flags that say the
// same in so many words.
type consent struct {
	yes      bool
	compared bool
	digest   string
	reason   string
	save     string
}

// registerSave is for commands that end in a signed act.
func (c *consent) registerSave(a *app, cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.save, "save", "", a.say("cli_flag_save", nil))
}

func (c *consent) register(a *app, cmd *cobra.Command, compares bool) {
	cmd.Flags().BoolVar(&c.yes, "yes", false, a.say("cli_flag_yes", nil))
	cmd.Flags().StringVar(&c.digest, "digest", "", a.say("cli_flag_digest", nil))
	if compares {
		cmd.Flags().BoolVar(&c.compared, "compared-fingerprints", false, a.say("cli_flag_compared", nil))
	}
}

// confirm shows what will be signed and asks. Without a terminal nothing is
// asked: the flags must have said it.
func (a *app) confirm(c consent, text, digest, question string, params message.Params, compares bool) error {
	if c.digest != "" && c.digest != digest {
		return fail(Refused, "cli_digest_differs", message.Params{"Wanted": c.digest, "Found": digest})
	}
	fmt.Fprintln(a.env.Stderr, cleanText(text))
	if compares && !c.compared {
		if err := a.agreed("cli_ask_compared", params, "--yes --compared-fingerprints"); err != nil {
			return err
		}
	}
	if c.yes {
		return nil
	}
	instead := "--yes"
	if compares {
		instead = "--yes --compared-fingerprints"
	}
	return a.agreed(question, params, instead)
}

func (a *app) agreementPropose() *cobra.Command {
	var keys ringFlags
	var said consent
	var object string
	cmd := a.verb("propose FILE [flags]", "cli_agreement_propose_short",
		"  concordat agreement propose ag1.json\n  concordat agreement propose --object ag-1", nil, func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			composed, err := a.proposal(cmd, args, object, keys)
			if err != nil {
				return err
			}
			key, own, err := a.signingKey(ctx, d)
			if err != nil {
				return err
			}
			if err := mayConsent(composed.Document, own); err != nil {
				return err
			}
			params := message.Params{"Reference": composed.Document.Reference, "Agency": d.session.Agency}
			if err := a.confirm(said, a.agreementText(composed.Document, composed.Digest), composed.Digest, "cli_ask_propose", params, false); err != nil {
				return err
			}
			payload := &act.AgreementPropose{Common: a.common(key), Document: string(composed.Bytes)}
			return a.signAndSubmit(ctx, d, key, payload, signed{composed.Document, composed.Digest, said.save})
		})
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if (len(args) == 1) == (object != "") || len(args) > 1 {
			return fail(Usage, "cli_usage_arguments", message.Params{"Usage": cmd.UseLine()})
		}
		return nil
	}
	keys.register(a, cmd)
	said.register(a, cmd, false)
	said.registerSave(a, cmd)
	cmd.Flags().StringVar(&object, "object", "", a.say("cli_flag_object", nil))
	return cmd
}

// proposal is the document from a file, or from a SharingAgreement that was
// applied to the cluster and waits for this signature.
func (a *app) proposal(cmd *cobra.Command, args []string, object string, keys ringFlags) (*compose.Composed, error) {
	if object == "" {
		return a.composed(cmd, args[0], keys)
	}
	var applied struct {
		Spec struct {
			Document string `json:"document"`
		} `json:"spec"`
	}
	if err := a.fetch(cmd.Context(), agreements, object, &applied); err != nil {
		return nil, err
	}
	document, digest, err := agreement.Parse([]byte(applied.Spec.Document))
	if err != nil {
		return nil, failBecause(err, Refused, "cli_object_not_a_document", message.Params{"Name": object})
	}
	return &compose.Composed{Document: document, Bytes: []byte(applied.Spec.Document), Digest: digest}, nil
}

// signingKey returns the key of the own agency's officers.
func (a *app) signingKey(ctx context.Context, d *desk) (officerKey, deskapi.Agency, error) {
	own, err := d.Agency(ctx)
	if err != nil {
		return officerKey{}, own, err
	}
	key, err := a.ownKey(d, own)
	return key, own, err
}

// mayConsent refuses a document that names another hub, or for the own agency
// keys that its desk does not know. It guards consent only: who wants to suspend
// or leave is never held up by what the document says.
func mayConsent(document *agreement.Document, own deskapi.Agency) error {
	if err := sameHub(document, own); err != nil {
		return err
	}
	party := document.Party(act.AgencyName(own.Agency))
	if party == nil {
		return fail(Refused, "cli_agreement_not_a_party", message.Params{"Agency": own.Agency})
	}
	if !hasThumbprint(own.OfficerSign, party.OfficerSign) || !hasThumbprint(own.DeskSign, party.DeskSign) {
		return fail(Refused, "cli_agreement_own_key_differs", message.Params{"Agency": own.Agency})
	}
	return nil
}

// sameHub refuses a document that names another hub, or other keys of this one.
func sameHub(document *agreement.Document, own deskapi.Agency) error {
	if document.Hub.ID != own.Hub || document.Hub.LogKey != own.LogKey || string(document.Hub.Registrar) != own.Registrar.Thumbprint {
		return fail(Refused, "cli_agreement_other_hub", message.Params{"Hub": document.Hub.ID})
	}
	return nil
}

func hasThumbprint(prints []deskapi.Fingerprint, want act.Thumbprint) bool {
	return slices.ContainsFunc(prints, func(f deskapi.Fingerprint) bool { return f.Thumbprint == string(want) })
}

// appendedView is -o json of every act that an officer signed.
type appendedView struct {
	Act       string    `json:"act"`
	Kind      string    `json:"kind"`
	Index     uint64    `json:"index"`
	Time      time.Time `json:"time"`
	Agreement string    `json:"agreement"`
	Digest    string    `json:"digest"`
	State     string    `json:"state,omitempty"` // pending while it waits at the desk for the hub
}

func appendedOf(done deskapi.Appended, kind act.Kind, agreement, digest string) appendedView {
	return appendedView{done.Act, string(kind), done.Index, done.Time, agreement, digest, done.State}
}

// signed is what an act is about, and where a copy of it goes.
type signed struct {
	document *agreement.Document
	digest   string
	save     string
}

func (a *app) signAndSubmit(ctx context.Context, d *desk, key officerKey, payload act.Payload, about signed) error {
	jws, err := a.officerSign(ctx, d, key, payload)
	if err != nil {
		return err
	}
	if about.save != "" {
		if err := a.writeFile(about.save, []byte(jws), 0o600); err != nil {
			return err
		}
	}
	appended, err := a.submit(ctx, d, jws)
	if err != nil {
		return err
	}
	v := appendedOf(appended, payload.Kind(), about.document.ID, about.digest)
	return a.showAppended(v, about.document.Reference)
}

func (a *app) showAppended(v appendedView, reference string) error {
	entry, at := "", ""
	if v.State == "" {
		entry, at = strconv.FormatUint(v.Index, 10), v.Time.UTC().Format("2006-01-02 15:04")
	} else {
		a.tellWaits(act.Kind(v.Kind))
	}
	return a.show(view{
		Data: v, Names: []string{"act/" + v.Act},
		Header: []string{"cli_column_reference", "cli_column_act", "cli_column_entry", "cli_column_time", "cli_column_act_id"},
		Rows:   [][]string{{reference, v.Kind, entry, at, v.Act}},
	})
}

func (a *app) agreementSign() *cobra.Command {
	var said consent
	cmd := a.verb("sign AGREEMENT [flags]", "cli_agreement_sign_short",
		"  concordat agreement sign AG-1\n  concordat agreement sign AG-1 --digest sha256:... --yes --compared-fingerprints",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			t, err := a.begin(cmd.Context(), args[0], said, nil)
			if err != nil {
				return err
			}
			if err := mayConsent(t.read.document, t.own); err != nil {
				return err
			}
			if t.one.KeysDiffer {
				a.tell("cli_agreement_keys_differ", nil)
			}
			return t.take(cmd.Context(), &act.AgreementSign{AgreementStep: t.step()}, "cli_ask_sign", t.effectOfSigning(), compares)
		})
	said.register(a, cmd, true)
	said.registerSave(a, cmd)
	return cmd
}

// agreementSubmit delivers an act that was signed before.
func (a *app) agreementSubmit() *cobra.Command {
	return a.verb("submit FILE", "cli_agreement_submit_short", "  concordat agreement submit ~/.local/state/concordat/acts/*.jws", exactly(1), func(cmd *cobra.Command, args []string) error {
		raw, err := a.readInput(args[0], 1<<20)
		if err != nil {
			return err
		}
		parsed, err := act.Parse(raw)
		if err != nil {
			return failBecause(err, Usage, "cli_act_malformed", message.Params{"File": args[0]})
		}
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		appended, err := d.Relay(cmd.Context(), string(raw))
		if err != nil {
			return err
		}
		return a.showAppended(appendedOf(appended, parsed.Kind, "", ""), "-")
	})
}
