package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// effectText says in whole sentences what a step does and which clause makes it
// so, before anybody is asked.
func (a *app) effectText(effects []message.Message) string {
	if len(effects) == 0 {
		return ""
	}
	s := &sheet{app: a}
	s.heading("cli_text_what_it_does")
	for _, effect := range effects {
		for _, line := range wrap(clean(a.say(effect.Code, effect.Params)), a.width()-2) {
			fmt.Fprintf(&s.text, "  %s\n", line)
		}
	}
	return s.text.String()
}

func (t *taking) effect(code string, params message.Params) []message.Message {
	return []message.Message{message.New(code, t.params(params))}
}

// effectOfSigning says whether this signature is the one that makes the agreement
// bind.
func (t *taking) effectOfSigning() []message.Message {
	missing := t.read.document.SignaturesNeeded() - len(t.one.Signed) - 1
	switch {
	case missing < 0:
		return t.effect("cli_effect_sign_joins", nil)
	case missing == 0:
		return t.effect("cli_effect_sign_completes", nil)
	}
	return t.effect("cli_effect_sign_waits", message.Params{"Missing": missing})
}

func (t *taking) effectOfDeclining() []message.Message {
	left := len(t.read.document.Parties) - 1
	for _, party := range t.one.Standings {
		if !party.Declined.IsZero() && party.Agency != t.desk.session.Agency {
			left--
		}
	}
	if left < t.read.document.SignaturesNeeded() {
		return t.effect("cli_effect_decline_ends", nil)
	}
	return t.effect("cli_effect_decline", nil)
}

// effectOfSuspending says what stops, when, and for how long at most.
func (t *taking) effectOfSuspending(party string) []message.Message {
	d := t.read.document
	days := int(d.SuspensionNotice(t.said.reason) / (24 * time.Hour))
	code := map[[2]bool]string{
		{false, false}: "cli_effect_suspend", {false, true}: "cli_effect_suspend_reading",
		{true, false}: "cli_effect_suspend_later", {true, true}: "cli_effect_suspend_later_reading",
	}
	if party != "" {
		code = map[[2]bool]string{
			{false, false}: "cli_effect_suspend_party", {false, true}: "cli_effect_suspend_party_reading",
			{true, false}: "cli_effect_suspend_party_later", {true, true}: "cli_effect_suspend_party_later_reading",
		}
	}
	effects := t.effect(code[[2]bool{days > 0, d.ReadingContinues()}], message.Params{"Days": days, "Party": party})
	if limit := d.SuspensionLimit(); limit > 0 {
		effects = append(effects, t.effect("cli_effect_suspension_limit", message.Params{"Days": int(limit / (24 * time.Hour))})...)
	}
	return effects
}

// effectOfEnd says what becomes of what was received.
func (t *taking) effectOfEnd() []message.Message {
	switch t.read.document.Termination.Effect {
	case "return":
		return t.effect("cli_effect_end_return", nil)
	case "retain-under-terms":
		return t.effect("cli_effect_end_retain", nil)
	}
	return t.effect("cli_effect_end_destroy", nil)
}

func (t *taking) effectOfReview() []message.Message {
	interval := t.read.document.ReviewInterval()
	if interval == 0 {
		return t.effect("cli_effect_review_not_agreed", nil)
	}
	due := t.app.env.Now().Add(interval).UTC().Format(time.DateOnly)
	return t.effect("cli_effect_review", message.Params{"Due": due})
}

// effectOfCountersigning says whether with this countersignature the agency is a
// party.
func (t *taking) effectOfCountersigning(accession *deskapi.Accession) []message.Message {
	params := message.Params{"Party": accession.Agency}
	rule := t.read.document.AccessionRule
	if rule == nil {
		return nil // the hub refuses it, and says by which clause
	}
	all, have := 0, 1
	for _, party := range t.one.Standings {
		gone := !party.WithdrawnFrom.IsZero() && !t.app.env.Now().Before(party.WithdrawnFrom)
		if party.Signed.IsZero() || gone {
			continue
		}
		all++
		if party.Agency != t.desk.session.Agency && slices.Contains(accession.Countersigned, party.Agency) {
			have++
		}
	}
	if rule.Rule == "unanimity" && have < all || rule.Rule == "majority" && 2*have <= all {
		return t.effect("cli_effect_countersign_waits", params)
	}
	return t.effect("cli_effect_countersign_completes", params)
}

// effectOfAmending says who stays on the text that is in force.
func (t *taking) effectOfAmending(next *agreement.Document) []message.Message {
	clause := "/amendment/bindsOnlyConsenting"
	if next.Amendment == nil {
		clause = "/supersedes"
	}
	return t.effect("cli_effect_amend", message.Params{"Revision": t.read.document.Revision, "Stay": strings.Join(t.one.Signed, ", "), "Clause": clause})
}

// effectOfCountering says what becomes of the text that is answered: one of the
// first schema does not replace it.
func (t *taking) effectOfCountering(next *agreement.Document) []message.Message {
	params := message.Params{"Revision": t.read.document.Revision}
	if next.Schema != agreement.SchemaV2 {
		return t.effect("cli_effect_counter_beside", params)
	}
	return t.effect("cli_effect_counter", params)
}
