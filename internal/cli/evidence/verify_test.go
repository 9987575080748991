package evidence_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/cli/evidence"
	"github.com/concordat-hub/concordat/internal/cli/evidence/evidencetest"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/tlog"
)

func inputs(r evidencetest.Receipt, contents ...string) evidence.Inputs {
	in := evidence.Inputs{LogKey: r.LogKey, Keys: r.Ring}
	for _, content := range contents {
		in.Contents = append(in.Contents, []byte(content))
	}
	return in
}

func code(err error) string {
	var refusal *evidence.Refusal
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}

func TestAReceiptProvesWhoReleasedWhatAndWhere(t *testing.T) {
	r := evidencetest.Release(t)
	report, err := evidence.Verify(r.Text, inputs(r, "another spelling", evidencetest.Content))
	if err != nil {
		t.Fatal(err)
	}
	want := &evidence.Report{
		Hub: evidencetest.Hub, Index: 6, Time: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), TreeSize: 11,
		Kind: "item.release", Act: r.Act.ID, Agency: "agencya", KeyID: r.Act.KeyID.String(), Signature: evidence.Verified,
		Item: evidencetest.Item, Version: 1, Release: r.Act.ID, Agreement: r.Act.Payload.(*act.ItemRelease).Agreement.Digest,
		Officer: "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa", Content: "body", Restrictions: map[string][]string{"tlp": {"TLP:AMBER"}},
	}
	report.Parts = nil
	if diff := cmp.Diff(want, report); diff != "" {
		t.Error(diff)
	}
}

// The promise of the product's evidence: whichever byte is changed, the receipt
// no longer holds.
func TestAReceiptWithAnyByteChangedIsRefused(t *testing.T) {
	r := evidencetest.Release(t)
	for i := range r.Text {
		changed := bytes.Clone(r.Text)
		changed[i] ^= 1
		if report, err := evidence.Verify(changed, inputs(r, evidencetest.Content)); code(err) == "" {
			t.Fatalf("byte %d of %d (%q) can be changed: %v, %v", i, len(r.Text), r.Text[i], report, err)
		}
	}
}

func TestAReceiptIsRefused(t *testing.T) {
	r := evidencetest.Release(t)
	other := evidencetest.Release(t, func(e *ledger.Entry, _ *tlog.Receipt) { e.Index = 5 })
	foreign := evidencetest.Release(t, func(_ *ledger.Entry, r *tlog.Receipt) {
		r.Descriptors[0].Salt = seal.Salt{6}
	})
	unsalted := evidencetest.Release(t, func(_ *ledger.Entry, r *tlog.Receipt) { r.ContentSalt = nil })
	record := evidencetest.Release(t, func(e *ledger.Entry, r *tlog.Receipt) {
		e.Act, e.Record, r.Descriptors = nil, &ledger.Record{Type: "decision.v1", Agency: "agencyb", Action: "open", Results: []ledger.Result{}}, nil
	})
	stranger := inputs(r)
	stranger.Keys = &keyring.Ring{}
	otherLog := inputs(r)
	otherLog.LogKey = "concordat.test/hub+00000000+AAAA"
	for name, row := range map[string]struct {
		receipt []byte
		in      evidence.Inputs
		code    string
	}{
		"nothing":                           {nil, inputs(r), "receipt_malformed"},
		"cut in the middle":                 {r.Text[:len(r.Text)/2], inputs(r), "receipt_malformed"},
		"a malformed key of the log":        {r.Text, otherLog, "receipt_log_key_malformed"},
		"an entry of another index":         {other.Text, inputs(other), "receipt_index_differs"},
		"a descriptor that is not listed":   {foreign.Text, inputs(foreign), "receipt_descriptor_foreign"},
		"another content":                   {r.Text, inputs(r, evidencetest.Content+" "), "receipt_content_differs"},
		"no salt for the content":           {unsalted.Text, inputs(unsalted, evidencetest.Content), "receipt_without_content"},
		"a content for a record of the hub": {record.Text, inputs(record, evidencetest.Content), "receipt_without_content"},
		"keys without the one that signed":  {r.Text, stranger, "receipt_key_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := evidence.Verify(row.receipt, row.in)
			if code(err) != row.code {
				t.Errorf("Verify = %v, %v; want %s", report, err, row.code)
			}
		})
	}
}

func TestWithoutKeysTheReportSaysThatTheSignatureWasNotChecked(t *testing.T) {
	r := evidencetest.Release(t)
	report, err := evidence.Verify(r.Text, evidence.Inputs{LogKey: r.LogKey})
	if err != nil || report.Signature != evidence.NotVerified || report.Content != "" {
		t.Errorf("Verify = %+v, %v", report, err)
	}
}
