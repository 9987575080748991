package agreement_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
)

func TestCommitmentsThatNobodyCanAccedeWith(t *testing.T) {
	const good = `{"give":["bulletin"],"party":"gamma","receive":["bulletin"]}`
	for name, test := range map[string]struct {
		raw   string
		role  agreement.Role
		code  string
		place string
	}{
		"as it should be":                {raw: good},
		"of an agency that only listens": {raw: `{"give":[],"party":"gamma","receive":["bulletin"]}`, role: agreement.Recipient},
		"nothing at all":                 {raw: `{"give":[],"party":"gamma","receive":[]}`},
		"no JSON":                        {raw: "gives everything", code: "commitment_malformed", place: "/"},
		"with a space":                   {raw: `{"give":["bulletin"], "party":"gamma","receive":["bulletin"]}`, code: "commitment_malformed", place: "/"},
		"without what it gives":          {raw: `{"party":"gamma","receive":["bulletin"]}`, code: "commitment_malformed", place: "/give"},
		"null for what it receives":      {raw: `{"give":["bulletin"],"party":"gamma","receive":null}`, code: "commitment_malformed", place: "/receive"},
		"a text that is empty":           {raw: `{"frequency":"","give":["bulletin"],"party":"gamma","receive":["bulletin"]}`, code: "commitment_malformed", place: "/"},
		"a member that nobody knows":     {raw: `{"give":["bulletin"],"party":"gamma","promise":"all","receive":["bulletin"]}`, code: "commitment_malformed", place: "/promise"},
		"a character that nobody sees":   {raw: `{"frequency":"often` + "\u200b" + `","give":["bulletin"],"party":"gamma","receive":["bulletin"]}`, code: "text_malformed", place: "/frequency"},
		"another's":                      {raw: `{"give":["bulletin"],"party":"alpha","receive":["bulletin"]}`, code: "clause_names_no_party", place: "/party"},
		"a kind outside the document":    {raw: `{"give":["curriculum"],"party":"gamma","receive":["bulletin"]}`, code: "term_unknown", place: "/give/0"},
		"to give, as who only receives":  {raw: good, role: agreement.Recipient, code: "role_forbids", place: "/give"},
		"to receive, as who only gives":  {raw: good, role: agreement.Contributor, code: "role_forbids", place: "/receive"},
		"to give, as who only looks":     {raw: good, role: agreement.Observer, code: "role_forbids", place: "/give"},
		"a kind twice":                   {raw: `{"give":["bulletin","bulletin"],"party":"gamma","receive":[]}`, code: "list_malformed", place: "/give"},
		"longer than any":                {raw: strings.Repeat(" ", agreement.MaxCommitmentSize+1), code: "commitment_malformed", place: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			party := agreementtest.PartyV2("gamma")
			if test.role != "" {
				party.Role = test.role
			}
			commitment, err := agreement.ParseCommitment([]byte(test.raw))
			if err == nil {
				err = agreementtest.DocumentV2("alpha", "beta").AdmitsCommitment(&party, commitment)
			}
			var wrong *agreement.Error
			switch {
			case test.code == "" && err != nil:
				t.Error(err)
			case test.code != "" && (!errors.As(err, &wrong) || wrong.Code != test.code || wrong.Place != test.place):
				t.Errorf("got %v, want %s at %s", err, test.code, test.place)
			}
		})
	}
}

// What is usual is what the role lets a party do, and the document takes it.
func TestTheUsualCommitmentFitsEveryRole(t *testing.T) {
	document := agreementtest.DocumentV2("alpha", "beta")
	all := document.ItemKinds
	for role, want := range map[agreement.Role]agreement.Commitment{
		agreement.Both:        {Party: "gamma", Give: all, Receive: all},
		agreement.Contributor: {Party: "gamma", Give: all, Receive: []string{}},
		agreement.Recipient:   {Party: "gamma", Give: []string{}, Receive: all},
		agreement.Observer:    {Party: "gamma", Give: []string{}, Receive: all},
	} {
		party := agreementtest.PartyV2("gamma")
		party.Role = role
		usual := document.UsualCommitment(&party)
		if diff := cmp.Diff(&want, usual); diff != "" {
			t.Errorf("%s (-want +got):\n%s", role, diff)
		}
		raw, err := usual.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := agreement.ParseCommitment(raw); err != nil {
			t.Errorf("%s: %v", role, err)
		}
		if err := document.AdmitsCommitment(&party, usual); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
}
