package hubhttp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/time/rate"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub"
)

// Config is what the API is made of.
type Config struct {
	Service   *hub.Service
	Workloads Workloads
	// Operator is the subject of the operator's token; empty means OperatorSubject.
	Operator string
	Log      *slog.Logger
	// RequestsPerSecond is each agency's rate; 0 means 100, with bursts of four
	// seconds' worth.
	RequestsPerSecond float64
}

type handler struct {
	service   *hub.Service
	workloads Workloads
	operator  string
	log       *slog.Logger
	limits    *limits
	requests  requestCounters
}

const (
	rateRetry = time.Second

	limitAct     = 1<<20 + 1<<10
	limitRelease = 16 << 20 // 16 headers would not fit, two do, with 2,048 descriptors
	limitSmall   = 64 << 10

	usualDeadline  = 60 * time.Second
	uploadDeadline = 10 * time.Minute
)

// New returns the whole API.
func New(config Config) http.Handler {
	if config.Operator == "" {
		config.Operator = OperatorSubject
	}
	if config.RequestsPerSecond == 0 {
		config.RequestsPerSecond = 100
	}
	h := &handler{
		service: config.Service, workloads: config.Workloads, operator: config.Operator, log: config.Log,
		limits: &limits{
			rate: rate.Limit(config.RequestsPerSecond), burst: max(int(4*config.RequestsPerSecond), 1),
			all: map[act.AgencyName]*rate.Limiter{},
		},
	}
	mux := http.NewServeMux()
	for _, route := range h.routes() {
		mux.HandleFunc(route.pattern, route.serve)
	}
	mux.HandleFunc("/", h.handle(func(http.ResponseWriter, *http.Request) error { return &hub.Error{Code: hub.CodeNotFound} }))
	return h.count(mux)
}

// route is one endpoint behind the door through which its callers come.
type route struct {
	pattern string
	door    string // public, desk or operator
	serve   http.HandlerFunc
}

// routes are all endpoints.
func (h *handler) routes() []route {
	all := []route{
		{"GET /healthz", "public", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }},
		{"GET /metrics", "public", h.metrics},
	}
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /v1/hub":             h.about,
		"GET /log/checkpoint":     h.checkpoint,
		"GET /log/{tile...}":      h.tile,
		"GET /v1/log/consistency": h.consistency,
		"GET /v1/log/proof":       h.proof,
		"POST /v1/enrolments":     h.enrol,
		"GET /readyz":             h.ready,
	} {
		all = append(all, route{pattern, "public", h.handle(serve)})
	}
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request, act.AgencyName) error{
		"POST /v1/acts":                 h.submit,
		"HEAD /v1/uploads/{digest}":     h.uploadOffset,
		"PUT /v1/uploads/{digest}":      h.upload,
		"POST /v1/releases":             h.release,
		"GET /v1/feed":                  h.feed,
		"POST /v1/deliveries":           h.deliver,
		"POST /v1/opens":                h.open,
		"GET /v1/blobs/{digest}":        h.body,
		"GET /v1/receipts/{index}":      h.receipt,
		"GET /v1/deposits":              h.deposits,
		"GET /v1/deposits/{thumbprint}": h.deposit,
		"PUT /v1/deposits/{thumbprint}": h.putDeposit,
	} {
		all = append(all, route{pattern, "desk", h.asDesk(serve)})
	}
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /v1/registrar/agencies/{slug}":           h.agency,
		"PUT /v1/registrar/agencies/{slug}":           h.admit,
		"POST /v1/registrar/agencies/{slug}/codes":    h.newCode,
		"POST /v1/registrar/agencies/{slug}/requests": h.request,
		"GET /v1/registrar/agreements":                h.agreements,
		"GET /v1/registrar/agreements/{digest}":       h.agreement,
		"POST /v1/registrar/clock":                    h.confirmClock,
	} {
		all = append(all, route{pattern, "operator", h.asOperator(serve)})
	}
	return all
}

// handle gives a request its deadlines and its error its problem document.
func (h *handler) handle(next func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		deadline(w, usualDeadline)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		err := next(w, r)
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return // nobody listens any more
		}
		if err != nil {
			h.fail(w, r, err)
		}
	}
}

// deadline lets a slow or silent client hold a connection for a bounded time.
func deadline(w http.ResponseWriter, d time.Duration) {
	control := http.NewResponseController(w)
	at := time.Now().Add(d)
	_ = control.SetReadDeadline(at)
	_ = control.SetWriteDeadline(at)
}

// read decodes a body strictly: unknown and duplicate members are refused.
func read(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return badBody(err)
	}
	if err := json.Unmarshal(raw, into, json.RejectUnknownMembers(true)); err != nil {
		return &hub.Error{Code: hub.CodeMalformed}
	}
	return nil
}

// badBody: a body that broke off is the client's doing.
func badBody(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return &hub.Error{Code: hub.CodeMalformed}
}

func answer(w http.ResponseWriter, status int, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
	return nil
}

// number reads a decimal query parameter; absent is 0.
func number(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<53 {
		return 0, &hub.Error{Code: hub.CodeMalformed, Detail: fmt.Sprintf("%s is not a number", name)}
	}
	return n, nil
}

var b64 = base64.RawURLEncoding.Strict()

// appended is the answer to every act.
type appended struct {
	Index uint64 `json:"index"`
	Time  string `json:"time"`
	Act   act.ID `json:"act"`
}

const timeLayout = "2006-01-02T15:04:05.000Z"

func answerAppended(w http.ResponseWriter, done hub.Appended) error {
	status := http.StatusOK
	if done.New {
		status = http.StatusCreated
	}
	return answer(w, status, appended{done.Index, done.Time.UTC().Format(timeLayout), done.Act})
}
