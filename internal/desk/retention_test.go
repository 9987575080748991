package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/agreement"
)

// The officer is told until when, before the first opening and after it; when the
// days are over the item is refused with the day, and once the hub has deleted its
// copy, reader and originator find its word for that.
func TestOfficersAreToldUntilWhenAndWhatTheHubDeleted(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.agency("agencyb")
	id := w.agree([]*site{a, b}, whole(func(d *agreement.Document) { d.Retention.MaxDays = 3 }))
	release := shared(t, id, a, nil, b)

	before := b.conditions(release.Item)
	if before.Retention == nil || before.Retention.Days != 3 || !before.Retention.OpenUntil.IsZero() || !strings.Contains(before.Retention.Message, "3 days") {
		t.Errorf("before the first opening: %+v", before.Retention)
	}
	if own := a.conditions(release.Item); own.Retention != nil {
		t.Errorf("the originator is told of its own copies: %+v", own.Retention)
	}
	mustRead(t, b, release.Item)
	w.await("the desk to hear of its own opening", func() bool { return !b.conditions(release.Item).Retention.OpenUntil.IsZero() })
	told := b.conditions(release.Item).Retention
	if left := time.Until(told.OpenUntil); left < 71*time.Hour || left > 72*time.Hour || !strings.Contains(told.Message, told.OpenUntil.Format("2006-01-02 15:04")) {
		t.Errorf("after it: %+v", told)
	}
	raw, err := b.analyst().Restrictions(t.Context(), release.Item, "", "text")
	if err != nil || !strings.Contains(string(raw), told.Message) {
		t.Errorf("the restrictions say %s, %v", raw, err)
	}

	w.later(73 * time.Hour)
	_, err = b.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_restriction_forbids")
	if why := b.why(release.Item); !strings.Contains(why, told.OpenUntil.UTC().Format("2006-01-02T15:04:05.000Z")) {
		t.Errorf("why: %s", why)
	}
	for _, s := range []*site{a, b} {
		note := s.notes(release.Item, "hub_copy_deleted")
		answer, _ := s.access(release.Item, time.Time{})
		if len(answer.Disposals) != 1 {
			t.Fatalf("%s finds %+v", s.name, answer.Disposals)
		}
		one := answer.Disposals[0]
		if one.Part != "body" || one.Reason != "disposal_retention_over" || len(one.Bodies) != 1 || one.Entry == 0 || one.Message != note.Message {
			t.Errorf("%s finds %+v", s.name, one)
		}
	}
	_, err = a.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_copy_deleted")
	if why := a.why(release.Item); !strings.Contains(why, "deleted its copy") {
		t.Errorf("why: %s", why)
	}
}

// why is what its auditor is told of the site's own agency, now.
func (s *site) why(item string) string {
	s.w.t.Helper()
	answer, _ := s.access(item, time.Time{})
	for _, one := range answer.Agencies {
		if one.Agency == string(s.name) {
			return one.Message
		}
	}
	return ""
}
