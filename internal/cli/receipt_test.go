package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/cli/evidence/evidencetest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// receiptFiles is a folder with a receipt, the public keys and the content, as
// somebody would hand them over on a stick.
func receiptFiles(t *testing.T) (w *world, receipt, keys, content string, r evidencetest.Receipt) {
	t.Helper()
	w = newWorld(t)
	w.desk.Close() // verification asks nobody
	r = evidencetest.Release(t)
	raw, err := r.Ring.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return w, w.file("b1.tlog-proof", string(r.Text)), w.file("keys.yaml", string(raw)), w.file("b1.json", evidencetest.Content+"\n"), r
}

func TestAReceiptVerifiesOfflineAndFailsWithOneByteChanged(t *testing.T) {
	w, receipt, keys, content, r := receiptFiles(t)
	got := w.expect(OK, "receipt", "verify", receipt, "--keys", keys, "--content", content)
	for _, want := range []string{"item.release", "agencya", evidencetest.Item, "verified under the agency's public key", "is the part body of the release"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("stdout does not say %q:\n%s", want, got.stdout)
		}
	}
	// Each region of the file: header, entry, index, proof, checkpoint, signature.
	for _, at := range []int{3, len(r.Text) / 4, len(r.Text) / 2, len(r.Text) * 3 / 4, len(r.Text) - 40, len(r.Text) - 2} {
		changed := []byte(string(r.Text))
		changed[at] ^= 1
		w.expect(Failed, "receipt", "verify", w.file("changed", string(changed)), "--keys", keys)
	}
}

// A receipt of the hub's word that it answered nothing says so in a sentence.
func TestAReceiptOfAnAbortedOpenSaysThatNothingWasHandedOut(t *testing.T) {
	w, _, _, _, _ := receiptFiles(t)
	r := evidencetest.Release(t, func(e *ledger.Entry, receipt *tlog.Receipt) {
		receipt.Descriptors, e.Act = nil, nil
		e.Record = &ledger.Record{
			Type: ledger.AbortRecord, Agency: "agencyb", Action: "open", Part: "body", Decision: 3,
			Results: []ledger.Result{{Release: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Reason: ledger.AbortedEpochChanged}},
		}
	})
	got := w.expect(OK, "receipt", "verify", w.file("abort.tlog-proof", string(r.Text)), "--log-key", r.LogKey)
	for _, want := range []string{"abort.v1", "agencyb", "aborted_epoch_changed", "The open that entry 3 allowed counts as none"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("stdout does not say %q:\n%s", want, got.stdout)
		}
	}
}

func TestAReceiptSaysWhatItCannotProve(t *testing.T) {
	w, receipt, keys, content, r := receiptFiles(t)
	other := w.file("other.json", strings.Replace(evidencetest.Content, "fictional", "different", 1))
	for name, row := range map[string]struct {
		args []string
		want Exit
		says string
	}{
		"another content":        {[]string{receipt, "--keys", keys, "--content", other}, Failed, "not what was released"},
		"no log key":             {[]string{receipt}, Usage, "Which log?"},
		"only the log's key":     {[]string{receipt, "--log-key", r.LogKey, "--content", content}, OK, "was not checked"},
		"another log's key":      {[]string{receipt, "--log-key", "other.example/hub+00000000+AQ"}, Failed, "verifier key"},
		"a file of other things": {[]string{content, "--keys", keys}, Failed, "not a whole receipt"},
		"keys that are no keys":  {[]string{receipt, "--keys", content}, Usage, "not a file of public keys"},
		"no such file":           {[]string{filepath.Join(w.home, "nothing"), "--keys", keys}, Usage, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.expect(row.want, append([]string{"receipt", "verify"}, row.args...)...)
			if !strings.Contains(got.stderr, row.says) {
				t.Errorf("stderr is %q, want %q in it", got.stderr, row.says)
			}
		})
	}
}

func TestReceiptGetWritesTheReceiptWhole(t *testing.T) {
	w := newWorld(t).loggedIn()
	w.desk.set("GET /api/v1/items/"+itemID+"/receipt?of=open&release=", answer{status: 200, kind: "application/x-tlog-proof", body: []byte("c2sp.org/tlog-proof@v1\n")})
	out := filepath.Join(w.home, "r.tlog-proof")
	w.expect(OK, "receipt", "get", itemID, "--of", "open", "--out", out)
	if raw, err := os.ReadFile(out); err != nil || string(raw) != "c2sp.org/tlog-proof@v1\n" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
	left, err := filepath.Glob(filepath.Join(w.home, ".concordat-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	w.expect(NotFound, "receipt", "get", "itm-unknown")
}
