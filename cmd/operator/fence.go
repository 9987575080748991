package main

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Times of the Lease. A leader writes only within renewWithin of its last renewal,
// and nobody else takes the Lease before leaseLasts: what is between them is left
// for a write that is under way, and for clocks that do not run alike.
const (
	leaseLasts  = 15 * time.Second
	renewWithin = 10 * time.Second
)

var errNotLeading = errors.New("the Lease was not renewed in time; nothing is written")

// fence refuses writes to Kubernetes unless the Lease was renewed just now. Without
// it a leader that was paused (SIGSTOP, a frozen node) goes on for as long as it
// tries to renew, against the one that has taken its place.
type fence struct{ renewed atomic.Pointer[time.Time] }

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// renewing notes when the Lease was written. What counts is the time before the
// request: the Lease cannot have been ours for less long than that.
func (f *fence) renewing(next http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		asked := time.Now()
		response, err := next.RoundTrip(r)
		if err == nil && response.StatusCode < 300 && r.Method != http.MethodGet && strings.Contains(r.URL.Path, "/leases") {
			f.renewed.Store(&asked)
		}
		return response, err
	})
}

// guarding lets reads pass always, writes only from a leader.
func (f *fence) guarding(next http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet && !f.leads(time.Now()) {
			if r.Body != nil {
				_ = r.Body.Close()
			}
			return nil, errNotLeading
		}
		return next.RoundTrip(r)
	})
}

// leads asks both clocks: the monotonic one stands still while a machine is
// suspended, the other one may be set.
func (f *fence) leads(now time.Time) bool {
	at := f.renewed.Load()
	return at != nil && now.Sub(*at) < renewWithin && now.Round(0).Sub(at.Round(0)) < renewWithin
}
