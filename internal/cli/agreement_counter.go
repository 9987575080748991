package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/diff"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/message"
)

// agreementCounter answers a proposal with another text, and agreementAmend
// changes one that is in force: the same act, and other consequences.
func (a *app) agreementCounter() *cobra.Command {
	return a.nextRevision("counter", "  concordat agreement counter AG-9 ag9-counter.yaml", revising{
		may: func(t *taking) error {
			if complete(t) {
				return fail(Refused, "cli_counter_complete", message.Params{"Reference": t.read.document.Reference})
			}
			return nil
		},
		question: "cli_ask_counter", effects: (*taking).effectOfCountering,
	})
}

func (a *app) agreementAmend() *cobra.Command {
	return a.nextRevision("amend", "  concordat agreement amend AG-1 ag1-amended.yaml", revising{
		may: func(t *taking) error {
			if !complete(t) {
				return fail(Refused, "cli_amend_incomplete", message.Params{"Reference": t.read.document.Reference})
			}
			return nil
		},
		question: "cli_ask_amend", effects: (*taking).effectOfAmending,
	})
}

// revising is what tells a counter-proposal from an amendment.
type revising struct {
	may      func(*taking) error
	question string
	effects  func(t *taking, next *agreement.Document) []message.Message
}

// complete says whether the newest revision has the signatures that it needs.
func complete(t *taking) bool { return len(t.one.Signed) >= t.read.document.SignaturesNeeded() }

func (a *app) nextRevision(step, example string, as revising) *cobra.Command {
	var said consent
	var keys ringFlags
	cmd := a.verb(step+" AGREEMENT FILE [flags]", "cli_agreement_"+step+"_short", example, exactly(2), func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		t, err := a.begin(ctx, args[0], said, nil)
		if err != nil {
			return err
		}
		if err := as.may(t); err != nil {
			return err
		}
		next, err := a.nextDocument(ctx, t, args[1], keys)
		if err != nil {
			return err
		}
		if err := mayConsent(next.Document, t.own); err != nil {
			return err
		}
		redline, err := a.redlineText(t.read.document, next.Document)
		if err != nil {
			return err
		}
		text := a.agreementText(next.Document, next.Digest) + redline + a.effectText(as.effects(t, next.Document))
		if err := a.confirm(said, text, next.Digest, as.question, t.params(message.Params{"Revision": next.Document.Revision}), false); err != nil {
			return err
		}
		payload := &act.AgreementPropose{Common: a.common(t.key), Document: string(next.Bytes)}
		return a.signAndSubmit(ctx, t.desk, t.key, payload, signed{next.Document, next.Digest, said.save})
	})
	keys.register(a, cmd)
	said.register(a, cmd, false)
	said.registerSave(a, cmd)
	return cmd
}

// nextDocument composes the revision after the newest one. Keys that no flag gives
// are those of the parties of that one.
func (a *app) nextDocument(ctx context.Context, t *taking, file string, flags ringFlags) (*compose.Composed, error) {
	source, err := a.readInput(file, compose.MaxSource)
	if err != nil {
		return nil, err
	}
	ring, err := a.ring(ctx, flags)
	if err != nil {
		return nil, err
	}
	ring.Merge(ringOf(t))
	next, err := compose.Next(source, ring, t.read.document, t.read.digest)
	if err != nil {
		return nil, refusedSource(err, file)
	}
	return next, nil
}

func ringOf(t *taking) *keyring.Ring {
	ring := &keyring.Ring{Hub: t.read.document.Hub, Agencies: map[act.AgencyName]keyring.Agency{}}
	for _, p := range t.read.document.Parties {
		ring.Agencies[p.Agency] = keyring.Agency{
			OfficerSign: p.OfficerSign, DeskSign: p.DeskSign, LegalName: p.LegalName, Jurisdiction: p.Jurisdiction, Kind: p.Kind, Mandate: p.Mandate,
		}
	}
	return ring
}

// redlineText says clause by clause what the next revision changes, and which way.
func (a *app) redlineText(last, next *agreement.Document) (string, error) {
	changes, err := diff.Compare(last, next)
	if err != nil {
		return "", err
	}
	s := &sheet{app: a}
	s.heading("cli_text_redline")
	if len(changes) == 0 {
		fmt.Fprintf(&s.text, "  %s\n", a.say("cli_text_redline_none", nil))
	}
	for _, one := range changes {
		fmt.Fprintf(&s.text, "  %s  %s\n", clean(one.Place), a.say("agreementdiff_direction_"+string(one.Direction), nil))
		for _, line := range wrap(clean(message.Render(a.lang, one.Message())), max(minText, a.width()-4)) {
			fmt.Fprintf(&s.text, "    %s\n", line)
		}
	}
	return s.text.String(), nil
}
