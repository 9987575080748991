package bench

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/act"
)

// sighting is a state as a watch of kubectl's kind saw it, and when.
type sighting struct {
	state v1alpha1.AgreementState
	at    time.Time
}

// sightings watches one SharingAgreement.
func (s *site) sightings(b *testing.B, name string) <-chan sighting {
	b.Helper()
	watcher, err := s.kube.Watch(b.Context(), &v1alpha1.SharingAgreementList{}, client.MatchingFields{"metadata.name": name})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(watcher.Stop)
	states := make(chan sighting, 100)
	go func() {
		for e := range watcher.ResultChan() {
			if a, ok := e.Object.(*v1alpha1.SharingAgreement); ok {
				states <- sighting{a.Status.State, time.Now()}
			}
		}
	}()
	return states
}

// until is how long after since the state was seen.
func until(states <-chan sighting, want v1alpha1.AgreementState, since time.Time) (time.Duration, error) {
	timeout := time.After(30 * time.Second)
	for {
		select {
		case s := <-states:
			if s.state == want {
				return max(0, s.at.Sub(since)), nil // the status may be faster than the answer
			}
		case <-timeout:
			return 0, fmt.Errorf("the status did not say %s within 30 s", want)
		}
	}
}

// BenchmarkAgreementStatus measures from the hub's answer to an act until a watch
// at kube-apiserver shows the new state, beside what no operator can do without:
// one patch of an object, until a watch shows it.
func BenchmarkAgreementStatus(b *testing.B) {
	s := newSite(b)
	one, other := s.hub.Enrol(b, "statusa"), s.hub.Enrol(b, "statusb")
	document := s.hub.Document(one, other)
	raw, _, err := document.Bytes()
	if err != nil {
		b.Fatal(err)
	}
	object := &v1alpha1.SharingAgreement{
		ObjectMeta: metav1.ObjectMeta{Name: "ag-status"},
		Spec:       v1alpha1.SharingAgreementSpec{Document: string(raw), ProposedBy: "statusa"},
	}
	if err := s.kube.Create(b.Context(), object); err != nil {
		b.Fatal(err)
	}
	states := s.sightings(b, "ag-status")
	ref := s.hub.Agree(b, document, one, other)
	if _, err := until(states, v1alpha1.StateInForce, time.Now()); err != nil {
		b.Fatal(err)
	}
	plain := s.plainObject(b)
	const toStatus, toWatch, appended = "act in the ledger to status", "plain patch to watch", "act, until it is in the ledger"
	m := &samples{}
	for b.Loop() {
		for n := range rounds {
			step, want := other.Step(b, ref), v1alpha1.StateSuspended
			var payload act.Payload = &act.AgreementSuspend{AgreementStep: step}
			if n%2 == 1 {
				payload, want = &act.AgreementResume{AgreementStep: step}, v1alpha1.StateInForce
			}
			m.time(b, appended, func() error { other.Submit(b, act.OfficerSign, payload); return nil })
			took, err := until(states, want, time.Now())
			if err != nil {
				b.Fatal(err)
			}
			m.keep(toStatus, took)
			m.time(b, toWatch, plain)
		}
	}
	for name, quantile := range map[string]float64{"p50": 0.5, "p99": 0.99} {
		b.ReportMetric(float64(m.at(toStatus, quantile).Microseconds())/1000, "ms-"+name)
	}
	b.ReportMetric(ratio(m.median(toStatus), m.median(toWatch)), "x-patch")
	b.ReportMetric(0, "ns/op")
	show(b, fmt.Sprintf("p99 of status %s, of a plain patch %s", m.at(toStatus, 0.99).Round(time.Millisecond), m.at(toWatch, 0.99).Round(time.Millisecond)), m.table())
}

// plainObject returns a function that patches a ConfigMap and waits for a watch to
// show it.
func (s *site) plainObject(b *testing.B) func() error {
	b.Helper()
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "plain", Namespace: "default"}}
	if err := s.kube.Create(b.Context(), object); err != nil {
		b.Fatal(err)
	}
	watcher, err := s.kube.Watch(b.Context(), &corev1.ConfigMapList{}, client.InNamespace("default"), client.MatchingFields{"metadata.name": "plain"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(watcher.Stop)
	n := 0
	return func() error {
		n++
		word := fmt.Sprint(n)
		patch := client.RawPatch(types.MergePatchType, []byte(`{"data":{"n":"`+word+`"}}`))
		if err := s.kube.Patch(b.Context(), object.DeepCopy(), patch); err != nil {
			return err
		}
		for e := range watcher.ResultChan() {
			if seen, ok := e.Object.(*corev1.ConfigMap); ok && seen.Data["n"] == word {
				return nil
			}
		}
		return fmt.Errorf("the watch ended")
	}
}
