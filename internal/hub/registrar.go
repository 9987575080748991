package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
)

// Admit lets a slug enrol. It is the operator's word and changes nothing of an
// agency that has enrolled: what it then is stands in the ledger.
func (s *Service) Admit(ctx context.Context, admission store.Admission) error {
	// The enrolment is what the registrar will sign: whatever it would refuse is
	// refused here, where somebody can mend it.
	probe := &act.AgencyEnrol{
		Agency: admission.Agency, LegalName: admission.LegalName, AgencyKind: admission.Kind,
		Jurisdiction: admission.Jurisdiction, Custody: admission.Custody,
	}
	if err := checkAdmission(probe, admission.Mandate); err != nil {
		return err
	}
	admission.Admitted = s.Clock.Now()
	return s.Store.Update(ctx, func(tx store.Tx) error { return tx.PutAdmission(admission) })
}

func checkAdmission(p *act.AgencyEnrol, mandate string) error {
	if err := act.CheckAgencyName(p.Agency); err != nil {
		return err
	}
	switch {
	case p.LegalName == "" || len(p.LegalName) > 256:
		return refuse(CodeMalformed, "the legal name has 1 to 256 bytes")
	case p.AgencyKind == "" || len(p.AgencyKind) > 64:
		return refuse(CodeMalformed, "the kind is a term of the vocabulary")
	case p.Jurisdiction == "" || len(p.Jurisdiction) > 63:
		return refuse(CodeMalformed, "the jurisdiction is a country code or an organisation")
	case !slices.Contains([]string{Managed, External}, p.Custody):
		return refuse(CodeMalformed, "custody is managed or external")
	case len(mandate) > 512:
		return refuse(CodeMalformed, "the mandate has at most 512 bytes")
	}
	return nil
}

// The kinds of custody: who can act as the agency's desk.
const (
	Managed  = "managed"
	External = "external"
)

const codeLife = 72 * time.Hour

// NewCode makes a one-time enrolment code for an admitted External agency. The
// hub keeps its digest only.
func (s *Service) NewCode(ctx context.Context, agency act.AgencyName) (code string, expires time.Time, err error) {
	code, expires = rand.Text(), s.Clock.Now().Add(codeLife).UTC().Truncate(time.Second)
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		admission, err := tx.Admission(agency)
		if err != nil {
			return err
		}
		if admission.Custody != External {
			return &Error{Code: CodeCustodyMismatch}
		}
		return tx.PutCode(store.Code{Agency: agency, Digest: canonical.Digest([]byte(code)), Expires: expires})
	})
	return code, expires, err
}

// Enrolment is a desk's request to enrol. Who sends it is shown by exactly one of
// Workload, the slug in a verified ServiceAccount token, and Code.
type Enrolment struct {
	Agency   act.AgencyName
	Keys     act.EnrolledKeys
	Proof    string
	Workload act.AgencyName
	Code     string
}

// Enrol has the registrar sign agency.enrol for an admitted agency, once. The
// same keys again give the same answer; other keys are agency_exists.
func (s *Service) Enrol(ctx context.Context, e Enrolment) (Appended, error) {
	s.enrolling.Lock()
	defer s.enrolling.Unlock()
	admission, code, err := s.admitted(ctx, e)
	if err != nil {
		return Appended{}, err
	}
	proof, err := act.VerifyEnrolment([]byte(e.Proof), s.ID)
	if err != nil || proof.Issuer != e.Agency || proof.Keys != e.Keys {
		return Appended{}, &Error{Code: CodeProofInvalid, cause: err}
	}
	if done, ok, err := s.enrolled(ctx, e); ok || err != nil {
		return done, err
	}
	payload := &act.AgencyEnrol{
		Common: s.common(), Agency: e.Agency, LegalName: admission.LegalName, AgencyKind: admission.Kind,
		Jurisdiction: admission.Jurisdiction, Custody: admission.Custody, Keys: e.Keys, Proof: e.Proof,
	}
	return s.registrarAct(ctx, payload, func(b *batch) error {
		if code == nil {
			return nil
		}
		return b.UseCode(code.Digest)
	})
}

// admitted returns the admission that the request relies on. A slug that nobody
// admitted and a code that is not its look the same.
func (s *Service) admitted(ctx context.Context, e Enrolment) (admission store.Admission, code *store.Code, err error) {
	denied := &Error{Code: CodeNotAdmitted}
	err = s.Store.View(ctx, func(r store.Reader) error {
		if admission, err = r.Admission(e.Agency); errors.Is(err, store.ErrNotFound) {
			return denied
		} else if err != nil {
			return err
		}
		if e.Code == "" {
			return nil
		}
		found, err := r.Code(canonical.Digest([]byte(e.Code)))
		if errors.Is(err, store.ErrNotFound) || err == nil && found.Agency != e.Agency {
			return denied
		}
		code = &found
		return err
	})
	if err != nil {
		return admission, nil, err
	}
	byWorkload := admission.Custody == Managed && e.Workload == e.Agency
	byCode := admission.Custody == External && code != nil && s.Clock.Now().Before(code.Expires)
	if !byWorkload && !byCode {
		return admission, nil, denied
	}
	return admission, code, nil
}

func (s *Service) enrolled(ctx context.Context, e Enrolment) (Appended, bool, error) {
	var agency *ledger.Agency
	same := false
	var index uint64
	s.read(func(state *ledger.State) {
		if agency = state.Agency(e.Agency); agency != nil {
			index = agency.Enrolled
			same = firstKeys(agency) == [3]act.Thumbprint{
				e.Keys.OfficerSign.Thumbprint(), e.Keys.DeskSign.Thumbprint(), e.Keys.WitnessSign.Thumbprint(),
			}
		}
	})
	switch {
	case agency == nil:
		return Appended{}, false, nil
	case !same:
		return Appended{}, true, &Error{Code: CodeAgencyExists}
	}
	done := Appended{Index: index}
	err := s.Store.View(ctx, func(r store.Reader) error {
		stored, err := r.Entry(index)
		if err != nil {
			return err
		}
		entry, err := ledger.ParseEntry(stored.Bytes)
		if err != nil {
			return err
		}
		done.Time, done.Act = entry.Time, entry.Act.ID
		return nil
	})
	return done, true, err
}

// firstKeys are the keys with which an agency enrolled.
func firstKeys(agency *ledger.Agency) (keys [3]act.Thumbprint) {
	for _, key := range agency.Keys {
		if key.Added != agency.Enrolled {
			continue
		}
		switch key.Purpose {
		case act.OfficerSign:
			keys[0] = key.Thumbprint
		case act.DeskSign:
			keys[1] = key.Thumbprint
		case act.WitnessSign:
			keys[2] = key.Thumbprint
		}
	}
	return keys
}

func (s *Service) common() act.Common {
	return act.Common{Issuer: act.Registrar, Audience: s.ID, JTI: act.NewJTI(), IssuedAt: canonical.At(s.Clock.Now())}
}

// registrarAct signs and appends. A crash between the two leaves nothing: the
// next request signs another act.
func (s *Service) registrarAct(ctx context.Context, payload act.Payload, also func(b *batch) error) (Appended, error) {
	thumbprint := s.genesis.Registrar.Thumbprint()
	signer, err := s.Vault.Signer(ctx, RegistrarSign, string(thumbprint))
	if err != nil {
		return Appended{}, err
	}
	id := act.KeyID{Agency: act.Registrar, Purpose: act.RegistrarSign, Thumbprint: thumbprint}
	raw, err := act.Sign(signer, id, payload)
	if err != nil {
		return Appended{}, err
	}
	a, err := s.verify([]byte(raw))
	if err != nil {
		return Appended{}, err
	}
	return s.admit(ctx, a, also)
}

// The requests about an agency's standing.
const (
	RequestSuspend  = "suspend"
	RequestResume   = "resume"
	RequestOffboard = "offboard"
)

// Request has the registrar change an agency's standing. A request whose outcome
// is there already changes nothing and says so.
func (s *Service) Request(ctx context.Context, name act.AgencyName, request string) (Appended, error) {
	s.enrolling.Lock()
	defer s.enrolling.Unlock()
	var standing ledger.Standing
	var last act.ID
	s.read(func(state *ledger.State) {
		if agency := state.Agency(name); agency != nil {
			standing, last = agency.Standing, agency.Last
		}
	})
	if standing == "" {
		return Appended{}, errNotFound
	}
	about := act.AgencyStanding{Common: s.common(), Agency: name, Prev: last}
	var payload act.Payload
	var outcome ledger.Standing
	switch request {
	case RequestSuspend:
		payload, outcome = &act.AgencySuspend{AgencyStanding: about}, ledger.Suspended
	case RequestResume:
		payload, outcome = &act.AgencyResume{AgencyStanding: about}, ledger.Enrolled
	case RequestOffboard:
		payload, outcome = &act.AgencyOffboard{AgencyStanding: about}, ledger.Offboarded
	default:
		return Appended{}, refuse(CodeMalformed, "the request is suspend, resume or offboard")
	}
	if standing == outcome {
		done, _, err := s.answered(ctx, last)
		return done, err
	}
	return s.registrarAct(ctx, payload, nil)
}
