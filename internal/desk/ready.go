package desk

import (
	"context"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// health is what was last seen of the desk's neighbours.
type health struct {
	mu       sync.Mutex
	hub      bool
	vault    bool
	officers bool
	provider bool
	pending  int
}

func (h *health) hubAnswered(_ time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hub = err == nil
}

func (h *health) waits(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pending = n
}

const (
	healthInterval = 5 * time.Second
	// officersEvery is how rarely a login that works is tried again: each try is a
	// line in Vault's audit log.
	officersEvery = 12
)

// watchHealth tries, not asks: Vault's own health page says well while a full
// audit disk fails every call.
func (d *Desk) watchHealth(ctx context.Context) {
	officers := false
	for n := 0; ; n++ {
		bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
		vault := d.Keys.Ready(bounded) == nil
		if !officers || !vault || n%officersEvery == 0 {
			officers = d.Keys.OfficersCanLogIn(bounded)
		}
		provider := d.Provider.Ready(bounded) == nil
		cancel()
		d.health.mu.Lock()
		d.health.vault, d.health.officers, d.health.provider = vault, officers, provider
		d.health.mu.Unlock()
		if !pause(ctx, healthInterval) {
			return
		}
	}
}

// Ready says whether the desk can do its work, and what is missing. Officers'
// signing and the provider are shown and do not count: the desk works without.
func (d *Desk) Ready(lang string) deskapi.Ready {
	d.health.mu.Lock()
	out := deskapi.Ready{
		Agency: string(d.Agency), Hub: d.health.hub, Vault: d.health.vault, OfficerSigning: d.health.officers,
		Provider: d.health.provider, Pending: d.health.pending,
	}
	d.health.mu.Unlock()
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.state != nil {
		out.Feed = d.state.Next
		if agency := d.state.Agency(d.Agency); agency != nil {
			out.Enrolled = true
			keys := agency.CurrentKeys(act.Sealing)
			out.SealingKey = len(keys) > 0 && d.keys[string(keys[0].Thumbprint)] != nil
		}
		if d.state.Unknown {
			out.Gap = CodeUpgradeNeeded
		}
	}
	if d.gap != "" {
		out.Gap = d.gap
	}
	switch {
	case !d.started:
		out.Code = d.lacking
	case out.Gap == CodeUpgradeNeeded:
		out.Code = CodeUpgradeNeeded
	case out.Gap != "":
		out.Code = CodeLedgerGap
	case !out.Vault:
		out.Code = CodeVaultUnavailable
	case !out.Hub:
		out.Code = CodeHubUnavailable
	case !out.SealingKey:
		out.Code = CodeNoSealingIdentity
	default:
		out.Ready = true
		return out
	}
	out.Message = message.Render(lang, message.New("desk_"+out.Code, message.Params{"Right": "", "Axis": ""}))
	return out
}
