package hubhttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/hub/hubhttp"
)

// Whatever ends a right before the first byte, the answer has no byte: no body and
// no status either, so that the refusal can still be told.
func TestNotOneByteIsWrittenOnceTheRightHasEnded(t *testing.T) {
	secret := map[string]string{"header": "secret"}
	ended := errors.New("the right has ended")
	w := httptest.NewRecorder()
	if err := hubhttp.AnswerUntil(context.Background(), w, secret, func() error { return ended }); !errors.Is(err, ended) {
		t.Errorf("%v, want %v", err, ended)
	}
	w.WriteHeader(503) // an answer that had begun would keep its own
	if w.Code != 503 || w.Body.Len() != 0 || len(w.Header()) != 0 {
		t.Errorf("written: %d %v %q", w.Code, w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	if err := hubhttp.AnswerUntil(context.Background(), w, secret, func() error { return nil }); err != nil {
		t.Error(err)
	}
	if !strings.Contains(w.Body.String(), "secret") || w.Code != 200 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// slowToCut is a connection of which the cut takes a while.
type slowToCut struct {
	http.ResponseWriter
	began, ends chan struct{}
}

func (w slowToCut) SetWriteDeadline(time.Time) error {
	close(w.began)
	<-w.ends
	return nil
}

func (w slowToCut) Flush() { <-w.began } // the right ends before the last byte is out

// A handler that has returned has handed its connection back: whoever touches it
// then ends the hub, or the answer to somebody else.
func TestNothingTouchesAnAnswerThatIsOver(t *testing.T) {
	ctx, end := context.WithCancel(context.Background())
	end()
	w := slowToCut{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	returned := make(chan error, 1)
	go func() {
		returned <- hubhttp.AnswerUntil(ctx, w, "body", func() error { return nil })
	}()
	<-w.began
	select {
	case <-returned:
		t.Fatal("it returned while its connection was being cut")
	case <-time.After(100 * time.Millisecond): // long enough to return in, were it not waiting
	}
	close(w.ends)
	if err := <-returned; err != nil {
		t.Error(err)
	}
}

// The same on a real server: rights end and readers go away while they are answered,
// and it lives on.
func TestRightsThatEndWhileTheyAreAnsweredEndNoServer(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := context.WithCancel(r.Context())
		go end()
		_ = hubhttp.AnswerUntil(ctx, w, "body", func() error { return nil })
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 500 {
				if answer, err := server.Client().Get(server.URL); err == nil {
					_ = answer.Body.Close()
				}
			}
		})
	}
	readers.Wait()
}
