package desk

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/bulletin"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/item"
)

// slowKeys is Vault that answers a look at it only when it is told to, whatever
// becomes of the asker.
type slowKeys struct {
	Keys
	asked, answer chan struct{}
}

func (k slowKeys) Ready(context.Context) error {
	close(k.asked)
	<-k.answer
	return context.Canceled
}

func (slowKeys) OfficersCanLogIn(context.Context) bool { return false }

func (slowKeys) Wrap(context.Context, []byte, []byte) (string, error) {
	return "", context.Canceled
}

// Whoever runs a desk closes its store afterwards: nothing of it may be at work then.
func TestNothingRunsAfterRunHasReturned(t *testing.T) {
	keys := slowKeys{asked: make(chan struct{}), answer: make(chan struct{})}
	d := unstarted(t, keys)
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error, 1)
	go func() { returned <- d.Run(ctx) }()
	<-keys.asked
	cancel()
	select {
	case <-returned:
		t.Error("it returned while a call was on its way")
	case <-time.After(100 * time.Millisecond): // long enough to return in, were it not waiting
		close(keys.answer)
		<-returned
	}
}

// unstarted is a desk with an empty store that knows no hub.
func unstarted(t *testing.T, keys Keys) *Desk {
	t.Helper()
	store, err := deskstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	d, err := New(Options{
		Agency: "agencya", Store: store, Keys: keys, Provider: NoProvider{}, Kinds: item.Kinds{"bulletin": bulletin.New()}, Log: slog.New(slog.DiscardHandler),
		ConnectHub: func(func(context.Context) (string, error)) (Hub, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
