// Package ledgertest builds small ledgers for tests of any package: a World
// signs acts with fixed keys, appends them as a hub would, and keeps the bytes.
package ledgertest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// World is a ledger under construction. Now is the time of the next entry.
type World struct {
	State   *ledger.State
	Entries [][]byte
	Told    []ledger.Entry // of a Fork, which has no bytes: what came since
	Now     time.Time

	serial   int
	unsigned bool // a Fork: acts are as if verified
}

// Start is when every World begins.
var Start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// New returns a world whose ledger is empty.
func New() *World {
	s, err := ledger.New(Genesis())
	if err != nil {
		panic(err)
	}
	return &World{State: s, Now: Start}
}

// Genesis is what every World's ledger begins from.
func Genesis() ledger.Genesis {
	return ledger.Genesis{Hub: agreementtest.Hub, LogKey: agreementtest.LogKey, Registrar: agreementtest.JWK(act.Registrar, act.RegistrarSign)}
}

// Common returns the members that every act has, with a jti of its own.
func (w *World) Common(issuer act.AgencyName) act.Common {
	w.serial++
	return act.Common{Issuer: issuer, Audience: agreementtest.Hub, JTI: fmt.Sprintf("jti-%012d", w.serial), IssuedAt: canonical.At(w.Now)}
}

// Append signs and appends, and returns the act's id or the refusal. A refused
// act leaves no entry.
func (w *World) Append(key ed25519.PrivateKey, id act.KeyID, payload act.Payload) (act.ID, error) {
	if w.unsigned {
		return w.admit(id, payload)
	}
	raw, err := act.Sign(key, id, payload)
	if err != nil {
		return "", err
	}
	a, err := act.Verify([]byte(raw), agreementtest.Hub, w.State)
	if err != nil {
		return "", err
	}
	e := ledger.Entry{Index: w.State.Next, Time: w.Now, Act: a}
	b, err := e.Bytes()
	if err != nil {
		return "", err
	}
	if err := ledger.Apply(w.State, e); err != nil {
		return "", err
	}
	w.Entries = append(w.Entries, b)
	return a.ID, nil
}

// By signs with the fixed key of the agency for the purpose.
func (w *World) By(agency act.AgencyName, purpose act.Purpose, payload act.Payload) (act.ID, error) {
	if w.unsigned {
		return w.admit(KeyID(agency, purpose), payload)
	}
	return w.Append(agreementtest.Key(agency, purpose), agreementtest.KeyID(agency, purpose), payload)
}

// Enrol admits agencies with their fixed keys.
func (w *World) Enrol(agencies ...act.AgencyName) error {
	for _, name := range agencies {
		if err := w.EnrolAs(name, "police", "ID"); err != nil {
			return err
		}
	}
	return nil
}

// EnrolAs admits an agency of a kind and a State.
func (w *World) EnrolAs(name act.AgencyName, kind, jurisdiction string) error {
	keys := act.EnrolledKeys{
		OfficerSign: agreementtest.JWK(name, act.OfficerSign),
		DeskSign:    agreementtest.JWK(name, act.DeskSign),
		WitnessSign: agreementtest.JWK(name, act.WitnessSign),
	}
	common := w.Common(name)
	proof, err := act.SignEnrolment(agreementtest.Key(name, act.DeskSign), act.Enrolment{
		Issuer: name, Audience: common.Audience, JTI: common.JTI, IssuedAt: common.IssuedAt, Keys: keys,
	})
	if err != nil {
		return err
	}
	_, err = w.By(act.Registrar, act.RegistrarSign, &act.AgencyEnrol{
		Common: w.Common(act.Registrar), Agency: name, LegalName: "Fictional agency " + string(name),
		AgencyKind: kind, Jurisdiction: jurisdiction, Custody: "managed", Keys: keys, Proof: proof,
	})
	return err
}

// Note appends the hub's own record of what it decided.
func (w *World) Note(record ledger.Record) error {
	e := ledger.Entry{Index: w.State.Next, Time: w.Now, Record: &record}
	if w.unsigned {
		return w.tell(e)
	}
	b, err := e.Bytes()
	if err != nil {
		return err
	}
	if err := ledger.Apply(w.State, e); err != nil {
		return err
	}
	w.Entries = append(w.Entries, b)
	return nil
}

// Standing lets the registrar change an agency's standing.
func (w *World) Standing(agency act.AgencyName, kind act.Kind) (act.ID, error) {
	change := act.AgencyStanding{Common: w.Common(act.Registrar), Agency: agency, Prev: w.State.Agency(agency).Last}
	var payload act.Payload
	switch kind {
	case act.AgencySuspendKind:
		payload = &act.AgencySuspend{AgencyStanding: change}
	case act.AgencyResumeKind:
		payload = &act.AgencyResume{AgencyStanding: change}
	default:
		payload = &act.AgencyOffboard{AgencyStanding: change}
	}
	return w.By(act.Registrar, act.RegistrarSign, payload)
}

// Propose puts a document before its parties and returns its digest.
func (w *World) Propose(by act.AgencyName, document *agreement.Document) (string, error) {
	b, digest, err := document.Bytes()
	if err != nil {
		return "", err
	}
	_, err = w.By(by, act.OfficerSign, &act.AgreementPropose{Common: w.Common(by), Document: string(b)})
	return digest, err
}

// Officer is the pseudonym of an agency's numbered officer.
func Officer(agency act.AgencyName, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "officer %d of %s", n, agency))
	return act.OfficerName([16]byte(sum[:16]))
}

// Step takes a step of a revision's life.
func (w *World) Step(by act.AgencyName, kind act.Kind, digest string) (act.ID, error) {
	step := act.AgreementStep{Common: w.Common(by), Officer: Officer(by, 1), Agreement: act.AgreementRef{ID: "agr-aaaaaaaaaaaaaaaaaaaaaaaaaa", Digest: digest}}
	if revision := w.State.Revision(digest); revision != nil {
		step.Agreement.ID, step.Prev = revision.Document.ID, revision.Last
	}
	var payload act.Payload
	switch kind {
	case act.AgreementSignKind:
		payload = &act.AgreementSign{AgreementStep: step}
	case act.AgreementSuspendKind:
		payload = &act.AgreementSuspend{AgreementStep: step}
	case act.AgreementResumeKind:
		payload = &act.AgreementResume{AgreementStep: step}
	case act.AgreementWithdrawKind:
		payload = &act.AgreementWithdraw{AgreementStep: step}
	default:
		payload = &act.AgreementTerminate{AgreementStep: step}
	}
	return w.By(by, act.OfficerSign, payload)
}

// InForce enrols the parties of the document that are not yet, proposes it by the
// first and lets all sign.
func (w *World) InForce(document *agreement.Document) (string, error) {
	for _, party := range document.Parties {
		if w.State.Agency(party.Agency) == nil {
			if err := w.Enrol(party.Agency); err != nil {
				return "", err
			}
		}
	}
	digest, err := w.Propose(document.Parties[0].Agency, document)
	if err != nil {
		return "", err
	}
	for _, party := range document.Parties {
		if _, err := w.Step(party.Agency, act.AgreementSignKind, digest); err != nil {
			return "", err
		}
	}
	return digest, nil
}

var lower = base32.StdEncoding.WithPadding(base32.NoPadding)

// ItemID returns the same item id for the same number.
func ItemID(n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "item %d", n))
	return "itm-" + strings.ToLower(lower.EncodeToString(sum[:16]))
}

// Release is a payload that policy allows while the agreement is in force.
func (w *World) Release(by act.AgencyName, item string, version int, digest string, asked restriction.Set) *act.ItemRelease {
	content := canonical.Digest(fmt.Appendf(nil, "content of %s %d", item, version))
	ref := act.AgreementRef{ID: "agr-aaaaaaaaaaaaaaaaaaaaaaaaaa", Digest: digest}
	terms := restriction.Set{"purposes": {"detection", "training"}, "tlp": {"TLP:AMBER+STRICT"}}
	maps.Copy(terms, asked)
	if revision := w.State.Revision(digest); revision != nil {
		ref.ID = revision.Document.ID
	}
	return &act.ItemRelease{
		Common: w.Common(by), Item: item, Version: version, ItemKind: "bulletin", Agreement: ref,
		Restrictions: terms, Content: content, Descriptors: slices.Repeat([]string{content}, 2), Author: Officer(by, 1),
		Approvals:   []act.Approval{{Officer: Officer(by, 2), Content: content, At: canonical.At(w.Now)}},
		Attestation: act.Attestation{Ruleset: canonical.Digest([]byte("rules")), Tool: "concordat-screen/1", Verdict: "release", Content: content},
	}
}
