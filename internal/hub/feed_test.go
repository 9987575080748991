package hub_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// kinds reads an agency's whole feed as words.
func kinds(t *testing.T, a *hubtest.Agency) []string {
	t.Helper()
	page, err := a.Feed(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, e := range page.Entries {
		entry, err := ledger.ParseEntry([]byte(e.Entry))
		if err != nil {
			t.Fatal(err)
		}
		if entry.Act != nil {
			words = append(words, string(entry.Act.KeyID.Agency)+" "+string(entry.Act.Kind))
		} else {
			words = append(words, string(entry.Record.Agency)+" "+entry.Record.Action+" decided")
		}
	}
	return words
}

// Each agency hears of what concerns it, in order, and of nothing else.
func TestAFeedHoldsWhatConcernsItsAgencyAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	if _, err := w.b.Deliver(t.Context(), []act.ID{released.Act}); err != nil {
		t.Fatal(err)
	}
	w.b.Read(t, released.Act)
	w.a.Submit(t, act.DeskSign, &act.ItemRetract{Common: w.a.Common(), Item: w.item(t, released.Act), Officer: w.a.Officer(), Reason: "error"})
	if _, err := w.Operator.Request(t.Context(), "agencya", hubclient.RequestSuspend); err != nil {
		t.Fatal(err)
	}
	agreed := []string{"agencya agreement.propose", "agencya agreement.sign", "agencyb agreement.sign"}
	want := map[*hubtest.Agency][]string{
		w.c: {"registrar agency.enrol", "agencyc key.add"},
		// a proposes: before the proposal each hears of the other's keys.
		w.a: slices.Concat([]string{"registrar agency.enrol", "agencya key.add", "registrar agency.enrol", "agencyb key.add"}, agreed, []string{
			"agencya item.release", "agencyb item.open", "agencyb open decided", "agencya item.retract", "registrar agency.suspend",
		}),
		w.b: slices.Concat([]string{"registrar agency.enrol", "agencyb key.add", "registrar agency.enrol", "agencya key.add"}, agreed, []string{
			"agencya item.release", "agencyb deliver decided", "agencyb item.open", "agencyb open decided", "agencya item.retract", "registrar agency.suspend",
		}),
	}
	for agency, list := range want {
		if got := kinds(t, agency); !slices.Equal(got, list) {
			t.Errorf("%s hears\n%s\nwant\n%s", agency.Name, strings.Join(got, "\n"), strings.Join(list, "\n"))
		}
	}
}

func TestALongPollAnswersAtOnceWhenSomethingComes(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	page, err := a.Feed(t.Context(), 0, 0)
	if err != nil || page.Next != page.Head {
		t.Fatalf("%+v, %v", page, err)
	}
	type answer struct {
		page hubclient.FeedPage
		at   time.Time
	}
	heard := make(chan answer, 1)
	go func() {
		next, err := a.Feed(context.Background(), page.Next, 20*time.Second)
		if err != nil {
			t.Error(err)
		}
		heard <- answer{next, time.Now()}
	}()
	// Somebody else's news does not wake it; its own does.
	h.Enrol(t, "agencyb")
	done := a.Submit(t, act.DeskSign, keyAddAfter(t, a))
	said := time.Now()
	select {
	case got := <-heard:
		if len(got.page.Entries) != 1 || got.page.Entries[0].Index != done.Index {
			t.Errorf("%+v", got.page)
		}
		if late := got.at.Sub(said); late > time.Second {
			t.Errorf("heard after %v", late)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("heard nothing")
	}
	// Reading again from an old cursor gives the same.
	again, err := a.Feed(t.Context(), page.Next, 0)
	if err != nil || len(again.Entries) != 1 || again.Entries[0].Index != done.Index {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = a.Feed(t.Context(), 1000, 0)
	wantCode(t, err, "request_malformed", 400)
}

func TestAnAgencyThatFloodsIsSlowedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{Rate: 5})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	var refused error
	for n := 0; n < 200 && refused == nil; n++ {
		_, refused = a.Feed(t.Context(), 0, 0)
	}
	wantCode(t, refused, "rate_limited", 429)
	var slowed *hubclient.Error
	if errors.As(refused, &slowed) && (!slowed.Retryable || slowed.RetryAfter == 0) {
		t.Errorf("%+v", slowed)
	}
	if _, err := b.Feed(t.Context(), 0, 0); err != nil {
		t.Errorf("another agency: %v", err)
	}
}

func TestBearersThatAreOldForeignOrOfAnotherKeyOpenNothing(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	sign := func(purpose act.Purpose, hub string, at time.Time) string {
		token, err := act.SignBearer(a.Key(purpose), a.KeyID(purpose), hub, act.NewJTI(), at)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	now := time.Now()
	for name, token := range map[string]string{
		"expired": sign(act.DeskSign, h.Hub.ID, now.Add(-6*time.Minute)), "not yet": sign(act.DeskSign, h.Hub.ID, now.Add(time.Minute)),
		"for another hub": sign(act.DeskSign, "else.test/ledger", now), "of another purpose": sign(act.OfficerSign, h.Hub.ID, now),
		"an act": a.SignAct(t, act.DeskSign, keyAddAfter(t, a)), "changed": flip(sign(act.DeskSign, h.Hub.ID, now)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := with(h.World, t, token).Feed(t.Context(), 0, 0)
			wantCode(t, err, "unauthenticated", 401)
		})
	}
}

func TestBodiesThatAreTooLargeOrMalformedAreRefused(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		// Little over the limit: a server that refuses much more closes the connection
		// while the client still writes, and the answer may never be read.
		"an act of over 1 MiB": {"/v1/acts", strings.Repeat("a", 1<<20+1<<10), 413},
		"an open of 100 KiB":   {"/v1/opens", `{"act":"` + strings.Repeat("a", 100<<10) + `"}`, 413},
		"no JSON":              {"/v1/opens", "act", 400},
		"an unknown member":    {"/v1/opens", `{"act":"a.b.c","force":true}`, 400},
		"a member twice":       {"/v1/opens", `{"act":"a.b.c","act":"d.e.f"}`, 400},
		"a member in capitals": {"/v1/opens", `{"Act":"a.b.c"}`, 400},
		"not UTF-8":            {"/v1/opens", "{\"act\":\"\xff\"}", 400},
		"deep nesting":         {"/v1/deliveries", strings.Repeat(`[`, 20000), 400},
		"no releases":          {"/v1/deliveries", `{"releases":[]}`, 400},
		"too many releases":    {"/v1/deliveries", `{"releases":[` + strings.TrimSuffix(strings.Repeat(`"x",`, 65), ",") + `]}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			bearer, err := a.Bearer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			status, header, body := h.Do(t, "POST", c.path, bearer, nil, strings.NewReader(c.body))
			if status != c.status || header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %s %s", status, header.Get("Content-Type"), body)
			}
		})
	}
}
