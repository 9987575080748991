package hubhttp_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

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
