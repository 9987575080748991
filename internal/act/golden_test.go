package act

import (
	"crypto/ed25519"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/canonical"
)

const (
	goldenID      = ID("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	goldenItem    = "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa"
	goldenOfficer = "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// everyKind is one act of each kind in each version, with every member filled
// but those that exclude each other.
func everyKind() []Payload {
	common := Common{"alpha", hub, "jti-0000000000000001", moment}
	digest := canonical.Digest([]byte("fixed"))
	ref := AgreementRef{ID: "agr-aaaaaaaaaaaaaaaaaaaaaaaaaa", Digest: digest}
	step := AgreementStep{Common: common, Agreement: ref, Officer: goldenOfficer, Reason: "breach", Prev: goldenID}
	party := AgreementPartyStep{AgreementStep: step, Agency: "beta"}
	jwk := func(seed byte) JWK { return NewJWK(key(seed).Public().(ed25519.PublicKey)) }
	standing := AgencyStanding{Common: common, Agency: "beta", Prev: goldenID}
	standing.Issuer = Registrar
	enrol := &AgencyEnrol{
		Common: standing.Common, Agency: "beta", LegalName: "Fictional agency", AgencyKind: "police", Jurisdiction: "FR", Custody: "managed",
		Keys: EnrolledKeys{OfficerSign: jwk('o'), DeskSign: jwk('d'), WitnessSign: jwk('w')}, Proof: "a.b.c",
	}
	signing := jwk('n')
	end := KeyEnd{Common: common, Purpose: DeskSign, Thumbprint: jwk('d').Thumbprint(), Prev: goldenID}
	release := ItemRelease{
		Common: common, Item: goldenItem, Version: 1, ItemKind: "bulletin", Agreement: ref, Restrictions: map[string][]string{"tlp": {"TLP:AMBER"}},
		Content: digest, Descriptors: []string{digest, digest}, Author: goldenOfficer,
		Approvals:   []Approval{{Officer: "ofc-bbbbbbbbbbbbbbbbbbbbbbbbbb", Content: digest, At: moment}},
		Attestation: Attestation{Ruleset: digest, Tool: "concordat-screen/1", Verdict: "release", Content: digest},
	}
	derived := release
	derived.Parents = []Parent{{Release: goldenID, Relation: "translation", Consent: goldenID}}
	open := ItemOpen{Common: common, Release: goldenID, Part: "body", Purpose: "training", Restrictions: digest, Officer: goldenOfficer}
	printed := open
	printed.Form = "print"
	answer := ConsentAnswer{Common: common, Request: goldenID, Officer: goldenOfficer, Reason: "scope"}
	hold := HoldStep{Common: common, Release: goldenID, Reason: "litigation", Officer: goldenOfficer}
	return []Payload{
		enrol, &AgencySuspend{standing}, &AgencyResume{standing}, &AgencyOffboard{standing},
		&KeyAdd{Common: common, Purpose: DeskSign, Key: &signing, Prev: goldenID}, &KeyRetire{end}, &KeyRevoke{end},
		&AgreementPropose{Common: common, Document: `{"schema":"concordat.agreement/v2"}`, Prev: goldenID},
		&AgreementSign{step}, &AgreementSuspend{step}, &AgreementResume{step}, &AgreementWithdraw{step}, &AgreementTerminate{step},
		&AgreementDecline{step}, &AgreementRetract{step}, &AgreementReview{step},
		&AgreementInvite{AgreementStep: step, Agency: "beta"},
		&AgreementAccede{AgreementStep: step, Commitment: `{"give":[],"party":"alpha","receive":["bulletin"]}`, Party: `{"agency":"alpha"}`},
		&AgreementCountersign{AgreementStep: step, Accession: goldenID},
		&AgreementSuspendParty{party}, &AgreementResumeParty{party},
		&NoticeBreach{Common: common, Agreement: ref, Release: goldenID, Class: "loss-of-copy", Discovered: moment, Officer: goldenOfficer},
		&release, &derived, retract(), &open, &printed,
		&ItemRestrict{
			Common: common, Item: goldenItem, Version: 1, Release: goldenID, For: []AgencyName{"beta", "gamma"},
			Restrictions: map[string][]string{"purposes": {"training"}}, Acknowledge: moment, Officer: goldenOfficer, Reason: "safety",
		},
		&ItemAcknowledge{Common: common, Release: goldenID, Restrictions: digest, Prerequisites: []string{"agency-attestation"}, Officer: goldenOfficer},
		&ItemCannotComply{Common: common, Release: goldenID, Restrictions: digest, Axis: "judicialUse", Reason: "domestic-law", Officer: goldenOfficer},
		&ItemReportUse{Common: common, Release: goldenID, Purposes: []string{"detection", "training"}, Outcome: "measure-adopted", Officer: goldenOfficer},
		&ItemAttest{Common: common, Release: goldenID, Statement: "destroyed", Method: "crypto-erase", Officer: goldenOfficer},
		&ConsentRequest{
			Common: common, Release: goldenID, Use: "onward", For: "gamma", Purpose: "training", Until: moment, AnswerBy: moment, Officer: goldenOfficer,
		},
		&ConsentGrant{answer}, &ConsentRefuse{answer}, &ConsentWithdraw{answer}, &HoldPlace{hold}, &HoldLift{hold},
		&NoticeDisclosure{
			Common: common, Release: goldenID, Cause: "exculpatory", Why: "court-order", Consultation: true, Disclosure: moment, Officer: goldenOfficer,
		},
	}
}

// An act of any age stays readable: the bytes of every kind and version never
// change, and they are read back to what was signed.
func TestBytesOfEveryKind(t *testing.T) {
	seen := map[Kind]bool{}
	for _, payload := range everyKind() {
		kind := payload.Kind()
		seen[kind] = true
		t.Run(strings.TrimSuffix(strings.TrimPrefix(typeOf(payload), "concordat."), "+jws"), func(t *testing.T) {
			private := key('a')
			id := identity(payload.common().Issuer, profiles[kind].signers[0], private)
			raw, err := Sign(private, id, payload)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("%s.v%d.jws", kind, versionOf(payload)), raw)
			read, err := Verify([]byte(raw), hub, ring(id, private))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(payload, read.Payload, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
				t.Errorf("read back (-signed +read):\n%s", diff)
			}
		})
	}
	for kind := range profiles {
		if !seen[kind] {
			t.Errorf("no golden act of kind %s", kind)
		}
	}
}

// A reader that knows version 1 only would pass over what version 2 added.
func TestALaterMemberIsRefusedUnderAnEarlierVersion(t *testing.T) {
	private := key('a')
	id := identity("alpha", DeskSign, private)
	for _, payload := range everyKind() {
		if versionOf(payload) == 1 {
			continue
		}
		input, err := signingInput(id, payload.Kind().Type(), payload)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := sign(private, input)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Verify([]byte(raw), hub, ring(id, private))
		if refused, ok := err.(*Error); !ok || refused.Code != "sig_type_mismatch" {
			t.Errorf("%s: %v", payload.Kind(), err)
		}
	}
}
