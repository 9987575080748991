package hubtest

import (
	"context"
	"encoding/pem"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubhttp"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/files"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
)

// HubID is the id of hubs of this package.
const HubID = "hub.test/ledger"

// Options change how a hub is made.
type Options struct {
	Vault *Vault // nil: the package's, or a new one
	Dir   string // of the state; "": a new one
	Clock hub.Clock
	// VaultOff is how far Vault's clock is ahead of the hub's when the hub starts.
	// From then on both run as time passes, and neither follows the other's jumps.
	VaultOff time.Duration
	// Store and Blobs wrap the real ones, to fail on purpose.
	Store func(store.Store) store.Store
	Blobs func(store.Blobs) store.Blobs
	// Keys wraps Vault, to be slow or to fail on purpose.
	Keys    func(hub.Vault) hub.Vault
	SQLite  sqlite.Options
	Files   files.Options
	Rate    float64
	Cluster *Cluster
}

// Hub is a hub in this process behind real TLS.
type Hub struct {
	*World
	Service *hub.Service
	Vault   *Vault
	Dir     string
	Store   store.Store
	Blobs   store.Blobs

	server *httptest.Server
	stop   func()
	client *vault.Client
	told   *vaultClock
	db     *sqlite.Store
	once   sync.Once
}

// Start runs a hub and stops it when the test ends.
func Start(tb testing.TB, options Options) *Hub {
	tb.Helper()
	if options.Vault == nil {
		options.Vault = SharedVault(tb)
	}
	if options.Dir == "" {
		options.Dir = tb.TempDir()
	}
	if options.Cluster == nil {
		options.Cluster = NewCluster(tb)
	}
	h := &Hub{Vault: options.Vault, Dir: options.Dir}
	h.open(tb, options)
	h.serve(tb, options)
	tb.Cleanup(h.Stop)
	return h
}

func (h *Hub) open(tb testing.TB, options Options) {
	tb.Helper()
	var err error
	if h.db, err = sqlite.Open(tb.Context(), options.Dir, options.SQLite); err != nil {
		tb.Fatal(err)
	}
	blobs, err := files.Open(filepath.Join(options.Dir, "blobs"), options.Files)
	if err != nil {
		tb.Fatal(err)
	}
	h.Store, h.Blobs = h.db, blobs
	if options.Store != nil {
		h.Store = options.Store(h.Store)
	}
	if options.Blobs != nil {
		h.Blobs = options.Blobs(h.Blobs)
	}
	h.client = options.Vault.Client(options.Vault.Token)
	if options.Clock == nil {
		options.Clock = hub.SystemClock()
	}
	h.told = newVaultClock(hub.NewKeys(h.client, bootstrap.HubMount), options.Clock)
	h.told.set(options.VaultOff)
	var keys hub.Vault = h.told
	if options.Keys != nil {
		keys = options.Keys(keys)
	}
	h.Service, err = hub.Open(tb.Context(), hub.Config{
		ID: HubID, Store: h.Store, Blobs: h.Blobs, Vault: keys, Clock: options.Clock,
		Log: slog.New(slog.DiscardHandler), CheckpointEvery: 50 * time.Millisecond,
	})
	if err != nil {
		_ = h.db.Close()
		tb.Fatal(err)
	}
}

func (h *Hub) serve(tb testing.TB, options Options) {
	tb.Helper()
	if options.Rate == 0 {
		options.Rate = 1e6
	}
	h.server = httptest.NewUnstartedServer(hubhttp.New(hubhttp.Config{
		Service: h.Service, Log: slog.New(slog.DiscardHandler), RequestsPerSecond: options.Rate,
		Workloads: hubhttp.Workloads{Issuer: options.Cluster.Issuer, JWKSFile: options.Cluster.JWKSFile},
	}))
	h.server.EnableHTTP2 = true
	h.server.StartTLS()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { h.Service.Run(ctx); close(done) }()
	h.stop = func() { cancel(); <-done }
	ca := filepath.Join(tb.TempDir(), "hub-ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.server.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		tb.Fatal(err)
	}
	h.World = NewWorld(tb, h.server.URL, ca, options.Cluster)
	if clock, ok := options.Clock.(*Clock); ok {
		h.Now = clock.Now
	}
}

// Stop ends the hub as an orderly shutdown does. Its folder stays.
func (h *Hub) Stop() {
	h.once.Do(func() {
		h.Service.EndPolls()
		h.Hush()
		h.server.Close()
		h.stop()
		_ = h.db.Close()
	})
}

// Restart stops the hub and starts another on the same folder, Vault and cluster.
// Agencies go on with it by Move.
func (h *Hub) Restart(tb testing.TB, options Options) *Hub {
	tb.Helper()
	h.Stop()
	options.Vault, options.Dir, options.Cluster = h.Vault, h.Dir, h.Cluster
	return Start(tb, options)
}

// SetVaultClock sets how far Vault's clock is ahead of what the hub's would show if
// nobody had set it since it started.
func (h *Hub) SetVaultClock(ahead time.Duration) { h.told.set(ahead) }

// Verify checks everything that the hub has stored.
func (h *Hub) Verify(tb testing.TB) hub.Report {
	tb.Helper()
	report, err := hub.Verify(tb.Context(), HubID, h.db, h.Blobs)
	if err != nil { // a body may have been disposed of under the reader's eyes
		report, err = hub.Verify(tb.Context(), HubID, h.db, h.Blobs)
	}
	if err != nil {
		tb.Fatalf("the stored ledger does not verify: %v", err)
	}
	return report
}

// Audit is Verify for a test that expects an error.
func (h *Hub) Audit(tb testing.TB) error {
	tb.Helper()
	_, err := hub.Verify(tb.Context(), HubID, h.db, h.Blobs)
	return err
}

// Client is a client of the hub with this bearer.
func (w *World) Client(tb testing.TB, bearer hubclient.Bearer) *hubclient.Client {
	tb.Helper()
	client, err := hubclient.New(hubclient.Config{URL: w.URL, CAFile: w.CAFile, Bearer: bearer})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	w.clients = append(w.clients, client)
	return client
}
