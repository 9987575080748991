package story

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// duty is a line of what is owed.
type duty struct {
	Kind   string `json:"kind"`
	Holder string `json:"holder"`
	Item   string `json:"item"`
	State  string `json:"state"`
}

// owes waits until the agency's own desk says that it owes this for the item, and
// shows it.
func (s *Story) owes(ctx context.Context, agency string, one *bulletin, kind, state string) error {
	if err := s.awaitDuty(ctx, agency, duty{kind, agency, one.item, state}); err != nil {
		return err
	}
	_, err := s.does(ctx, s.As(agency, "releaser-1"), "duties")
	return err
}

// owed waits until the originator's desk says so of a holder, and shows it.
func (s *Story) owed(ctx context.Context, agency string, one *bulletin, holder, kind, state string) error {
	if err := s.awaitDuty(ctx, agency, duty{kind, holder, one.item, state}, "--of-others"); err != nil {
		return err
	}
	_, err := s.does(ctx, s.As(agency, "releaser-1"), "bulletin", "obligations", one.item)
	return err
}

func (s *Story) awaitDuty(ctx context.Context, agency string, want duty, flags ...string) error {
	return eventually(ctx, fmt.Sprintf("the duty to %s at %s to be %s", want.Kind, want.Holder, want.State), func() (bool, error) {
		var all []duty
		err := s.As(agency, "releaser-1").Must(ctx, &all, append([]string{"duties", "--all"}, flags...)...)
		return slices.Contains(all, want), err
	})
}

// tightening restricts B2, which two agencies have opened already.
func (s *Story) tightening(ctx context.Context) error {
	s.say("demo_tightening", nil)
	one := s.bulletins[1]
	if _, err := s.does(ctx, s.As(a, "releaser-1"), "bulletin", "restrict", one.item,
		"--restrict", "judicialUse=prohibited purposes=training", "--acknowledge-by", moment(72*time.Hour), "--yes"); err != nil {
		return err
	}
	s.say("demo_tightening_owed", nil)
	for _, holder := range strings.Fields(one.readers) {
		if err := s.awaitDuty(ctx, a, duty{"acknowledge", holder, one.item, "open"}, "--of-others"); err != nil {
			return err
		}
	}
	if _, err := s.does(ctx, s.As(a, "releaser-1"), "duties", "--of-others"); err != nil {
		return err
	}
	s.say("demo_tightening_asked", nil)
	reader := s.As(b, "analyst-1")
	if err := s.refused(ctx, exitRefused, reader, "bulletin", "open", one.item, "--purpose", "detection", "--justification", "demonstration", "--accept", "yes"); err != nil {
		return err
	}
	if err := s.read(ctx, one, b); err != nil {
		return err
	}
	return s.owed(ctx, a, one, b, "acknowledge", "done")
}

// cannotComply lets agency C say that its law does not let it keep to the new
// terms of B2.
func (s *Story) cannotComply(ctx context.Context) error {
	s.say("demo_cannot_comply", nil)
	one := s.bulletins[1]
	if _, err := s.does(ctx, s.As(c, "releaser-1"), "bulletin", "cannot-comply", one.item, "--axis", "judicialUse", "--reason", "domestic-law", "--yes"); err != nil {
		return err
	}
	if err := s.refused(ctx, exitRefused, s.As(c, "analyst-1"), "bulletin", "open", one.item, "--purpose", one.purpose, "--justification", "demonstration", "--accept", "yes"); err != nil {
		return err
	}
	s.say("demo_cannot_comply_told", nil)
	if err := s.owed(ctx, a, one, c, "acknowledge", "done"); err != nil {
		return err
	}
	_, err := s.does(ctx, s.As(a, "releaser-1"), "bulletin", "why", one.item, "--agency", c)
	return err
}

// silence asks for a consent that nobody answers.
func (s *Story) silence(ctx context.Context) error {
	s.say("demo_silence", nil)
	one := s.bulletins[0]
	asker := s.As(b, "releaser-1")
	var asked struct {
		Request string `json:"request"`
	}
	args := []string{
		"consent", "request", one.item, "--use", "onward", "--for", c, "--purpose", one.purpose,
		"--until", moment(240 * time.Hour), "--answer-by", moment(3 * time.Second),
	}
	s.show(asker.Agency+"/"+asker.Name+" ", "concordat", args)
	if err := asker.Must(ctx, &asked, args...); err != nil {
		return err
	}
	s.say("demo_silence_waits", nil)
	if err := s.consent(ctx, asker.Agency, asked.Request, "lapsed"); err != nil {
		return err
	}
	s.say("demo_silence_is_no", nil)
	if err := s.refused(ctx, exitRefused, s.As(a, "releaser-1"), "consent", "grant", asked.Request); err != nil {
		return err
	}
	return s.notPassedOn(ctx, one)
}

// notPassedOn takes an item into a draft of agency B's own, has it approved, and
// shows that its release stops at the missing consent.
func (s *Story) notPassedOn(ctx context.Context, one *bulletin) error {
	if err := s.read(ctx, one, b); err != nil {
		return err
	}
	var made struct {
		ID string `json:"id"`
	}
	args := []string{"bulletin", "pass-on", one.item, "--agreement", "AG-2", "--to", c, "--purpose", one.purpose}
	s.show(b+"/analyst-1 ", "concordat", args)
	if err := s.As(b, "analyst-1").Must(ctx, &made, args...); err != nil {
		return err
	}
	if _, err := s.does(ctx, s.As(b, "analyst-2"), "bulletin", "approve", made.ID, "--yes", "-o", "name"); err != nil {
		return err
	}
	release := []string{"bulletin", "release", made.ID, "--agreement", "AG-2", "--recipient", c, "--purpose", one.purpose}
	if _, err := s.tries(ctx, s.As(b, "releaser-1"), append(release, "--dry-run")...); err != nil {
		return err
	}
	return s.refused(ctx, exitRefused, s.As(b, "releaser-1"), append(release, "--yes")...)
}

// consent waits until an agency's desk has the request in this state.
func (s *Story) consent(ctx context.Context, agency, request, state string) error {
	asks := s.As(agency, "releaser-1")
	err := eventually(ctx, "the request for consent to be "+state, func() (bool, error) {
		var all []struct {
			Request string `json:"request"`
			State   string `json:"state"`
		}
		if err := asks.Must(ctx, &all, "consent", "list"); err != nil {
			return false, err
		}
		for _, one := range all {
			if one.Request == request {
				return one.State == state, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	_, err = s.does(ctx, asks, "consent", "list")
	return err
}

// notice tells of a disclosure that no restriction can stop, while the agreement
// is suspended.
func (s *Story) notice(ctx context.Context) error {
	s.say("demo_notice", nil)
	one := s.bulletins[0]
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "suspend", "AG-1", "--reason", "review", "--yes"); err != nil {
		return err
	}
	if err := s.known(ctx, b, "AG-1", "suspended"); err != nil {
		return err
	}
	if _, err := s.does(ctx, s.As(b, "releaser-1"), "notice", "disclosure", one.item, "--cause", "exculpatory", "--when", moment(48*time.Hour), "--consult"); err != nil {
		return err
	}
	s.say("demo_notice_told", nil)
	originator := s.As(a, "releaser-1")
	err := eventually(ctx, "the notice to reach the originator", func() (bool, error) {
		result, err := originator.Do(ctx, "bulletin", "show", one.item, "-o", "json")
		return result.Code == 0 && strings.Contains(result.Stdout, "disclosure_exculpatory"), err
	})
	if err != nil {
		return err
	}
	if _, err := s.does(ctx, originator, "bulletin", "show", one.item); err != nil {
		return err
	}
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "resume", "AG-1", "--yes"); err != nil {
		return err
	}
	return s.known(ctx, b, "AG-1", "in-force")
}
