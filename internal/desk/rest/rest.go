// Package rest serves the desk's REST interface: it turns requests into calls of
// the service and answers into JSON, and decides nothing.
//
// Every error is a problem document (RFC 9457) with a stable code and a sentence
// in the reader's language. An answer never holds a cause, a matched text or the
// name of an agency that the caller did not give. Only cmd/desk imports it.
package rest

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"
	"golang.org/x/time/rate"

	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the description of the interface, as served at /openapi.yaml.
func OpenAPI() []byte { return openAPI }

// Config is what the interface is made of.
type Config struct {
	Desk *desk.Desk
	Log  *slog.Logger // nil: slog.Default
}

type handler struct {
	desk   *desk.Desk
	log    *slog.Logger
	logins *rate.Limiter
}

// route is one line of the table that the mux is made from, and that the test
// compares with the description.
type route struct {
	method, path string
	serve        http.HandlerFunc
}

// New returns the whole interface.
func New(c Config) http.Handler {
	h := &handler{desk: c.Desk, log: c.Log, logins: rate.NewLimiter(20, 100)}
	if h.log == nil {
		h.log = slog.Default()
	}
	mux := http.NewServeMux()
	for _, r := range h.routes() {
		mux.HandleFunc(r.method+" "+r.path, r.serve)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.fail(w, r, &desk.Error{Code: desk.CodeNotFound}) })
	return mux
}

func (h *handler) routes() []route {
	return []route{
		{"GET", "/healthz", h.healthz},
		{"GET", "/readyz", h.readyz},
		{"GET", "/openapi.yaml", h.openapi},
		{"GET", "/api/v1/login", h.open(h.beginLogin)},
		{"POST", "/api/v1/sessions", h.open(h.startSession)},
		{"DELETE", "/api/v1/sessions/current", h.as(h.endSession)},
		{"GET", "/api/v1/me", h.as(h.me)},
		{"GET", "/api/v1/agency", h.as(h.agency)},
		{"GET", "/api/v1/officers", h.as(h.officers)},
		{"PUT", "/api/v1/officers/{officer}/roles", h.as(h.setRoles)},
		{"DELETE", "/api/v1/officers/{officer}/sessions", h.as(h.endSessions)},
		{"GET", "/api/v1/drafts", h.as(h.drafts)},
		{"POST", "/api/v1/drafts", h.as(h.createDraft)},
		{"GET", "/api/v1/drafts/{id}", h.as(h.draft)},
		{"PUT", "/api/v1/drafts/{id}", h.as(h.editDraft)},
		{"POST", "/api/v1/drafts/{id}/approvals", h.as(h.approve)},
		{"POST", "/api/v1/drafts/{id}/releases", h.as(h.release)},
		{"GET", "/api/v1/items", h.as(h.items)},
		{"GET", "/api/v1/items/{id}", h.as(h.item)},
		{"GET", "/api/v1/items/{id}/conditions", h.as(h.conditions)},
		{"GET", "/api/v1/items/{id}/access", h.as(h.access)},
		{"POST", "/api/v1/items/{id}/opens", h.as(h.openItem)},
		{"POST", "/api/v1/items/{id}/retractions", h.as(h.retract)},
		{"GET", "/api/v1/items/{id}/receipt", h.as(h.receipt)},
		{"GET", "/api/v1/items/{id}/restrictions", h.as(h.restrictions)},
		{"POST", "/api/v1/items/{id}/restrictions", h.as(h.restrict)},
		{"POST", "/api/v1/items/{id}/acknowledgements", h.as(h.acknowledge)},
		{"POST", "/api/v1/items/{id}/hindrances", h.as(h.cannotComply)},
		{"POST", "/api/v1/items/{id}/use-reports", h.as(h.reportUse)},
		{"POST", "/api/v1/items/{id}/attestations", h.as(h.attest)},
		{"POST", "/api/v1/items/{id}/holds", h.as(h.hold)},
		{"POST", "/api/v1/items/{id}/disclosures", h.as(h.disclose)},
		{"POST", "/api/v1/items/{id}/copies", h.as(h.copyItem)},
		{"GET", "/api/v1/items/{id}/duties", h.as(h.obligations)},
		{"GET", "/api/v1/duties", h.as(h.duties)},
		{"GET", "/api/v1/consents", h.as(h.consents)},
		{"POST", "/api/v1/consents", h.as(h.requestConsent)},
		{"POST", "/api/v1/consents/{request}/answers", h.as(h.answerConsent)},
		{"GET", "/api/v1/agreements", h.as(h.agreements)},
		{"GET", "/api/v1/agreements/{id}", h.as(h.agreement)},
		{"GET", "/api/v1/agreements/{id}/why", h.as(h.agreementWhy)},
		{"POST", "/api/v1/agreements/{id}/breaches", h.as(h.giveBreachNotice)},
		{"POST", "/api/v1/acts", h.as(h.relay)},
		{"GET", "/api/v1/outbox", h.as(h.outbox)},
		{"DELETE", "/api/v1/outbox/{act}", h.as(h.dismiss)},
	}
}

const requestDeadline = 60 * time.Second

// call answers one request with a status and a body; a nil body answers nothing.
type call func(r *http.Request, o *desk.Officer) (status int, body any, err error)

// as serves a call for the officer of the session token.
func (h *handler) as(next call) http.HandlerFunc {
	return h.answer(func(r *http.Request) (int, any, error) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			return 0, nil, &desk.Error{Code: desk.CodeLoginRequired}
		}
		officer, err := h.desk.Session(r.Context(), token)
		if err != nil {
			return 0, nil, err
		}
		return next(r, officer)
	})
}

// open serves a call before login, within a rate that a flood cannot exceed.
func (h *handler) open(next call) http.HandlerFunc {
	return h.answer(func(r *http.Request) (int, any, error) {
		if !h.logins.Allow() {
			return 0, nil, &desk.Error{Code: desk.CodeTooMany}
		}
		return next(r, nil)
	})
}

// text is a body that is not JSON.
type text struct {
	mediaType string
	body      []byte
}

func (h *handler) answer(next func(*http.Request) (int, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestDeadline)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, desk.MaxSource+64<<10)
		status, body, err := next(r.WithContext(ctx))
		if err != nil {
			h.fail(w, r, err)
			return
		}
		header(w)
		status = accepted(status, body)
		switch body := body.(type) {
		case nil:
			w.WriteHeader(status)
		case text:
			w.Header().Set("Content-Type", body.mediaType)
			w.WriteHeader(status)
			_, _ = w.Write(body.body)
		case deskapi.Draft:
			w.Header().Set("ETag", strconv.Quote(strconv.Itoa(body.Version)))
			writeJSON(w, status, body)
		default:
			writeJSON(w, status, body)
		}
	}
}

func header(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	w.Header().Set("Vary", "Accept-Language, Authorization")
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"code":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
}

// read decodes a JSON body strictly: an unknown member is a mistake that must not
// pass for something that was done, and one given twice means two things.
func read(r *http.Request, into any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return &desk.Error{Code: desk.CodeMalformed}
	}
	raw, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &desk.Error{Code: desk.CodeTooLarge}
	case err != nil, strict.Unmarshal(raw, into, strict.RejectUnknownMembers(true)) != nil:
		return &desk.Error{Code: desk.CodeMalformed}
	}
	return nil
}

// lang is the reader's preference, of a length that nobody needs to exceed.
func lang(r *http.Request) string {
	accepted := r.Header.Get("Accept-Language")
	return accepted[:min(len(accepted), 256)]
}
