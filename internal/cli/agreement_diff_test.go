package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestDiffSaysWhatARevisionChanges(t *testing.T) {
	w := newWorld(t)
	source, _ := composedNew(t, w)
	before := w.file("before.yaml", source)
	after := w.file("after.yaml", strings.Replace(source, "noticeDays: 30", "noticeDays: 60", 1))
	got := w.expect(OK, "agreement", "diff", before, after)
	if !strings.Contains(got.stdout, "Days of notice: from 30 to 60.") || !strings.Contains(got.stdout, "/termination/noticeDays") {
		t.Errorf("said\n%s", got.stdout)
	}
	var changes []changeView
	if err := json.Unmarshal([]byte(w.expect(OK, "agreement", "diff", before, after, "-o", "json").stdout), &changes); err != nil {
		t.Fatal(err)
	}
	if len(changes) != 1 || changes[0].Code != "agreementdiff_termination_noticeDays_changed" || changes[0].Params["After"] != "60" || changes[0].Sentence == "" || changes[0].Direction != "changes" {
		t.Errorf("changes are %+v", changes)
	}
	redline := w.expect(OK, "agreement", "diff", before, after, "--redline").stdout
	if !strings.Contains(redline, "~~30~~ **60** day(s) after notice") {
		t.Errorf("the redline is\n%s", redline)
	}
	same := w.expect(OK, "agreement", "diff", before, before)
	if same.stdout != "" || same.stderr == "" {
		t.Errorf("of nothing it says %q and %q", same.stdout, same.stderr)
	}
	if got := w.expect(OK, "agreement", "diff", before, before, "-o", "json").stdout; strings.TrimSpace(got) != "[]" {
		t.Errorf("of nothing it says %q", got)
	}
}
