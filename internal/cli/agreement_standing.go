package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// standingText is where the agreement stands, as the desk's ledger has it: its
// state with since when and why, what changes next, and a line for each party.
func (a *app) standingText(one deskapi.Agreement) string {
	s := &sheet{app: a}
	s.heading("cli_text_standing")
	s.pairs(
		"cli_text_state", a.word("state", one.State), "cli_text_since", instant(one.Since), "cli_text_by", one.SinceBy, "cli_text_clause", one.Clause,
		"cli_text_act", one.SinceAct,
		"cli_text_next", strings.TrimSpace(a.word("state", one.NextState)+" "+instant(one.NextChange)), "cli_text_next_clause", one.NextClause,
		"cli_text_proposed_by", one.ProposedBy, "cli_text_signed", strings.Join(one.Signed, ", "), "cli_text_pending", strings.Join(one.Pending, ", "),
		"cli_text_invited", strings.Join(one.Invited, ", "),
	)
	a.reviewText(s, one.Review)
	for _, party := range one.Standings {
		a.partyStandingText(s, party, len(one.Revisions) > 1)
	}
	for _, accession := range one.Accessions {
		if !accession.Accepted {
			fmt.Fprintf(&s.text, "\n  %s\n", a.say("cli_text_accession_of", message.Params{"Agency": clean(accession.Agency)}))
			s.indented("    ", "cli_text_since", instant(accession.Time), "cli_text_countersigned", strings.Join(accession.Countersigned, ", "))
		}
	}
	a.revisionsText(s, one)
	a.breachesText(s, one.Breaches)
	if len(one.Outgoing) > 0 {
		s.heading("cli_text_outgoing")
	}
	for _, waits := range one.Outgoing {
		s.paragraph("  ", waits.Message)
	}
	return s.text.String()
}

func (a *app) reviewText(s *sheet, review *deskapi.Review) {
	if review == nil || review.Due.IsZero() {
		return
	}
	due := "cli_text_review_due"
	if review.Overdue {
		due = "cli_text_review_overdue"
	}
	s.text.WriteString("\n")
	s.pairs(due, instant(review.Due), "cli_text_reviewed", instant(review.Last), "cli_text_on_overdue", a.word("on_overdue", review.OnOverdue))
}

// partyStandingText shows what one party signed or declined, and what stops it.
func (a *app) partyStandingText(s *sheet, p deskapi.PartyStanding, revisions bool) {
	fmt.Fprintf(&s.text, "\n  %s (%s)\n", clean(p.Agency), a.word("role", clean(p.Role)))
	signed, lapsed, joined, revision := instant(p.Signed), "", "", ""
	if p.Signed.IsZero() && p.Declined.IsZero() {
		signed = a.say("cli_text_not_yet", nil)
	}
	if p.AuthorityLapsed {
		lapsed = a.say("cli_text_yes", nil)
	}
	if p.Joined > 0 {
		joined = fmt.Sprint(p.Joined)
	}
	if revisions && p.Revision > 0 {
		revision = fmt.Sprint(p.Revision)
	}
	pairs := []string{
		"cli_text_signed_at", signed, "cli_text_signature_void", instant(p.Voided), "cli_text_declined", instant(p.Declined),
		"cli_text_joined", joined, "cli_text_bound_by", revision,
	}
	for _, one := range p.Suspensions {
		pairs = append(pairs, "cli_text_part_suspended", a.suspensionText(one))
	}
	for _, one := range p.Suspends {
		pairs = append(pairs, "cli_text_suspends", a.suspensionText(one))
	}
	pairs = append(pairs, "cli_text_withdrawn", instant(p.WithdrawnFrom), "cli_text_authority_until", instant(p.AuthorityUntil), "cli_text_authority_lapsed", lapsed)
	s.indented("    ", pairs...)
}

func (a *app) suspensionText(one deskapi.Suspension) string {
	params := message.Params{"By": one.By, "From": instant(one.From), "Until": instant(one.Until)}
	if one.Until.IsZero() {
		return a.say("cli_text_suspension", params)
	}
	return a.say("cli_text_suspension_until", params)
}

// revisionsText shows which parties are on which revision, once there are several.
func (a *app) revisionsText(s *sheet, one deskapi.Agreement) {
	if len(one.Revisions) < 2 {
		return
	}
	s.heading("cli_text_revisions")
	for _, r := range one.Revisions {
		fmt.Fprintf(&s.text, "  %d  %s\n", r.Revision, clean(r.Digest))
		s.indented("    ", "cli_text_state", a.word("state", r.State), "cli_text_binds", strings.Join(r.Bound, ", "), "cli_text_signed", strings.Join(r.Signed, ", "),
			"cli_text_pending", strings.Join(r.Pending, ", "))
	}
}

func (a *app) breachesText(s *sheet, breaches []deskapi.BreachNotice) {
	if len(breaches) == 0 {
		return
	}
	s.heading("cli_text_breaches")
	for _, b := range breaches {
		fmt.Fprintf(&s.text, "  %s\n", a.word("breach", clean(b.Class)))
		s.indented("    ", "cli_text_by", b.By, "cli_text_time", instant(b.Time), "cli_text_discovered", instant(b.Discovered), "cli_text_release", b.Release, "cli_text_act", b.Act)
	}
}

// owedText lists what the own agency still owes for what it opened under an
// agreement, for those whom their role lets see it.
func (a *app) owedText(ctx context.Context, d *desk, id string) (string, error) {
	duties, err := d.Duties(ctx, false, false)
	var refused *deskclient.Error
	if errors.As(err, &refused) && (refused.Status == http.StatusForbidden || refused.Status == http.StatusNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s := &sheet{app: a}
	for _, duty := range duties {
		if duty.Agreement != id {
			continue
		}
		if s.text.Len() == 0 {
			s.heading("cli_text_owed")
		}
		fmt.Fprintf(&s.text, "  %s\n", clean(duty.Message))
		s.indented("    ", "cli_text_item", duty.Item, "cli_text_state", a.word("duty_state", duty.State), "cli_text_due", instant(duty.Due))
	}
	return s.text.String(), nil
}

// agreementWhy says why an agency can or cannot read and release. A no is an answer
// and ends with 0.
func (a *app) agreementWhy() *cobra.Command {
	var agency string
	cmd := a.verb("why AGREEMENT [flags]", "cli_agreement_why_short", "  concordat agreement why AG-1\n  concordat agreement why AG-1 --agency agencyb",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			if agency != "" {
				if err := agencyName(agency); err != nil {
					return err
				}
			}
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			one, err := a.findSummary(cmd.Context(), d, args[0])
			if err != nil {
				return err
			}
			why, err := d.AgreementWhy(cmd.Context(), one.ID, agency)
			if err != nil {
				return err
			}
			if a.output != "table" {
				return a.show(view{Data: why, Names: []string{"agency/" + why.Agency}})
			}
			return a.emit("", []byte(cleanText(a.wrapText(why.Message))+"\n"))
		})
	cmd.Flags().StringVar(&agency, "agency", "", a.say("cli_flag_why_agency", nil))
	return cmd
}

// nextChange is the column of what time alone will bring.
func (a *app) nextChange(one deskapi.AgreementSummary) string {
	if one.NextChange.IsZero() {
		return ""
	}
	return a.word("state", one.NextState) + " " + one.NextChange.UTC().Format(time.DateOnly)
}
