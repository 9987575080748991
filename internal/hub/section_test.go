package hub_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// circle is a hub with an agreement of three: a publishes, b may have sections
// that exclude c.
type circle struct {
	*hubtest.Hub
	a, b, c *hubtest.Agency
	ref     act.AgreementRef
}

func newCircle(t *testing.T, options hubtest.Options) *circle {
	t.Helper()
	h := hubtest.Start(t, options)
	w := &circle{Hub: h, a: h.Enrol(t, "agencya"), b: h.Enrol(t, "agencyb"), c: h.Enrol(t, "agencyc")}
	w.ref = h.Agree(t, h.Document(w.a, w.b, w.c), w.a, w.b, w.c)
	return w
}

var forB = map[string][]string{"recipients": {"agencyb"}}

func (w *circle) sectionsForB(count int) []hubtest.Section {
	var sections []hubtest.Section
	for n := range count {
		sections = append(sections, hubtest.Section{Text: fmt.Sprintf("passage %d", n), Restrictions: forB, Readers: []*hubtest.Agency{w.b}})
	}
	return sections
}

func (w *circle) release(t *testing.T, sections []hubtest.Section) (hubclient.Appended, *hubtest.Item) {
	t.Helper()
	item := w.a.SealSections(t, w.ref, "what everybody may read", sections, w.b, w.c)
	w.a.Upload(t, item)
	done, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
	if err != nil {
		t.Fatal(err)
	}
	return done, item
}

func sectionPart(item *hubtest.Item) (string, string) {
	for _, d := range item.Descriptors {
		if seal.IsSection(d.Descriptor.Part) {
			return d.Descriptor.Part, d.Descriptor.BodyDigest
		}
	}
	return "", ""
}

// everything is all that an agency can get about a release, byte for byte as it
// comes: from its cursor on the feed, the delivery, the open, the sealed bodies,
// the proof, and the list of the log's tiles.
func (w *circle) everything(t *testing.T, of *hubtest.Agency, after uint64, release hubclient.Appended) (seen []string, next uint64) {
	t.Helper()
	ask := func(method, path, body string) string {
		bearer, err := of.Bearer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := w.Raw(t, method, path, bearer, nil, strings.NewReader(body))
		seen = append(seen, fmt.Sprintf("%s %s: %d bytes\n%s", method, strings.SplitN(path, "?", 2)[0], len(text), text))
		return text
	}
	feed := ask("GET", fmt.Sprintf("/v1/feed?after=%d&wait=0", after), "")
	var page hubclient.FeedPage
	if err := json.Unmarshal([]byte(feed[strings.Index(feed, "{"):]), &page); err != nil {
		t.Fatal(err)
	}
	for _, entry := range page.Entries { // what is inside the act too, where base64 would hide it
		var line struct{ Act string }
		if json.Unmarshal([]byte(entry.Entry), &line) == nil && line.Act != "" {
			for _, part := range strings.Split(line.Act, ".")[:2] {
				inside, err := base64.RawURLEncoding.DecodeString(part)
				if err != nil {
					t.Fatal(err)
				}
				seen = append(seen, string(inside))
			}
		}
	}
	ask("POST", "/v1/deliveries", fmt.Sprintf(`{"releases":[%q]}`, release.Act))
	answers, err := of.Deliver(t.Context(), []act.ID{release.Act})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range answers[0].Descriptors {
		seen = append(seen, fmt.Sprintf("%s %d %d %v", d.Descriptor.Part, d.Descriptor.Size, d.Descriptor.HeaderSize, d.Descriptor.Restrictions))
		ask("GET", "/v1/blobs/"+strings.TrimPrefix(d.Descriptor.BodyDigest, "sha256:"), "")
	}
	opened := ask("POST", "/v1/opens", fmt.Sprintf(`{"act":%q}`, of.OpenAct(t, release.Act)))
	if !strings.HasPrefix(opened, "200") {
		t.Fatalf("the body does not open: %s", opened)
	}
	w.await(t, of, release.Index)
	ask("GET", fmt.Sprintf("/v1/receipts/%d", release.Index), "")
	of.Sync(t)
	page, err = of.Feed(t.Context(), after, 0)
	if err != nil {
		t.Fatal(err)
	}
	return seen, page.Head
}

// await waits for the checkpoint after which an entry has its proof.
func (w *circle) await(t *testing.T, of *hubtest.Agency, index uint64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		_, err := of.Receipt(t.Context(), index)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no proof of entry %d: %v", index, err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

var (
	binary = regexp.MustCompile(`[^\x20-\x7e\n]`)
	chance = regexp.MustCompile(`[A-Za-z0-9_+/=-]{16,}`)
	number = regexp.MustCompile(`[0-9]`)
)

// blurred keeps every length and blots out what is random, an id, a time or an
// index: what is left of two answers must be equal to the byte.
func blurred(seen []string) []string {
	var out []string
	for _, text := range seen {
		if head, body, found := strings.Cut(text, "\n\n"); found && strings.Contains(head, "/v1/blobs/") {
			text = head + fmt.Sprintf("\n\n%d bytes of ciphertext", len(body))
		}
		if head, _, found := strings.Cut(text, "\n\n"); found && strings.Contains(head, "/v1/receipts/") {
			text = head // the length of a proof depends on the tree alone
			text = regexp.MustCompile(`: \d+ bytes`).ReplaceAllString(text, "")
		}
		text = chance.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("x", len(s)) })
		out = append(out, number.ReplaceAllString(binary.ReplaceAllString(text, "?"), "0"))
	}
	return out
}

// Everything that the excluded agency can get is the same whether there are no
// sections that exclude it, one, or as many as there can be, and after the
// entitled one has opened them.
func TestAnExcludedSectionLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := newCircle(t, hubtest.Options{})
	w.c.Sync(t)
	page, err := w.c.Feed(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var without []string
	cursor := page.Head
	for _, count := range []int{0, 1, 3, seal.MaxSections, 0} {
		done, item := w.release(t, w.sectionsForB(count))
		for _, d := range item.Descriptors {
			if d.Descriptor.Agency == "agencyb" && seal.IsSection(d.Descriptor.Part) {
				if _, err := w.b.Client.Open(t.Context(), w.b.OpenPartAct(t, done.Act, d.Descriptor.Part, forB)); err != nil {
					t.Fatalf("%d sections: the entitled agency: %v", count, err)
				}
			}
		}
		var seen []string
		seen, cursor = w.everything(t, w.c, cursor, done)
		for _, one := range seen {
			if strings.Contains(one, "section") || strings.Contains(one, "recipients") {
				t.Errorf("%d sections: an answer speaks of them: %s", count, one)
			}
		}
		if blurred := blurred(seen); without == nil {
			without = blurred
		} else if diff := cmp.Diff(without, blurred); diff != "" {
			t.Errorf("%d sections make a difference:\n%s", count, diff)
		}
	}
	w.Verify(t)
}

// Even who knows a section's name or digest from elsewhere is told what is told of
// names that nobody gave.
func TestASectionAskedForByNameLooksLikeNone(t *testing.T) {
	t.Parallel()
	w := newCircle(t, hubtest.Options{})
	done, item := w.release(t, w.sectionsForB(1))
	part, digest := sectionPart(item)
	w.c.Sync(t)
	entries, _ := w.Service.Sizes()
	open := func(part string) string {
		bearer, err := w.c.Bearer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"act":%q}`, w.c.OpenPartAct(t, done.Act, part, nil))
		return w.Raw(t, http.MethodPost, "/v1/opens", bearer, nil, strings.NewReader(body))
	}
	if diff := cmp.Diff(open(seal.NewSectionPart()), open(part)); diff != "" {
		t.Errorf("a section that is there is told from one that is not:\n%s", diff)
	}
	blob := func(digest string) string {
		bearer, err := w.c.Bearer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return w.Raw(t, http.MethodGet, "/v1/blobs/"+strings.TrimPrefix(digest, "sha256:"), bearer, nil, nil)
	}
	if diff := cmp.Diff(blob(canonical.Digest([]byte("none"))), blob(digest)); diff != "" {
		t.Errorf("a section's bytes that are there are told from those that are not:\n%s", diff)
	}
	if now, _ := w.Service.Sizes(); now != entries {
		t.Error("asking for a section was recorded")
	}
}

// A section is judged by its own restrictions beside those of the release, at
// every open; the body goes on without it.
func TestASectionIsOpenedUnderItsOwnRestrictionsToo(t *testing.T) {
	t.Parallel()
	w := newCircle(t, hubtest.Options{})
	terms := map[string][]string{"purposes": {"training"}, "recipients": {"agencyb"}}
	done, item := w.release(t, []hubtest.Section{
		{Text: "for training", Restrictions: terms, Readers: []*hubtest.Agency{w.b}},
		// A publisher's desk seals no section to whom it excludes. If one did:
		{Text: "sealed by mistake", Restrictions: forB, Readers: []*hubtest.Agency{w.b, w.c}},
	})
	training, _ := sectionPart(item)
	mistake := ""
	for _, d := range item.Descriptors {
		if seal.IsSection(d.Descriptor.Part) && d.Descriptor.Part != training {
			mistake = d.Descriptor.Part
		}
	}
	denied := func(name, raw, reason string, by *hubtest.Agency) {
		t.Helper()
		_, err := by.Client.Open(t.Context(), raw)
		var refused *hubclient.Error
		if !errors.As(err, &refused) || refused.Code != "open_denied" || refused.Reason != reason {
			t.Errorf("%s: %v, want %s", name, err, reason)
		}
	}
	denied("for another purpose", w.b.OpenPartAct(t, done.Act, training, terms), "policy_restriction_forbids", w.b)
	denied("under the release's terms only", w.b.OpenPartAct(t, done.Act, mistake, nil), "policy_conditions_not_accepted", w.b)
	denied("sealed to whom it excludes", w.c.OpenPartAct(t, done.Act, mistake, forB), "policy_restriction_forbids", w.c)
	if _, err := w.b.Client.Open(t.Context(), w.b.OpenPartAct(t, done.Act, mistake, forB)); err != nil {
		t.Errorf("the entitled agency: %v", err)
	}
	if _, err := w.a.Client.Open(t.Context(), w.a.OpenPartAct(t, done.Act, mistake, forB)); err != nil {
		t.Errorf("the publisher: %v", err)
	}
	if got := w.c.Read(t, done.Act); got != "what everybody may read" {
		t.Errorf("the excluded agency reads %q", got)
	}
}

func TestAReleaseWhoseSectionsAreNotWhatTheySayIsRefused(t *testing.T) {
	t.Parallel()
	w := newCircle(t, hubtest.Options{})
	seven := w.sectionsForB(seal.MaxSections + 1)
	cases := map[string]struct {
		sections []hubtest.Section
		change   func(*hubtest.Item)
	}{
		"more than can be hidden": {seven, func(*hubtest.Item) {}},
		"an unknown restriction":  {[]hubtest.Section{{Text: "x", Restrictions: map[string][]string{"mood": {"good"}}, Readers: []*hubtest.Agency{w.b}}}, func(*hubtest.Item) {}},
		"readers told different things": {w.sectionsForB(1), func(i *hubtest.Item) {
			for n := range i.Descriptors {
				if d := &i.Descriptors[n].Descriptor; seal.IsSection(d.Part) && d.Agency == "agencya" {
					d.Restrictions = map[string][]string{"recipients": {"agencyb", "agencyc"}}
				}
			}
		}},
		"a section without restrictions": {w.sectionsForB(1), func(i *hubtest.Item) {
			for n := range i.Descriptors {
				i.Descriptors[n].Descriptor.Restrictions = nil
			}
		}},
		"a restricted body": {nil, func(i *hubtest.Item) { i.Descriptors[len(i.Descriptors)-1].Descriptor.Restrictions = forB }},
		"a reader of a section alone": {w.sectionsForB(1), func(i *hubtest.Item) {
			*i = *w.a.SealSections(t, w.ref, "content", w.sectionsForB(1), w.c)
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			item := w.a.SealSections(t, w.ref, "content", c.sections, w.b, w.c)
			c.change(item)
			var hashes []string
			for _, d := range item.Descriptors {
				hashes = append(hashes, d.Hash())
			}
			item.Payload.Descriptors = seal.Pad(hashes)
			w.a.Upload(t, item)
			_, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
			wantCode(t, err, "release_malformed", 422)
		})
	}
}

// counted notes every question that the service asks of its store, without the
// answers.
type counted struct {
	store.Store
	mu    sync.Mutex
	asked []string
}

func (s *counted) note(question string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, number.ReplaceAllString(chance.ReplaceAllString(fmt.Sprint(question, args), "x"), "0"))
}

func (s *counted) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *counted) View(ctx context.Context, f func(store.Reader) error) error {
	return s.Store.View(ctx, func(r store.Reader) error { return f(countedReader{r, s}) })
}

func (s *counted) Update(ctx context.Context, f func(store.Tx) error) error {
	return s.Store.Update(ctx, func(tx store.Tx) error { return f(countedTx{tx, s}) })
}

type countedReader struct {
	store.Reader
	s *counted
}

func (r countedReader) Feed(a act.AgencyName, after uint64, limit int) ([]store.FeedEntry, error) {
	r.s.note("feed", a)
	return r.Reader.Feed(a, after, limit)
}

func (r countedReader) FeedHead(a act.AgencyName) (uint64, error) {
	r.s.note("head", a)
	return r.Reader.FeedHead(a)
}

func (r countedReader) InFeed(a act.AgencyName, index uint64) (bool, error) {
	r.s.note("in feed", a)
	return r.Reader.InFeed(a, index)
}

func (r countedReader) Part(release act.ID, part string, ordinal int) (store.Part, error) {
	r.s.note("part", part)
	return r.Reader.Part(release, part, ordinal)
}

func (r countedReader) Parts(release act.ID) ([]store.Part, error) {
	r.s.note("parts")
	return r.Reader.Parts(release)
}

func (r countedReader) Descriptors(release act.ID, a act.AgencyName) ([]seal.SaltedDescriptor, error) {
	r.s.note("descriptors", a)
	return r.Reader.Descriptors(release, a)
}

func (r countedReader) Holders(release act.ID) ([]act.AgencyName, error) {
	r.s.note("holders")
	return r.Reader.Holders(release)
}

func (r countedReader) ReleasesOfBody(a act.AgencyName, digest string) ([]act.ID, error) {
	r.s.note("releases of body", a)
	return r.Reader.ReleasesOfBody(a, digest)
}

type countedTx struct {
	store.Tx
	s *counted
}

func (tx countedTx) Append(entry store.NewEntry, first int64, hashes []tlog.Hash) error {
	tx.s.note("append")
	return tx.Tx.Append(entry, first, hashes)
}

func (tx countedTx) AddToFeed(a act.AgencyName, index uint64) error {
	tx.s.note("add to feed", a)
	return tx.Tx.AddToFeed(a, index)
}

func (tx countedTx) Descriptors(release act.ID, a act.AgencyName) ([]seal.SaltedDescriptor, error) {
	tx.s.note("descriptors in the transaction", a)
	return tx.Tx.Descriptors(release, a)
}

// Time is not measured here but its cause: what an excluded agency asks for costs
// the same questions to the store, and so takes the same way through the code,
// whether there is a section or not.
func TestAnExcludedSectionCostsNoQuestionMore(t *testing.T) {
	t.Parallel()
	var counting *counted
	w := newCircle(t, hubtest.Options{Store: func(s store.Store) store.Store {
		counting = &counted{Store: s}
		return counting
	}})
	var without []string
	for _, count := range []int{0, 1, seal.MaxSections} {
		done, _ := w.release(t, w.sectionsForB(count))
		w.c.Sync(t)
		raw := w.c.OpenAct(t, done.Act)
		name := w.c.OpenPartAct(t, done.Act, seal.NewSectionPart(), nil)
		counting.take()
		if _, err := w.c.Deliver(t.Context(), []act.ID{done.Act}); err != nil {
			t.Fatal(err)
		}
		opened, err := w.c.Client.Open(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.c.Client.Open(t.Context(), name)
		wantCode(t, err, "not_found", 404)
		d := opened.Descriptor.Descriptor
		if _, err := w.c.Body(t.Context(), d.BodyDigest, d.Size-int64(d.HeaderSize)); err != nil {
			t.Fatal(err)
		}
		asked := counting.take()
		if without == nil {
			without = asked
		} else if diff := cmp.Diff(without, asked); diff != "" {
			t.Errorf("%d sections cost other questions:\n%s", count, diff)
		}
	}
	if !slices.ContainsFunc(without, func(q string) bool { return strings.HasPrefix(q, "descriptors") }) {
		t.Fatalf("nothing was counted: %q", without)
	}
}
