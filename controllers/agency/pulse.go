package agency

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// Pulse asks each second whether hub and Vault answer, and has every agency
// looked at when that turns: a thousand agencies hear of an outage within seconds
// although each is looked at less often. It is a manager.Runnable.
type Pulse struct {
	// Questions by name; an error means no.
	Questions map[string]func(context.Context) error

	every  time.Duration
	client client.Client
	turned func()
	wake   chan event.TypedGenericEvent[*v1alpha1.Agency]
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (p *Pulse) NeedLeaderElection() bool { return true }

// Start asks until the context ends.
func (p *Pulse) Start(ctx context.Context) error {
	alive := map[string]bool{}
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		if p.ask(ctx, alive) {
			p.turned()
			if err := p.wakeAll(ctx); err != nil {
				ctrl.LoggerFrom(ctx).Error(err, "list agencies")
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// ask notes each answer in alive and reports whether one is another than before.
// The first round tells nothing: every agency is looked at then anyway.
func (p *Pulse) ask(ctx context.Context, alive map[string]bool) (turned bool) {
	for name, question := range p.Questions {
		limited, cancel := context.WithTimeout(ctx, probeTimeout)
		err := question(limited)
		cancel()
		if ctx.Err() != nil {
			return false
		}
		if before, asked := alive[name]; asked && before != (err == nil) {
			ctrl.LoggerFrom(ctx).Info("turned", "what", name, "answers", err == nil)
			turned = true
		}
		alive[name] = err == nil
	}
	return turned
}

func (p *Pulse) wakeAll(ctx context.Context) error {
	list := &v1alpha1.AgencyList{}
	if err := p.client.List(ctx, list); err != nil {
		return err
	}
	for i := range list.Items {
		select {
		case p.wake <- event.TypedGenericEvent[*v1alpha1.Agency]{Object: &list.Items[i]}:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}
