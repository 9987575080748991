package desk

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
)

// Duties lists what this agency owes others, or with ofOthers what others owe it:
// the next day first. Without closed, only what still waits for something is
// there, and whom nobody reaches any more.
func (d *Desk) Duties(_ context.Context, o *Officer, lang, itemID string, ofOthers, closed bool) ([]deskapi.Duty, error) {
	if err := o.need(ReadDuties); err != nil {
		return nil, err
	}
	out := []deskapi.Duty{}
	err := d.view(func(s *ledger.State, now time.Time) error {
		if it := s.Item(itemID); itemID != "" && it == nil {
			return notFound
		}
		s.Items(func(it *ledger.Item) {
			if (itemID == "" || itemID == it.ID) && (it.Publisher == d.Agency) == ofOthers {
				out = append(out, d.dutiesOf(s, lang, it, closed, now)...)
			}
		})
		return nil
	})
	slices.SortFunc(out, func(a, b deskapi.Duty) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Holder, b.Holder), cmp.Compare(a.Kind, b.Kind))
	})
	return out, err
}

// Obligations lists every duty for one item, closed ones too: for the originator
// who has acknowledged, who is overdue and whom nobody reaches; for a receiver
// its own.
func (d *Desk) Obligations(ctx context.Context, o *Officer, lang, itemID string) ([]deskapi.Duty, error) {
	own := false
	err := d.view(func(s *ledger.State, _ time.Time) error {
		it := s.Item(itemID)
		if it == nil {
			return notFound
		}
		own = it.Publisher == d.Agency
		return nil
	})
	if err != nil && o.need(ReadDuties) == nil {
		return nil, err
	}
	return d.Duties(ctx, o, lang, itemID, own, true)
}

func (d *Desk) dutiesOf(s *ledger.State, lang string, it *ledger.Item, closed bool, now time.Time) []deskapi.Duty {
	var out []deskapi.Duty
	for _, release := range it.Releases {
		for _, duty := range policy.Duties(s, release, now) {
			// A desk hears of its own opens and of those of what it published.
			mine := duty.Holder == d.Agency || it.Publisher == d.Agency
			if mine && (closed || duty.State != policy.Done) {
				out = append(out, describeDuty(lang, duty))
			}
		}
	}
	return out
}

func describeDuty(lang string, duty policy.Duty) deskapi.Duty {
	out := deskapi.Duty{
		Kind: string(duty.Kind), Holder: string(duty.Holder), Originator: string(duty.Release.Item.Publisher),
		Item: duty.Release.Item.ID, Release: string(duty.Release.ID), Agreement: duty.Release.Revision.Document.ID, Because: string(duty.Because), Due: duty.Due.UTC(),
		State: string(duty.State), Closed: string(duty.Closed),
	}
	out.Message = message.Render(lang, message.New(dutyCode(duty), dutyParams(duty)))
	return out
}

// dutyCode names the sentence: what is owed while it is, and how it ended.
func dutyCode(duty policy.Duty) string {
	switch duty.State {
	case policy.Done, policy.Held, policy.Unreachable:
		return "desk_duty_" + string(duty.State)
	}
	kind := map[policy.DutyKind]string{
		policy.ToAcknowledge: "acknowledge", policy.ToReportUse: "report_use", policy.ToDispose: "dispose",
		policy.ToErase: "erase", policy.ToDestroy: "destroy",
	}[duty.Kind]
	return "desk_duty_" + kind + "_" + string(duty.State)
}

func dutyParams(duty policy.Duty) message.Params {
	return message.Params{
		"Holder": string(duty.Holder), "Originator": string(duty.Release.Item.Publisher), "Due": day(duty.Due),
	}
}

// day is a moment as people plan with it; the exact one stands beside it.
func day(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

// notes are what an officer has to know of a release beside its state; sent says
// whom an own one was sealed to.
func (d *Desk) notes(
	s *ledger.State, lang string, release *ledger.Release, sent []act.AgencyName, decision policy.Decision, now time.Time,
) []deskapi.Note {
	n := &noting{d: d, s: s, lang: lang, release: release, now: now}
	if release.Item.Publisher == d.Agency {
		n.asOriginator()
		n.held(sent)
	} else {
		n.asReceiver(decision)
	}
	n.outgoing()
	n.disposed()
	return n.all
}

type noting struct {
	d       *Desk
	s       *ledger.State
	lang    string
	release *ledger.Release
	now     time.Time
	all     []deskapi.Note
}

func (n *noting) add(code string, note deskapi.Note, params message.Params) {
	all := message.Params{"By": note.By, "Due": day(note.Due), "Originator": string(n.release.Item.Publisher), "Done": 0, "Of": 0}
	maps.Copy(all, params)
	note.Code, note.Message = code, message.Render(n.lang, message.New("desk_note_"+code, all))
	n.all = append(n.all, note)
}

func (n *noting) asReceiver(decision policy.Decision) {
	if step, said := n.release.CannotComply(n.d.Agency); said {
		n.add("cannot_comply", deskapi.Note{Act: string(step.Act)}, nil)
	}
	for _, duty := range policy.Duties(n.s, n.release, n.now) {
		if duty.Holder != n.d.Agency || !openNow(duty.State) {
			continue
		}
		if duty.Kind == policy.ToAcknowledge {
			n.add("restricted_"+string(duty.State), deskapi.Note{Due: duty.Due.UTC(), Act: string(duty.Because)}, nil)
			continue
		}
		owed := describeDuty(n.lang, duty)
		n.all = append(n.all, deskapi.Note{Code: "duty_" + string(duty.State), Message: owed.Message, Due: owed.Due, Act: owed.Because})
	}
	if decision.Reason == policy.DutyOverdue {
		n.add("held_for_duty", deskapi.Note{Act: decision.Evidence[0]}, nil)
	}
	if said := n.release.Acknowledged(n.d.Agency); said != nil && said.Held != nil {
		n.add("hold", deskapi.Note{Act: string(said.Held.Act)}, nil)
	}
	n.consents("consent_")
}

// asOriginator tells who answered a later request, who cannot comply, who asks,
// and who told of a disclosure or a hold.
func (n *noting) asOriginator() {
	n.receipts()
	for _, party := range n.release.Revision.AllParties() {
		if step, said := n.release.CannotComply(party.Agency); said {
			n.add("receiver_cannot_comply", deskapi.Note{By: string(party.Agency), Act: string(step.Act)}, nil)
		}
		if said := n.release.Acknowledged(party.Agency); said != nil && said.Held != nil {
			n.add("receiver_hold", deskapi.Note{By: string(party.Agency), Act: string(said.Held.Act)}, nil)
		}
	}
	for _, notice := range n.release.Notices {
		n.add("disclosure_"+notice.Payload.Cause, deskapi.Note{By: string(notice.By), Due: notice.Payload.Disclosure.UTC(), Act: string(notice.Act)}, nil)
	}
	n.consents("asked_")
	for _, parent := range n.release.Parents {
		if step := parent.Item.Retracted; step != nil {
			n.add("parent_retracted", deskapi.Note{By: string(parent.Item.Publisher), Act: string(step.Act)}, nil)
		}
		if asked := newestAfter(parent, n.d.Agency, n.release.Index); asked != nil {
			code := "parent_restricted"
			if looserThan(n.release, parent, n.d.Agency) {
				code = "parent_restricting"
			}
			n.add(code, deskapi.Note{By: string(parent.Item.Publisher), Act: string(asked.Act)}, nil)
		}
	}
}

// held tells for whom a release waits: it was sealed for them, and they get it with
// the answer that they owed when it came.
func (n *noting) held(sent []act.AgencyName) {
	for _, name := range sent {
		if held := policy.StillHeld(n.s, n.release, name, n.now); held != nil {
			n.add("receiver_held", deskapi.Note{By: string(name), Act: held.Evidence[0]}, nil)
		}
	}
}

// receipts counts the answers to later requests: who said nothing by its day
// stands by name.
func (n *noting) receipts() {
	done, all := 0, 0
	for _, duty := range policy.Duties(n.s, n.release, n.now) {
		if duty.Kind != policy.ToAcknowledge {
			continue
		}
		all++
		switch duty.State {
		case policy.Done:
			done++
		case policy.Overdue:
			n.add("receiver_overdue", deskapi.Note{By: string(duty.Holder), Due: duty.Due.UTC(), Act: string(duty.Because)}, nil)
		case policy.Unreachable:
			n.add("receiver_unreachable", deskapi.Note{By: string(duty.Holder), Act: string(duty.Because)}, nil)
		}
	}
	if all > 0 {
		n.add("acknowledged", deskapi.Note{}, message.Params{"Done": done, "Of": all})
	}
}

// consents tells of requests that still wait, or that ended in a no lately.
func (n *noting) consents(prefix string) {
	n.s.Consents(func(c *ledger.Consent) {
		if c.Release != n.release || prefix == "consent_" && c.By != n.d.Agency {
			return
		}
		state := consentState(c, n.now)
		if prefix == "asked_" && state != consentPending {
			return
		}
		due := c.Lapses.Effective
		if state == consentGranted {
			due = c.Payload.Until.Time
		}
		n.add(prefix+state, deskapi.Note{By: string(c.By), Due: due.UTC(), Act: string(c.Act)}, nil)
	})
	slices.SortStableFunc(n.all, func(a, b deskapi.Note) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Act, b.Act)) })
}

// newestAfter is the newest request about a parent that binds its receiver and
// came after the index.
func newestAfter(parent *ledger.Release, name act.AgencyName, index uint64) *ledger.Restrict {
	for i, asked := range slices.Backward(parent.Item.Restricts) {
		if asked.Index > index && asked.Concerns(parent, name) {
			return &parent.Item.Restricts[i]
		}
	}
	return nil
}
