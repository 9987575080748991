package hubhttp

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/version"
)

type about struct {
	ID                  string         `json:"id"`
	LogKey              string         `json:"logKey"`
	Registrar           act.JWK        `json:"registrar"`
	RegistrarThumbprint act.Thumbprint `json:"registrarThumbprint"`
	Version             string         `json:"version"`
}

func (h *handler) about(w http.ResponseWriter, _ *http.Request) error {
	g := h.service.Genesis()
	return answer(w, http.StatusOK, about{g.Hub, g.LogKey, g.Registrar, g.Registrar.Thumbprint(), version.Version})
}

func (h *handler) checkpoint(w http.ResponseWriter, _ *http.Request) error {
	note, err := h.service.LatestCheckpoint()
	if err != nil {
		return err
	}
	// C2SP tlog-tiles: the checkpoint is mutable, "SHOULD NOT be cached".
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(note)
	return nil
}

func (h *handler) tile(w http.ResponseWriter, r *http.Request) error {
	data, err := h.service.Tile(r.Context(), r.PathValue("tile"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(data)
	return nil
}

// proof is a list of hashes, from the leaf's sibling up (RFC 6962 section 2.1).
type proof struct {
	Index *int64   `json:"index,omitempty"`
	From  *int64   `json:"from,omitempty"`
	Size  int64    `json:"size"`
	Proof []string `json:"proof"` // standard base64, as in C2SP tlog-proof
}

func hashes(list []tlog.Hash) []string {
	text := make([]string, len(list))
	for n, hash := range list {
		text[n] = hash.String()
	}
	return text
}

func (h *handler) consistency(w http.ResponseWriter, r *http.Request) error {
	from, err := number(r, "from")
	if err != nil {
		return err
	}
	to, err := number(r, "to")
	if err != nil {
		return err
	}
	list, size, err := h.service.Consistency(r.Context(), from, to)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, proof{From: &from, Size: size, Proof: hashes(list)})
}

func (h *handler) proof(w http.ResponseWriter, r *http.Request) error {
	index, err := number(r, "index")
	if err != nil {
		return err
	}
	size, err := number(r, "size")
	if err != nil {
		return err
	}
	list, size, err := h.service.Inclusion(r.Context(), index, size)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, proof{Index: &index, Size: size, Proof: hashes(list)})
}

func (h *handler) ready(w http.ResponseWriter, r *http.Request) error {
	if err := h.service.Ready(r.Context()); err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		Ready bool `json:"ready"`
	}{true})
}

type enrolment struct {
	Agency      act.AgencyName `json:"agency"`
	OfficerSign act.JWK        `json:"officerSign"`
	DeskSign    act.JWK        `json:"deskSign"`
	WitnessSign act.JWK        `json:"witnessSign"`
	Proof       string         `json:"proof"`
}

// enrol takes either a desk's ServiceAccount token or a one-time code as bearer:
// a token has two dots, a code none.
func (h *handler) enrol(w http.ResponseWriter, r *http.Request) error {
	token, err := bearer(r)
	if err != nil {
		return err
	}
	var body enrolment
	if err := read(w, r, limitSmall, &body); err != nil {
		return err
	}
	request := hub.Enrolment{
		Agency: body.Agency, Proof: body.Proof,
		Keys: act.EnrolledKeys{OfficerSign: body.OfficerSign, DeskSign: body.DeskSign, WitnessSign: body.WitnessSign},
	}
	if strings.Count(token, ".") == 2 {
		subject, err := h.workloads.Subject(r.Context(), token)
		if err != nil {
			h.log.Info("workload token refused", "error", err)
			return errUnauthenticated
		}
		if request.Workload = deskOf(subject); request.Workload == "" {
			return &hub.Error{Code: hub.CodeForbidden}
		}
	} else {
		request.Code = token
	}
	done, err := h.service.Enrol(r.Context(), request)
	if err != nil {
		return err
	}
	return answerAppended(w, done)
}

// requestCounters count responses by class of status.
type requestCounters [6]atomic.Uint64

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (h *handler) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := &statusWriter{w, http.StatusOK}
		next.ServeHTTP(counted, r)
		if class := counted.status / 100; class < len(h.requests) {
			h.requests[class].Add(1)
		}
	})
}

// metrics writes plain counters in the text format of Prometheus. No label comes
// from a request and none names an agency.
func (h *handler) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	out := bufio.NewWriter(w)
	defer func() { _ = out.Flush() }()
	for class := 1; class < len(h.requests); class++ {
		_, _ = fmt.Fprintf(out, "concordat_hub_responses_total{class=\"%dxx\"} %d\n", class, h.requests[class].Load())
	}
	c := h.service.Counters()
	entries, checkpoint := h.service.Sizes()
	for _, line := range []struct {
		name  string
		value uint64
	}{
		{"ledger_entries", entries}, {"checkpoint_size", checkpoint}, {"opens_total", c.Opened.Load()},
		{"open_aborts_total", c.Aborted.Load()}, {"open_denials_total", c.Denied.Load()}, {"checkpoint_errors_total", c.CheckpointErrors.Load()},
		{"bearers_out_of_time_total", c.BearersOutOfTime.Load()},
	} {
		_, _ = fmt.Fprintf(out, "concordat_hub_%s %d\n", line.name, line.value)
	}
	clock, trusted := h.service.ClockView(), 0
	if clock.Trusted {
		trusted = 1
	}
	_, _ = fmt.Fprintf(out, "concordat_hub_clock_trusted %d\n", trusted)
	if clock.Ahead != nil {
		_, _ = fmt.Fprintf(out, "concordat_hub_clock_ahead_of_vault_seconds %.0f\n", clock.Ahead.Seconds())
	}
}
