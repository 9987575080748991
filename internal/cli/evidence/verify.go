package evidence

import (
	"errors"
	"fmt"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// Refusal says why a receipt does not prove what it should. Code is stable:
// receipt_malformed, receipt_not_in_log, receipt_entry_malformed,
// receipt_index_differs, receipt_other_hub, receipt_signature_invalid,
// receipt_key_unknown, receipt_descriptor_foreign, receipt_content_differs,
// receipt_without_content.
type Refusal struct {
	Code  string
	cause error
}

func (r *Refusal) Error() string {
	if r.cause == nil {
		return r.Code
	}
	return r.Code + ": " + r.cause.Error()
}

func (r *Refusal) Unwrap() error { return r.cause }

// Signature says what is known of the signature inside the receipt.
type Signature string

// What a report says of the signature.
const (
	Verified    Signature = "verified"    // under a key that the reader brought
	NotVerified Signature = "not-checked" // no keys were brought; the log vouches that the hub admitted it
	Unsigned    Signature = "none"        // a record of the hub, which only the log vouches for
)

// Report is what a valid receipt proves.
type Report struct {
	Hub          string              `json:"hub"`
	Index        uint64              `json:"index"`
	Time         time.Time           `json:"time"` // of admission, as the hub has it
	TreeSize     int64               `json:"treeSize"`
	Kind         string              `json:"kind"` // of the act, or the record's type
	Act          act.ID              `json:"act,omitempty"`
	Agency       string              `json:"agency"`
	KeyID        string              `json:"keyID,omitempty"`
	Signature    Signature           `json:"signature"`
	Item         string              `json:"item,omitempty"`
	Version      int                 `json:"version,omitempty"`
	Release      act.ID              `json:"release,omitempty"`
	Agreement    string              `json:"agreement,omitempty"` // digest of the document
	Purpose      string              `json:"purpose,omitempty"`
	Officer      string              `json:"officer,omitempty"` // pseudonym
	Parts        []Part              `json:"parts,omitempty"`
	Content      string              `json:"content,omitempty"` // part that the given content is, if any was given
	Decisions    []Decision          `json:"decisions,omitempty"`
	TakesBack    uint64              `json:"takesBack,omitzero"` // index of the decision on an open that was not answered
	Cosigned     int                 `json:"cosignatures"`
	Restrictions map[string][]string `json:"restrictions,omitempty"`
}

// Part is one sealed part that the holder of the receipt may know of.
type Part struct {
	Part   string `json:"part"`
	Agency string `json:"agency"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

// Decision is one result of a record.
type Decision struct {
	Release act.ID `json:"release"`
	Allow   bool   `json:"allow"`
	Reason  string `json:"reason"`
}

// Inputs are what a receipt is held against.
type Inputs struct {
	LogKey string // the log's verifier key (C2SP signed-note)
	// Keys resolves the signer's public key; nil leaves the signature unchecked.
	Keys act.KeyResolver
	// Contents are spellings of one text; one of them must be what was released.
	// Empty checks no content.
	Contents [][]byte
}

// Verify reads a receipt and returns what it proves. The error is a *Refusal,
// also if a single byte of the receipt was changed.
func Verify(receipt []byte, in Inputs) (*Report, error) {
	parsed, err := tlog.ParseReceipt(receipt)
	if err != nil {
		return nil, &Refusal{"receipt_malformed", err}
	}
	log, err := tlog.NewVerifier(in.LogKey)
	if err != nil {
		return nil, &Refusal{"receipt_log_key_malformed", err}
	}
	checkpoint, cosignatures, err := parsed.VerifyCosigned(log)
	if err != nil {
		return nil, &Refusal{"receipt_not_in_log", err}
	}
	entry, err := ledger.ParseEntry(parsed.Entry)
	if err != nil {
		return nil, &Refusal{"receipt_entry_malformed", err}
	}
	if entry.Index != uint64(parsed.Index) {
		return nil, &Refusal{"receipt_index_differs", nil}
	}
	report := &Report{
		Hub: checkpoint.Origin, Index: entry.Index, Time: entry.Time, TreeSize: checkpoint.Size, Cosigned: len(cosignatures),
	}
	if err := report.read(entry, in.Keys); err != nil {
		return nil, err
	}
	return report, report.match(parsed, entry, in.Contents)
}

func (r *Report) read(entry ledger.Entry, keys act.KeyResolver) error {
	if entry.Record != nil {
		r.Kind, r.Agency, r.Signature = entry.Record.Type, string(entry.Record.Agency), Unsigned
		r.Act, r.TakesBack = entry.Record.Act, entry.Record.Decision
		for _, result := range entry.Record.Results {
			r.Decisions = append(r.Decisions, Decision{result.Release, result.Allow, result.Reason})
		}
		return nil
	}
	a := entry.Act
	if a.Common().Audience != r.Hub {
		return &Refusal{"receipt_other_hub", nil}
	}
	r.Kind, r.Agency, r.Act, r.KeyID, r.Signature = string(a.Kind), string(a.KeyID.Agency), a.ID, a.KeyID.String(), NotVerified
	if keys != nil {
		if err := verifyAct(a, r.Hub, keys); err != nil {
			return err
		}
		r.Signature = Verified
	}
	switch p := a.Payload.(type) {
	case *act.ItemRelease:
		r.Item, r.Version, r.Release, r.Agreement, r.Officer, r.Restrictions = p.Item, p.Version, a.ID, p.Agreement.Digest, p.Author, p.Restrictions
	case *act.ItemOpen:
		r.Release, r.Purpose, r.Officer = p.Release, p.Purpose, p.Officer
	case *act.ItemRetract:
		r.Item, r.Officer = p.Item, p.Officer
	case *act.AgreementPropose:
		r.Agreement = canonical.Digest([]byte(p.Document))
	default:
		if step, ok := act.StepOf(p); ok {
			r.Agreement, r.Officer = step.Agreement.Digest, step.Officer
		}
	}
	return nil
}

func verifyAct(a *act.Act, hub string, keys act.KeyResolver) error {
	_, err := act.Verify([]byte(a.Raw), hub, keys)
	var refused *act.Error
	if errors.As(err, &refused) && refused.Code == "sig_key_unknown" {
		return &Refusal{"receipt_key_unknown", err}
	}
	if err != nil {
		return &Refusal{"receipt_signature_invalid", err}
	}
	return nil
}

// match ties the descriptors, and the content if one was given, to the act.
func (r *Report) match(receipt tlog.Receipt, entry ledger.Entry, contents [][]byte) error {
	release, isRelease := (*act.ItemRelease)(nil), false
	if entry.Act != nil {
		release, isRelease = entry.Act.Payload.(*act.ItemRelease)
	}
	if !isRelease {
		if len(contents) > 0 || len(receipt.Descriptors) > 0 {
			return &Refusal{"receipt_without_content", nil}
		}
		return nil
	}
	if err := receipt.CheckDescriptors(release.Descriptors); err != nil {
		return &Refusal{"receipt_descriptor_foreign", err}
	}
	for _, d := range receipt.Descriptors {
		if d.Descriptor.Item != release.Item || d.Descriptor.ItemVersion != release.Version {
			return &Refusal{"receipt_descriptor_foreign", fmt.Errorf("descriptor of %s", d.Descriptor.Part)}
		}
		r.Parts = append(r.Parts, Part{d.Descriptor.Part, d.Descriptor.Agency, d.Descriptor.Digest, d.Descriptor.Size})
	}
	if len(contents) == 0 {
		return nil
	}
	if len(receipt.ContentSalt) == 0 || len(receipt.Descriptors) == 0 {
		return &Refusal{"receipt_without_content", nil}
	}
	for _, content := range contents {
		if found, err := receipt.CheckContent(content, release.Descriptors); err == nil {
			r.Content = found.Part
			return nil
		}
	}
	return &Refusal{"receipt_content_differs", nil}
}
