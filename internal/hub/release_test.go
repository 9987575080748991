package hub_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/seal"
)

// trio is a hub with an agreement of a and b, and an agency c outside it.
type trio struct {
	*hubtest.Hub
	a, b, c *hubtest.Agency
	ref     act.AgreementRef
}

func newTrio(t *testing.T, options hubtest.Options) *trio {
	t.Helper()
	h := hubtest.Start(t, options)
	w := &trio{Hub: h, a: h.Enrol(t, "agencya"), b: h.Enrol(t, "agencyb"), c: h.Enrol(t, "agencyc")}
	w.ref = h.Agree(t, h.Document(w.a, w.b), w.a, w.b)
	return w
}

func TestTheSameReleaseDeliveredFiveTimesIsOneItem(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	item := w.a.Seal(t, w.ref, "content", w.b)
	w.a.Upload(t, item)
	request := w.a.Request(t, item)
	first, err := w.a.Client.Release(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		again, err := w.a.Client.Release(t.Context(), request)
		if err != nil || again != first {
			t.Fatalf("%+v, %v; want %+v", again, err, first)
		}
	}
	if report := w.Verify(t); report.Releases != 1 {
		t.Errorf("%d releases", report.Releases)
	}
}

// Each case spoils one thing that ties what was handed in to what was signed, or
// to who may read.
func TestAReleaseWhosePartsAndReadersDoNotAgreeIsRefusedWhole(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	cases := map[string]struct {
		change func(*hubtest.Item)
		code   string
		status int
		reason string
	}{
		"a reader who is no party": {func(i *hubtest.Item) { *i = *w.a.Seal(t, w.ref, "x", w.b, w.c) }, "release_denied", 403, "policy_not_a_party"},
		"a reader who was not described": {func(i *hubtest.Item) {
			i.Descriptors = slices.DeleteFunc(i.Descriptors, func(d seal.SaltedDescriptor) bool { return d.Descriptor.Agency == "agencyb" })
		}, "release_malformed", 422, ""},
		"the publisher is no reader": {func(i *hubtest.Item) {
			i.Descriptors = slices.DeleteFunc(i.Descriptors, func(d seal.SaltedDescriptor) bool { return d.Descriptor.Agency == "agencya" })
		}, "release_malformed", 422, ""},
		"a descriptor that the act does not list": {func(i *hubtest.Item) { i.Descriptors[0].Salt[0] ^= 1 }, "release_malformed", 422, ""},
		"the same descriptor twice":               {func(i *hubtest.Item) { i.Descriptors = append(i.Descriptors, i.Descriptors[0]) }, "release_malformed", 422, ""},
		"no cover":                                {func(i *hubtest.Item) { i.Parts = i.Parts[1:] }, "release_malformed", 422, ""},
		"two bodies":                              {func(i *hubtest.Item) { i.Parts = append(i.Parts, i.Parts[1]) }, "release_malformed", 422, ""},
		"headers of cover and body exchanged": {func(i *hubtest.Item) {
			i.Parts[0].Header, i.Parts[1].Header = i.Parts[1].Header, i.Parts[0].Header
		}, "release_malformed", 422, ""},
		"a header that is none":        {func(i *hubtest.Item) { i.Parts[0].Header = []byte("age") }, "release_malformed", 422, ""},
		"a body of another size":       {func(i *hubtest.Item) { i.Parts[1].BodySize++ }, "release_malformed", 422, ""},
		"a body that was not uploaded": {func(i *hubtest.Item) { *i = *w.a.Seal(t, w.ref, "never uploaded", w.b); i.Bodies = nil }, "upload_missing", 409, ""},
		"hashes in another order":      {func(i *hubtest.Item) { slices.Reverse(i.Payload.Descriptors) }, "release_malformed", 422, ""},
		"hashes that are not padded":   {func(i *hubtest.Item) { i.Payload.Descriptors = i.Payload.Descriptors[:3] }, "act_malformed", 422, ""},
		"another content than sealed": {func(i *hubtest.Item) {
			i.Payload.Content = canonical.Digest([]byte("other"))
			i.Payload.Approvals[0].Content, i.Payload.Attestation.Content = i.Payload.Content, i.Payload.Content
		}, "release_malformed", 422, ""},
		"approved by its author": {func(i *hubtest.Item) { i.Payload.Approvals[0].Officer = i.Payload.Author }, "release_denied", 403, "policy_two_person_required"},
		"approved for another content": {func(i *hubtest.Item) {
			i.Payload.Approvals[0].Content = canonical.Digest([]byte("other"))
		}, "release_denied", 403, "policy_two_person_required"},
		"not screened":                   {func(i *hubtest.Item) { i.Payload.Attestation.Verdict = "hold" }, "release_denied", 403, "policy_attestation_missing"},
		"looser than the floor":          {func(i *hubtest.Item) { i.Payload.Restrictions["tlp"] = []string{"TLP:CLEAR"} }, "release_denied", 403, "policy_restriction_looser"},
		"an unknown restriction":         {func(i *hubtest.Item) { i.Payload.Restrictions["mood"] = []string{"good"} }, "release_denied", 403, "policy_restriction_unknown"},
		"a kind that is not covered":     {func(i *hubtest.Item) { i.Payload.ItemKind = "curriculum" }, "release_denied", 403, "policy_kind_not_covered"},
		"an agreement that is not there": {func(i *hubtest.Item) { i.Payload.Agreement.Digest = canonical.Digest([]byte("none")) }, "not_found", 404, ""},
		"version 2 of nothing":           {func(i *hubtest.Item) { i.Payload.Version = 2 }, "release_malformed", 422, ""},
	}
	entries, _ := w.Service.Sizes()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			item := w.a.Seal(t, w.ref, "content", w.b)
			c.change(item)
			w.a.Upload(t, item)
			raw, err := act.Sign(w.a.Key(act.DeskSign), w.a.KeyID(act.DeskSign), item.Payload)
			if c.code == "act_malformed" && err != nil {
				return // our own signer refuses to make it
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.a.Client.Release(t.Context(), hubclient.Release{Act: raw, Parts: item.Parts, Descriptors: item.Descriptors})
			wantCode(t, err, c.code, c.status)
			var refused *hubclient.Error
			if errors.As(err, &refused) && refused.Reason != c.reason {
				t.Errorf("reason %q, want %q", refused.Reason, c.reason)
			}
		})
	}
	if now, _ := w.Service.Sizes(); now != entries {
		t.Errorf("%d entries, want %d: something refused was appended", now, entries)
	}
	if report := w.Verify(t); report.Releases != 0 {
		t.Errorf("%d releases are stored", report.Releases)
	}
}

// A reader whom nobody described would get a stanza: the count shows it.
func TestAHeaderWithOneMoreReaderThanDescribedIsRefused(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	item := w.a.Seal(t, w.ref, "content", w.b, w.c)
	item.Descriptors = slices.DeleteFunc(item.Descriptors, func(d seal.SaltedDescriptor) bool { return d.Descriptor.Agency == "agencyc" })
	var hashes []string
	for _, d := range item.Descriptors {
		hashes = append(hashes, d.Hash())
	}
	item.Payload.Descriptors = seal.Pad(hashes)
	w.a.Upload(t, item)
	_, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
	wantCode(t, err, "release_malformed", 422)
}

func TestASealingIdentityThatWasRetiredReceivesNothingNew(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	item := w.a.Seal(t, w.ref, "content", w.b)
	w.a.Upload(t, item)
	w.b.Sync(t)
	w.b.Submit(t, act.DeskSign, &act.KeyRetire{KeyEnd: act.KeyEnd{
		Common: w.b.Common(), Purpose: act.Sealing, Thumbprint: act.Thumbprint(w.b.Identity.Thumbprint()), Prev: w.b.State.Agency("agencyb").Last,
	}})
	_, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
	wantCode(t, err, "release_malformed", 422)
}

func TestNothingFlowsWhileOneSignatureIsMissing(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	document := h.Document(a, b)
	bytes, digest, err := document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	ref := act.AgreementRef{ID: document.ID, Digest: digest}
	a.Submit(t, act.OfficerSign, &act.AgreementPropose{Common: a.Common(), Document: string(bytes)})
	a.Submit(t, act.OfficerSign, &act.AgreementSign{AgreementStep: a.Step(t, ref)})
	item := a.Seal(t, ref, "content", b)
	a.Upload(t, item)
	_, err = a.Client.Release(t.Context(), a.Request(t, item))
	wantCode(t, err, "release_denied", 403)
	views, err := h.Operator.Agreements(t.Context())
	if err != nil || len(views) != 1 || views[0].State != "proposed" || !slices.Equal(views[0].Pending, []act.AgencyName{"agencyb"}) {
		t.Fatalf("%+v, %v", views, err)
	}
	b.Submit(t, act.OfficerSign, &act.AgreementSign{AgreementStep: b.Step(t, ref)})
	if _, err := a.Client.Release(t.Context(), a.Request(t, item)); err != nil {
		t.Fatalf("after the last signature: %v", err)
	}
	view, err := h.Operator.Agreement(t.Context(), digest)
	if err != nil || view.State != "in-force" || view.NextState != "expired" || len(view.Pending) != 0 {
		t.Fatalf("%+v, %v", view, err)
	}
}

func TestDocumentsThatNobodyShouldSignAreRefused(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	stranger := h.NewAgency(t, "agencyx")
	cases := map[string]struct {
		change func(*agreement.Document)
		code   string
	}{
		"an unknown agency":       {func(d *agreement.Document) { *d = *h.Document(a, b, stranger) }, "agreement_party_unknown"},
		"a stranger's key":        {func(d *agreement.Document) { d.Parties[1].OfficerSign = stranger.KeyID(act.OfficerSign).Thumbprint }, "agreement_key_unknown"},
		"the proposer is outside": {func(d *agreement.Document) { *d = *h.Document(b, h.Enrol(t, "agencyz")) }, "agreement_not_a_party"},
		"another hub":             {func(d *agreement.Document) { d.Hub.ID = "other.test/ledger" }, "agreement_other_hub"},
		"ended already":           {func(d *agreement.Document) { d.Expires = canonical.At(time.Now().Add(-time.Minute)) }, "agreement_ended"},
		"revision 2 of nothing": {func(d *agreement.Document) {
			d.Revision, d.Supersedes = 2, canonical.Digest(nil)
		}, "revision_out_of_order"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			document := h.Document(a, b)
			c.change(document)
			bytes, _, err := document.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Client.Submit(t.Context(), a.SignAct(t, act.OfficerSign, &act.AgreementPropose{Common: a.Common(), Document: string(bytes)}))
			if hubclient.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	good, _, err := h.Document(a, b).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ bytes, code string }{
		"the same party twice":  {strings.Replace(string(good), `"agency":"agencyb"`, `"agency":"agencya"`, 1), "party_twice"},
		"with a final newline":  {string(good) + "\n", "document_not_canonical"},
		"an unknown member":     {`{"aside":1,` + string(good)[1:], "document_malformed"},
		"ends before it starts": {strings.Replace(string(good), `"notBefore":"20`, `"notBefore":"21`, 1), "window_ends_before_it_starts"},
		"deeply nested":         {strings.Repeat("[", 100) + strings.Repeat("]", 100), "document_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.Client.Submit(t.Context(), a.SignAct(t, act.OfficerSign, &act.AgreementPropose{Common: a.Common(), Document: c.bytes}))
			if hubclient.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}
