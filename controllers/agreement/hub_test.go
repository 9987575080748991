package agreement_test

import (
	"context"
	"strconv"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agreement"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
)

// hub is the ledger as the operator sees it: it answers when something is another.
type hub struct {
	mu      sync.Mutex
	list    []agreement.Revision
	known   map[string]bool
	away    error
	version int
	changed chan struct{}
	asked   int
}

func newHub(known ...string) *hub {
	h := &hub{known: map[string]bool{}, version: 1, changed: make(chan struct{})}
	for _, name := range known {
		h.known[name] = true
	}
	return h
}

// Overview implements agreement.Ledger.
func (h *hub) Overview(ctx context.Context, tag string) (agreement.Overview, error) {
	patience := time.After(5 * time.Second)
	h.mu.Lock()
	h.asked++
	for {
		now, away, changed := strconv.Itoa(h.version), h.away, h.changed
		list := append([]agreement.Revision(nil), h.list...)
		h.mu.Unlock()
		if away != nil {
			return agreement.Overview{}, away
		}
		if now != tag {
			return agreement.Overview{Tag: now, Revisions: list}, nil
		}
		select {
		case <-changed:
		case <-patience:
			return agreement.Overview{Tag: now, Unchanged: true}, nil
		case <-ctx.Done():
			return agreement.Overview{}, ctx.Err()
		}
		h.mu.Lock()
	}
}

func (h *hub) Keys(_ context.Context, name string) (map[v1alpha1.Purpose]string, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	agency := act.AgencyName(name)
	return map[v1alpha1.Purpose]string{
		v1alpha1.OfficerSign: string(agreementtest.JWK(agency, act.OfficerSign).Thumbprint()),
		v1alpha1.DeskSign:    string(agreementtest.JWK(agency, act.DeskSign).Thumbprint()),
	}, h.known[name], h.away
}

// change changes something, and lets those who wait hear of it.
func (h *hub) change(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	h.ring()
}

func (h *hub) ring() {
	h.version++
	close(h.changed)
	h.changed = make(chan struct{})
}

// record puts a revision into the ledger in place of its older self.
func (h *hub) record(r agreement.Revision) {
	h.change(func() { h.put(r) })
}

// slip does the same and tells nobody, as a hub does that misses a moment.
func (h *hub) slip(r agreement.Revision) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put(r)
}

func (h *hub) put(r agreement.Revision) {
	for i := range h.list {
		if h.list[i].Digest == r.Digest {
			h.list[i] = r
			return
		}
	}
	h.list = append(h.list, r)
}

func (h *hub) fail(err error)    { h.change(func() { h.away = err }) }
func (h *hub) enrol(name string) { h.change(func() { h.known[name] = true }) }

func (h *hub) questions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// counted counts the writes of status that a client makes, by object.
type counted struct {
	mu sync.Mutex
	by map[string]int
}

func (c *counted) of(k client.Client) client.Client { return counting{k, c} }

func (c *counted) about(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.by[name]
}

type counting struct {
	client.Client
	count *counted
}

// Status implements client.Client.
func (c counting) Status() client.SubResourceWriter {
	return countingStatus{c.Client.Status(), c.count}
}

type countingStatus struct {
	client.SubResourceWriter
	count *counted
}

// Patch implements client.SubResourceWriter.
func (c countingStatus) Patch(ctx context.Context, o client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
	c.count.mu.Lock()
	if c.count.by == nil {
		c.count.by = map[string]int{}
	}
	c.count.by[o.GetName()]++
	c.count.mu.Unlock()
	return c.SubResourceWriter.Patch(ctx, o, patch, options...)
}
