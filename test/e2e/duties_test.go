package e2e

import (
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/hack/platform/officer"
)

// dutyView is one thing that a receiver owes.
type dutyView struct {
	Kind, Holder, State string
}

// owed are the states of one kind of duty for an item, by holder.
func owed(t *testing.T, who *officer.Officer, item, kind string) map[string]string {
	t.Helper()
	states := map[string]string{}
	for _, duty := range get[[]dutyView](t, who, "bulletin", "obligations", item) {
		if duty.Kind == kind {
			states[duty.Holder] = duty.State
		}
	}
	return states
}

// becomes waits until a duty is told in this state.
func becomes(t *testing.T, who *officer.Officer, item, kind, holder, state string) {
	t.Helper()
	eventually(t, holder+"'s duty to "+kind+" to be "+state, func() bool { return owed(t, who, item, kind)[holder] == state })
}

// reads waits until an officer reads a sentence at an item.
func reads(t *testing.T, who *officer.Officer, item, sentence string) {
	t.Helper()
	eventually(t, "the sentence "+sentence, func() bool {
		return strings.Contains(words(do(t, ok, who, "bulletin", "show", item, "--lang", "en").Stdout), sentence)
	})
}

// shared is an item of the first party that the others have opened.
func shared(t *testing.T, one *agreement) string {
	t.Helper()
	item := released(t, one, 1)
	for _, reader := range one.parties[1:] {
		arrives(t, reader, item)
		do(t, ok, analyst(reader), open(item)...)
	}
	return item
}

// endsAtOnce lets a termination take effect without notice.
var endsAtOnce = []edit{{"  noticeDays: 30", "  noticeDays: 0"}}
