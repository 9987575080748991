package hub_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
)

// racesWanted is how much is tried: more with CONCORDAT_RACES.
func racesWanted(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv("CONCORDAT_RACES")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CONCORDAT_RACES is %q", text)
	}
	return n
}

// Eight readers of b open a body and its section, ask for the cover, and fetch
// ranges, without a pause, over HTTPS. Whatever takes the right away, each in its
// turn: nothing that was asked for after the acknowledgement is given, what was
// given is not taken back, and before the end nothing is refused.
func TestNothingStartsAfterAnyEndIsAcknowledgedWhileEightReadersLoop(t *testing.T) {
	t.Parallel()
	wanted := racesWanted(t, 280)
	r := &reads{whole: newWhole(t, hubtest.Options{}), per: min(max(wanted/300, 40), 400), given: map[uint64]bool{}}
	r.http = r.transport(t)
	ends := []string{"suspend", "suspend-party", "agency", "retract", "recall", "terminate", "withdraw"}
	rounds := 0
	for ; rounds < len(ends) || r.answered < wanted; rounds++ {
		r.round(t, ends[rounds%len(ends)])
		if t.Failed() {
			t.Fatalf("in round %d, %s", rounds, ends[rounds%len(ends)])
		}
	}
	r.compare(t)
	t.Logf("%d reads in %d rounds: %d given, %d refused, %d asked again; none of %d asked for after an acknowledgement was given; the longest acknowledgement took %v, the last answer under way came %v after it",
		r.answered, rounds, r.allowed.Load(), r.denied.Load(), r.again.Load(), r.after.Load(), r.ack, time.Duration(r.tail.Load()))
}

// reads is the race of one reader's agency against whatever ends its right.
type reads struct {
	*whole
	http *http.Client
	per  int // reads in a round

	release           act.ID
	body, section     string // signed opens
	path              string // of the sealed body
	answered          int
	ack               time.Duration // the longest
	allowed, denied   atomic.Int64
	again, after      atomic.Int64
	tail              atomic.Int64 // nanoseconds from an acknowledgement until the last answer under way
	ending, over      atomic.Bool
	acknowledged      atomic.Int64 // when, in nanoseconds since the beginning of time; 0 while it is not
	mu                sync.Mutex
	given             map[uint64]bool // decisions whose answer came
	releases          []act.ID
	beforeEnd, behind atomic.Int64 // answers of this round
}

// transport speaks to the hub over connections that stay, as a desk's does.
func (r *reads) transport(t *testing.T) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(r.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true,
	}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// round lets the readers loop, ends their right in the midst of it, and gives it
// back.
func (r *reads) round(t *testing.T, name string) {
	t.Helper()
	if r.release == "" {
		r.fresh(t)
	}
	end := r.end(t, name)
	r.ending.Store(false)
	r.over.Store(false)
	r.acknowledged.Store(0)
	r.beforeEnd.Store(0)
	r.behind.Store(0)
	var readers sync.WaitGroup
	for n := range 8 {
		readers.Go(func() { r.loop(t, n) })
	}
	failed := func() bool { return t.Failed() }
	await(t, "reads before the end", func() bool { return failed() || r.beforeEnd.Load() >= int64(r.per*7/10) })
	r.ending.Store(true)
	begun := time.Now()
	if err := end(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	now := time.Now()
	r.acknowledged.Store(now.UnixNano())
	r.ack = max(r.ack, now.Sub(begun))
	await(t, "reads after the end", func() bool { return failed() || r.behind.Load() >= int64(r.per*3/10) })
	r.over.Store(true)
	readers.Wait()
	r.answered += int(r.beforeEnd.Load() + r.behind.Load())
	r.restore(t, name)
}

// loop asks for one thing after another until the round is over.
func (r *reads) loop(t *testing.T, n int) {
	asks := []func(context.Context) (bool, error){r.open(&r.body), r.cover, r.open(&r.section), r.rangeOf}
	for ; !r.over.Load() && !t.Failed(); n++ {
		started := r.acknowledged.Load() // before the request begins
		given, err := asks[n%len(asks)](t.Context())
		var refused *hubclient.Error
		switch at := r.acknowledged.Load(); {
		case errors.As(err, &refused) && refused.Retryable:
			r.again.Add(1)
			continue
		case err != nil:
			t.Errorf("ask %d: %v", n%len(asks), err)
			return
		case given && started != 0:
			t.Errorf("ask %d was begun after the acknowledgement, and is answered", n%len(asks))
		case !given && !r.ending.Load():
			t.Errorf("ask %d is refused before anything ends", n%len(asks))
		case given && at != 0:
			r.late(time.Now().UnixNano() - at)
		}
		if given {
			r.allowed.Add(1)
		} else {
			r.denied.Add(1)
		}
		if started != 0 {
			r.after.Add(1)
			r.behind.Add(1)
		} else {
			r.beforeEnd.Add(1)
		}
	}
}

// late keeps the longest time after an acknowledgement at which an answer that was
// under way came.
func (r *reads) late(after int64) {
	for {
		longest := r.tail.Load()
		if after <= longest || r.tail.CompareAndSwap(longest, after) {
			return
		}
	}
}

func (r *reads) open(raw *string) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		opened, err := r.b.Client.Open(ctx, *raw)
		if hubclient.CodeOf(err) == "open_denied" {
			return false, nil
		}
		if err == nil {
			r.mu.Lock()
			r.given[opened.Decision.Index] = true
			r.mu.Unlock()
		}
		return err == nil, err
	}
}

func (r *reads) cover(ctx context.Context) (bool, error) {
	answers, err := r.b.Deliver(ctx, []act.ID{r.release})
	if err != nil {
		return false, err
	}
	return answers[0].Allow && answers[0].Cover != nil, nil
}

// rangeOf fetches a piece of the sealed body.
func (r *reads) rangeOf(ctx context.Context) (bool, error) {
	bearer, err := r.b.Bearer(ctx)
	if err != nil {
		return false, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL+r.path, nil)
	if err != nil {
		return false, err
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Header.Set("Range", "bytes=10-19")
	response, err := r.http.Do(request)
	if err != nil {
		return false, &hubclient.Error{Code: hubclient.CodeUnavailable, Retryable: true}
	}
	defer func() { _ = response.Body.Close() }()
	piece, err := io.ReadAll(response.Body)
	switch {
	case err != nil || response.StatusCode >= 500:
		return false, &hubclient.Error{Code: hubclient.CodeUnavailable, Retryable: true}
	case response.StatusCode == http.StatusPartialContent && len(piece) == 10:
		return true, nil
	case response.StatusCode == http.StatusNotFound:
		return false, nil
	}
	return false, errors.New("a range is answered with " + response.Status)
}

// fresh releases a new item, under an agreement that is in force.
func (r *reads) fresh(t *testing.T) {
	t.Helper()
	section := ""
	r.release, section = r.withSection(t)
	r.releases = append(r.releases, r.release)
	r.path = "/v1/blobs/" + strings.TrimPrefix(r.bodyDigest(t, r.release), "sha256:")
	r.body, r.section = r.b.OpenAct(t, r.release), r.b.OpenPartAct(t, r.release, section, forB)
}

// end prepares what takes the right away.
func (r *reads) end(t *testing.T, name string) func() error {
	t.Helper()
	if name == "agency" {
		return func() error { return r.stand(t, hubclient.RequestSuspend) }
	}
	raw := r.ends(t, r.release)[name]()
	return func() error { return r.submit(t, r.a, raw) }
}

// submit hands an act in until it has an answer.
func (r *reads) submit(t *testing.T, by *hubtest.Agency, raw string) error {
	t.Helper()
	return retried(t, func() error { _, err := by.Client.Submit(t.Context(), raw); return err })
}

func (r *reads) stand(t *testing.T, request string) error {
	t.Helper()
	return retried(t, func() error { _, err := r.Operator.Request(t.Context(), "agencyb", request); return err })
}

// retried asks again as long as the hub says that it may.
func retried(t *testing.T, ask func() error) error {
	t.Helper()
	for {
		err := ask()
		var refused *hubclient.Error
		if !errors.As(err, &refused) || !refused.Retryable || t.Context().Err() != nil {
			return err
		}
	}
}

// restore gives the right back, or makes what it is a right to anew.
func (r *reads) restore(t *testing.T, name string) {
	t.Helper()
	var err error
	switch name {
	case "suspend":
		err = r.submit(t, r.c, r.c.SignAct(t, act.OfficerSign, &act.AgreementResume{AgreementStep: r.c.Step(t, r.ref)}))
	case "suspend-party":
		about := act.AgreementPartyStep{AgreementStep: r.c.Reasoned(t, r.ref, "over"), Agency: "agencyb"}
		err = r.submit(t, r.c, r.c.SignAct(t, act.OfficerSign, &act.AgreementResumeParty{AgreementPartyStep: about}))
	case "agency":
		err = r.stand(t, hubclient.RequestResume)
	case "terminate", "withdraw":
		r.ref = r.a.Propose(t, r.WholeDocument(r.a, r.b, r.c))
		for _, party := range []*hubtest.Agency{r.a, r.b, r.c} {
			party.Sign(t, r.ref)
		}
		r.a.Sync(t)
		r.release = ""
	default:
		r.release = ""
	}
	if err != nil {
		t.Fatal(err)
	}
}

// compare holds the ledger against what the readers were given, and every fold of
// it against every other.
func (r *reads) compare(t *testing.T) {
	t.Helper()
	report := r.Verify(t)
	stand := 0
	err := r.Store.View(t.Context(), func(reader store.Reader) error {
		size, err := reader.Size()
		if err != nil {
			return err
		}
		entries, err := reader.Entries(0, int(size))
		if err != nil {
			return err
		}
		for _, stored := range entries {
			entry, err := ledger.ParseEntry(stored.Bytes)
			if err != nil {
				return err
			}
			switch record := entry.Record; {
			case record == nil:
			case record.Type == ledger.DecisionRecord && r.given[entry.Index] && record.Results[0].Allow:
				stand++
			case record.Type == ledger.AbortRecord && r.given[record.Decision]:
				t.Errorf("decision %d was answered, and is taken back", record.Decision)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if stand != len(r.given) {
		t.Errorf("%d opens were answered, and %d of them stand in the ledger", len(r.given), stand)
	}
	whole, now := (&lives{Hub: r.Hub, t: t}).whole(), time.Now()
	r.a.Sync(t)
	r.b.Sync(t)
	for _, release := range r.releases {
		want := readerOf(whole, release, now)
		for who, state := range map[string]*ledger.State{"the reader": r.b.State, "the originator": r.a.State} {
			if got := readerOf(state, release, now); got != want {
				t.Errorf("of %s %s says %q, the hub %q", release, who, got, want)
			}
		}
	}
	t.Logf("%d entries, %d allowed, %d of them taken back", report.Entries, report.Allows, report.Aborts)
}
