package story

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// accession lets agency C join AG-2: what was released before is not its to see,
// unless the originator releases it again.
func (s *Story) accession(ctx context.Context) error {
	s.say("demo_accession", nil)
	before, err := s.prepare(ctx, 6)
	if err != nil {
		return err
	}
	if err := s.release(ctx, before); err != nil {
		return err
	}
	s.say("demo_accession_invite", nil)
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "invite", "AG-2", "--agency", c, "--yes"); err != nil {
		return err
	}
	if err := s.known(ctx, c, "AG-2", "invited"); err != nil {
		return err
	}
	joiner := s.As(c, "signatory-1")
	if _, err := s.does(ctx, joiner, "agreement", "accede", "AG-2",
		"--mandate", "Sample mandate: border and immigration act", "--signatory-office", "Director of Operations",
		"--authority", "Sample border and immigration act, section 12", "--gives", "bulletin", "--receives", "bulletin", "--yes", "--compared-fingerprints"); err != nil {
		return err
	}
	s.say("demo_accession_countersign", nil)
	for _, party := range []string{a, b} {
		if err := s.countersigns(ctx, party); err != nil {
			return err
		}
	}
	if err := s.known(ctx, c, "AG-2", "in-force"); err != nil {
		return err
	}
	s.say("demo_accession_before", nil)
	if err := s.refused(ctx, exitNotFound, s.As(c, "analyst-1"), "bulletin", "show", before.item); err != nil {
		return err
	}
	s.say("demo_accession_again", nil)
	return s.release(ctx, before)
}

// countersigns waits until the accession has reached the party's desk.
func (s *Story) countersigns(ctx context.Context, party string) error {
	signatory := s.As(party, "signatory-1")
	args := []string{"agreement", "countersign", "AG-2", "--agency", c, "--yes", "--compared-fingerprints"}
	err := eventually(ctx, "the accession to be known at "+party, func() (bool, error) {
		result, err := signatory.Do(ctx, args...)
		return result.Code == 0, err
	})
	if err == nil {
		s.show(signatory.Agency+"/"+signatory.Name+" ", "concordat", args)
	}
	return err
}

// variant writes a sample agreement with some of its lines changed, so that nobody
// has to wait for days in a demonstration. Pairs are an old text and a new one.
func (s *Story) variant(name string, pairs ...string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(s.Samples, "agreements", name+".yaml"))
	if err != nil {
		return "", err
	}
	text := string(raw)
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			return "", fmt.Errorf("the sample agreement %s does not say %q once", name, pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	file := filepath.Join(s.scratch, name+"-demo.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// reviewOverdue brings AG-4 into force with a review that is due at once: nothing
// new is released until a signatory has reviewed it.
func (s *Story) reviewOverdue(ctx context.Context) error {
	s.say("demo_review", nil)
	source, err := s.variant("ag4",
		"review:\n", "review:\n  first: "+moment(3*time.Second)+"\n",
		"onOverdue: suspend", "onOverdue: freeze-new",
		"termination:\n  noticeDays: 30", "termination:\n  noticeDays: 0")
	if err != nil {
		return err
	}
	file, err := s.documentOf(ctx, "ag4", source)
	if err != nil {
		return err
	}
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "propose", file, "--yes"); err != nil {
		return err
	}
	for _, party := range []string{a, d} {
		if err := s.sign(ctx, party, "AG-4"); err != nil {
			return err
		}
	}
	s.say("demo_review_waits", nil)
	if err := s.known(ctx, a, "AG-4", "review-overdue"); err != nil {
		return err
	}
	if err := s.approved(ctx, s.toFIU); err != nil {
		return err
	}
	if err := s.refused(ctx, exitRefused, s.As(a, "releaser-1"), "bulletin", "release", s.toFIU.draft, "--agreement", "AG-4", "--tlp", s.toFIU.tlp, "--yes"); err != nil {
		return err
	}
	s.say("demo_review_signed", nil)
	if _, err := s.does(ctx, s.As(d, "signatory-1"), "agreement", "review", "AG-4", "--outcome", "continue", "--yes"); err != nil {
		return err
	}
	if err := s.known(ctx, a, "AG-4", "in-force"); err != nil {
		return err
	}
	if err := s.release(ctx, s.toFIU); err != nil {
		return err
	}
	return s.read(ctx, s.toFIU, d)
}

// termination ends AG-4: agency D owes its word on its copies, and gives it.
func (s *Story) termination(ctx context.Context) error {
	s.say("demo_termination", nil)
	if s.toFIU.item == "" {
		return fmt.Errorf("nothing was released under AG-4: there is nothing to dispose of")
	}
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "terminate", "AG-4", "--reason", "review", "--yes"); err != nil {
		return err
	}
	if err := s.known(ctx, d, "AG-4", "terminated"); err != nil {
		return err
	}
	if err := s.notOpened(ctx, s.toFIU); err != nil {
		return err
	}
	s.say("demo_termination_duty", nil)
	if err := s.owes(ctx, d, s.toFIU, "dispose", "open"); err != nil {
		return err
	}
	if _, err := s.does(ctx, s.As(d, "releaser-1"), "bulletin", "attest", s.toFIU.item, "--statement", "destroyed", "--method", "crypto-erase", "--yes"); err != nil {
		return err
	}
	s.say("demo_termination_done", nil)
	return s.owed(ctx, a, s.toFIU, d, "dispose", "done")
}

// moment is a time of day this far from now, as documents and flags have it.
func moment(from time.Duration) string {
	return time.Now().Add(from).UTC().Truncate(time.Second).Format(time.RFC3339)
}
