package hubtest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/seal"
)

// Item is one sealed item version that is ready to be released.
type Item struct {
	Payload     *act.ItemRelease
	Bodies      [][]byte // of cover and body, to upload
	Parts       []hubclient.ReleasePart
	Descriptors []seal.SaltedDescriptor
	Content     string
}

// Section is a passage of an item for some of its readers.
type Section struct {
	Text         string
	Restrictions map[string][]string
	Readers      []*Agency // beside the publisher
}

// Seal seals a cover and a body to the recipients and the agency itself.
func (a *Agency) Seal(tb testing.TB, ref act.AgreementRef, content string, recipients ...*Agency) *Item {
	tb.Helper()
	return a.SealSections(tb, ref, content, nil, recipients...)
}

// SealSections is Seal with restricted sections.
func (a *Agency) SealSections(tb testing.TB, ref act.AgreementRef, content string, sections []Section, recipients ...*Agency) *Item {
	tb.Helper()
	return a.seal(tb, act.NewItemID(), ref, content, sections, recipients...)
}

// SealAgain seals an item under its old id, for other recipients.
func (a *Agency) SealAgain(tb testing.TB, old *Item, ref act.AgreementRef, recipients ...*Agency) *Item {
	tb.Helper()
	return a.seal(tb, old.Payload.Item, ref, old.Content, nil, recipients...)
}

func (a *Agency) seal(tb testing.TB, id string, ref act.AgreementRef, content string, sections []Section, recipients ...*Agency) *Item {
	tb.Helper()
	readers := append([]*Agency{a}, recipients...)
	item := &Item{Content: content}
	commitment := ""
	for _, part := range []string{"cover", "body"} {
		text := content
		if part == "cover" {
			text = `{"kind":"bulletin"}`
		}
		commitment = item.seal(tb, id, part, text, nil, readers)
	}
	for _, section := range sections {
		item.seal(tb, id, seal.NewSectionPart(), section.Text, section.Restrictions, append([]*Agency{a}, section.Readers...))
	}
	var hashes []string
	for _, d := range item.Descriptors {
		hashes = append(hashes, d.Hash())
	}
	var mac [16]byte
	_, _ = rand.Read(mac[:])
	approver := act.OfficerName(mac)
	item.Payload = &act.ItemRelease{
		Common: a.Common(), Item: id, Version: 1, ItemKind: "bulletin", Agreement: ref,
		Restrictions: a.asks(ref),
		Content:      commitment, Descriptors: seal.PadTo(hashes, a.places(ref)), Author: a.officer,
		Approvals: []act.Approval{{Officer: approver, Content: commitment, At: canonical.At(time.Now())}},
		Attestation: act.Attestation{
			Ruleset: canonical.Digest([]byte("rules")), Tool: "test 1", Verdict: "release", Content: commitment,
		},
	}
	return item
}

// asks is as much as the agreement allows, for two purposes.
func (a *Agency) asks(ref act.AgreementRef) map[string][]string {
	asked := map[string][]string{"tlp": {"TLP:AMBER+STRICT"}, "purposes": {"detection", "training"}}
	if revision := a.State.Revision(ref.Digest); revision != nil {
		for axis, terms := range revision.Document.Floor {
			if asked[axis] == nil {
				asked[axis] = terms
			}
		}
	}
	return asked
}

// places is to how many hashes a release is padded.
func (a *Agency) places(ref act.AgreementRef) int {
	revision := a.State.Revision(ref.Digest)
	if revision == nil {
		return 1
	}
	return min(act.MaxDescriptors, seal.PlacesPerParty*len(revision.AllParties()))
}

func (i *Item) seal(tb testing.TB, id, part, text string, restrictions map[string][]string, readers []*Agency) string {
	tb.Helper()
	framed, commitment, _, err := seal.Frame([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	var recipients []string
	for _, reader := range readers {
		recipients = append(recipients, reader.Identity.Recipient())
	}
	sealed, err := seal.Seal(recipients, framed)
	if err != nil {
		tb.Fatal(err)
	}
	i.Bodies = append(i.Bodies, sealed.Body)
	i.Parts = append(i.Parts, hubclient.ReleasePart{
		Part: part, Header: sealed.Header, BodyDigest: sealed.BodyDigest(), BodySize: int64(len(sealed.Body)),
	})
	for _, reader := range readers {
		d, err := sealed.Describe(seal.Descriptor{
			Item: id, ItemVersion: 1, Part: part, Agency: string(reader.Name), Sealing: reader.Identity.Thumbprint(), Content: commitment,
			Restrictions: restrictions,
		})
		if err != nil {
			tb.Fatal(err)
		}
		i.Descriptors = append(i.Descriptors, seal.NewSaltedDescriptor(d))
	}
	return commitment
}

// Upload uploads the bodies.
func (a *Agency) Upload(tb testing.TB, item *Item) {
	tb.Helper()
	for _, body := range item.Bodies {
		if _, err := a.Client.Upload(tb.Context(), body); err != nil {
			tb.Fatal(err)
		}
	}
}

// Request is the signed release with what travels beside it.
func (a *Agency) Request(tb testing.TB, item *Item) hubclient.Release {
	tb.Helper()
	return hubclient.Release{Act: a.SignAct(tb, act.DeskSign, item.Payload), Parts: item.Parts, Descriptors: item.Descriptors}
}

// Release seals, uploads and releases an item that must be accepted.
func (a *Agency) Release(tb testing.TB, ref act.AgreementRef, content string, recipients ...*Agency) hubclient.Appended {
	tb.Helper()
	item := a.Seal(tb, ref, content, recipients...)
	a.Upload(tb, item)
	done, err := a.Client.Release(tb.Context(), a.Request(tb, item))
	if err != nil {
		tb.Fatal(err)
	}
	return done
}

// OpenAct is a signed item.open of the body for detection, accepting what the
// agency's own fold of the ledger says.
func (a *Agency) OpenAct(tb testing.TB, release act.ID) string {
	tb.Helper()
	return a.OpenPartAct(tb, release, "body", nil)
}

// OpenPartAct is the same of any part, accepting its own restrictions too.
func (a *Agency) OpenPartAct(tb testing.TB, release act.ID, part string, restrictions map[string][]string) string {
	tb.Helper()
	a.Sync(tb)
	accepted := canonical.Digest(nil)
	if known := a.State.Release(release); known != nil {
		digest, err := restriction.Meet(known.Terms(a.Name).Set, restrictions).Digest()
		if err != nil {
			tb.Fatal(err)
		}
		accepted = digest
	}
	return a.SignAct(tb, act.DeskSign, &act.ItemOpen{
		Common: a.Common(), Release: release, Part: part, Purpose: "detection", Restrictions: accepted, Officer: a.officer,
	})
}

// Open opens the body of a release.
func (a *Agency) Open(tb testing.TB, release act.ID) (hubclient.Opened, error) {
	tb.Helper()
	return a.Client.Open(tb.Context(), a.OpenAct(tb, release))
}

// Read opens a release, fetches the body and returns the text.
func (a *Agency) Read(tb testing.TB, release act.ID) string {
	tb.Helper()
	opened, err := a.Open(tb, release)
	if err != nil {
		tb.Fatal(err)
	}
	d := opened.Descriptor.Descriptor
	body, err := a.Body(tb.Context(), d.BodyDigest, d.Size-int64(d.HeaderSize))
	if err != nil {
		tb.Fatal(err)
	}
	content, _, err := seal.NewKeyring(a.Identity).OpenPart(d, opened.Header, body, seal.AnyStanzas)
	if err != nil {
		tb.Fatal(err)
	}
	return string(content)
}

// NewRecipient is the public half of a fresh sealing identity.
func NewRecipient(tb testing.TB) string {
	tb.Helper()
	identity, err := seal.NewIdentity()
	if err != nil {
		tb.Fatal(err)
	}
	return identity.Recipient()
}
