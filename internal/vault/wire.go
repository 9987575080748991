package vault

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// OnTime has f called with the Date of every answer of Vault from now on, whatever the answer says,
// and with how long the exchange took. Date has whole seconds and was written at some moment of the
// exchange (RFC 9110, 6.6.1): when f is called, Vault's clock shows no less than date and less than
// date + took + 1 s. An answer without a Date that can be read is silent about the time.
//
// f is called before the caller sees the answer, also from several goroutines at a time. There is one
// f; the last counts.
func (c *Client) OnTime(f func(date time.Time, took time.Duration)) {
	if w, ok := c.transport.Transport.(*wire); ok {
		w.heard.Store(&f)
	}
}

// wire is the transport of a client. It follows no redirect and listens to the time.
type wire struct {
	*http.Transport
	heard atomic.Pointer[func(time.Time, time.Duration)]
}

// errRedirected is how a standby that cannot forward answers. Following it would carry the token to
// an address that nobody configured; taking it for an answer would make a write look done.
var errRedirected = errors.New("redirected to another node")

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	begin := time.Now()
	resp, err := w.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		_ = resp.Body.Close()
		return nil, errRedirected
	}
	w.tell(resp.Header.Get("Date"), time.Since(begin))
	return resp, nil
}

func (w *wire) tell(date string, took time.Duration) {
	f := w.heard.Load()
	if f == nil {
		return
	}
	if at, err := http.ParseTime(date); err == nil {
		(*f)(at, took)
	}
}
