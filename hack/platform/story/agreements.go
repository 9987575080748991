package story

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/concordat-hub/concordat/hack/platform/officer"
	"github.com/concordat-hub/concordat/internal/message"
)

const (
	a = "agencya"
	b = "agencyb"
	c = "agencyc"
	d = "agencyd"
)

func agencies() []string { return []string{a, b, c, d, "agencye", "agencyf"} }

func (s *Story) enrolment(ctx context.Context) error {
	s.say("demo_enrol", nil)
	for _, agency := range agencies() {
		s.show("", "kubectl", []string{"apply", "-f", agency + ".yaml"})
		if err := s.Enrol(ctx, agency); err != nil {
			return err
		}
	}
	if _, err := s.kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=150s", "agencies", "--all"); err != nil {
		return err
	}
	if err := s.Enrolled(ctx); err != nil {
		return err
	}
	_, err := s.kubectl(ctx, "get", "agencies")
	return err
}

// document makes the document of a sample agreement and returns its file.
func (s *Story) document(ctx context.Context, name string) (string, error) {
	return s.documentOf(ctx, name, filepath.Join(s.Samples, "agreements", name+".yaml"))
}

func (s *Story) documentOf(ctx context.Context, name, source string) (string, error) {
	file := filepath.Join(s.scratch, name+".json")
	args := []string{"agreement", "document", source, "--parties-from-cluster", "--out", file}
	s.show("", "concordat", args)
	result, err := s.Concordat(ctx, args...)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("the document of %s was not made: %s", name, result.Stderr)
	}
	s.output(result.Stderr)
	return file, err
}

type agreementView struct {
	ID        string   `json:"id"`
	Reference string   `json:"reference"`
	Digest    string   `json:"digest"`
	State     string   `json:"state"`
	Signed    []string `json:"signed"`
}

func (s *Story) agreement(ctx context.Context, o *officer.Officer, reference string) (*agreementView, error) {
	var all []agreementView
	if err := o.Must(ctx, &all, "agreement", "list"); err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Reference == reference {
			return &all[i], nil
		}
	}
	return nil, nil
}

// known waits until a party's desk has the agreement in this state.
func (s *Story) known(ctx context.Context, agency, reference, state string) error {
	return eventually(ctx, fmt.Sprintf("%s to be %s at %s", reference, state, agency), func() (bool, error) {
		found, err := s.agreement(ctx, s.As(agency, "signatory-1"), reference)
		return found != nil && (state == "" || found.State == state), err
	})
}

func (s *Story) sign(ctx context.Context, agency, reference string) error {
	if err := s.known(ctx, agency, reference, ""); err != nil {
		return err
	}
	_, err := s.does(ctx, s.As(agency, "signatory-1"), "agreement", "sign", reference, "--yes", "--compared-fingerprints")
	return err
}

func (s *Story) bilateral(ctx context.Context) error {
	s.say("demo_agreement", nil)
	file, err := s.document(ctx, "ag1")
	if err != nil {
		return err
	}
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "propose", file, "--yes"); err != nil {
		return err
	}
	if err := s.sign(ctx, a, "AG-1"); err != nil {
		return err
	}
	s.say("demo_agreement_one_signature", nil)
	if err := s.nothingFlows(ctx, "AG-1"); err != nil {
		return err
	}
	s.say("demo_agreement_second_signature", nil)
	if err := s.sign(ctx, b, "AG-1"); err != nil {
		return err
	}
	if err := s.known(ctx, a, "AG-1", "in-force"); err != nil {
		return err
	}
	_, err = s.does(ctx, s.As(a, "signatory-1"), "agreement", "list")
	return err
}

// nothingFlows drafts and approves the first bulletin, and shows that it cannot
// be released under an agreement that still waits for a signature.
func (s *Story) nothingFlows(ctx context.Context, reference string) error {
	first, err := s.prepare(ctx, 1)
	if err != nil {
		return err
	}
	return s.refused(ctx, exitRefused, s.As(a, "releaser-1"), "bulletin", "release", first.draft, "--agreement", reference, "--tlp", first.tlp, "--yes")
}

func (s *Story) multilateral(ctx context.Context) error {
	s.say("demo_multilateral", nil)
	file, err := s.document(ctx, "ag2")
	if err != nil {
		return err
	}
	manifest := filepath.Join(s.scratch, "ag2.yaml")
	if result, err := s.Concordat(ctx, "agreement", "document", file, "--manifest", "ag-2", "--proposed-by", a, "--out", manifest); err != nil || result.Code != 0 {
		return fmt.Errorf("no manifest of AG-2: %w %s", err, result.Stderr)
	}
	if _, err := s.kubectl(ctx, "apply", "-f", manifest); err != nil {
		return err
	}
	s.say("demo_multilateral_request", nil)
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "propose", "--object", "ag-2", "--yes"); err != nil {
		return err
	}
	for _, agency := range []string{a, b} {
		if err := s.sign(ctx, agency, "AG-2"); err != nil {
			return err
		}
		if agency != b {
			if err := s.stillProposed(ctx, agency); err != nil {
				return err
			}
		}
	}
	for _, agency := range []string{a, b} {
		if err := s.known(ctx, agency, "AG-2", "in-force"); err != nil {
			return err
		}
	}
	if _, err := s.kubectl(ctx, "wait", "--for=condition=InForce", "--timeout=30s", "sharingagreement/ag-2"); err != nil {
		return err
	}
	_, err = s.kubectl(ctx, "get", "sharingagreements")
	return err
}

func (s *Story) stillProposed(ctx context.Context, agency string) error {
	found, err := s.agreement(ctx, s.As(agency, "signatory-1"), "AG-2")
	if err != nil {
		return err
	}
	if found.State != "proposed" {
		return fmt.Errorf("AG-2 is %s although a signature is missing", found.State)
	}
	s.say("demo_multilateral_waits", message.Params{"Signed": strings.Join(found.Signed, ", ")})
	return nil
}

// refusals shows what must not work: a document with one changed word, and
// approving one's own draft.
func (s *Story) refusals(ctx context.Context) error {
	s.say("demo_tampered", nil)
	raw, err := os.ReadFile(filepath.Join(s.scratch, "ag1.json"))
	if err != nil {
		return err
	}
	tampered := filepath.Join(s.scratch, "ag1-tampered.json")
	changed := bytes.Replace(raw, []byte(`"role":"both"`), []byte(`"role":"observer"`), 1)
	if bytes.Equal(changed, raw) {
		return fmt.Errorf("the sample agreement has no role to tamper with")
	}
	if err := os.WriteFile(tampered, changed, 0o600); err != nil {
		return err
	}
	signed, err := s.agreement(ctx, s.As(b, "signatory-1"), "AG-1")
	if err != nil {
		return err
	}
	if err := s.refused(ctx, exitUsage, s.As(a, "signatory-1"), "agreement", "propose", tampered, "--digest", signed.Digest, "--yes"); err != nil {
		return err
	}
	if err := s.refused(ctx, exitUsage, s.As(a, "signatory-1"), "agreement", "propose", tampered, "--yes"); err != nil {
		return err
	}
	s.say("demo_self_approval", nil)
	author := s.As(a, "analyst-2")
	draft, err := s.draft(ctx, author, s.file(2))
	if err != nil {
		return err
	}
	return s.refused(ctx, exitRefused, author, "bulletin", "approve", draft, "--yes")
}
