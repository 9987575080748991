package hubhttp

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/time/rate"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub"
)

// WorkloadAudience is the audience of the ServiceAccount tokens that the hub takes.
const WorkloadAudience = "concordat-hub"

// OperatorSubject is the operator's ServiceAccount.
const OperatorSubject = "system:serviceaccount:concordat-system:concordat-operator"

// Workloads verifies ServiceAccount tokens of one cluster offline, against the
// key set that bootstrap pinned. It never asks the cluster: an apiserver that was
// taken over could otherwise vouch for anybody, and one that is away would stop
// the hub.
type Workloads struct {
	Issuer   string
	JWKSFile string // read at each use, so that a rotated set needs no restart
}

var errNoCluster = errors.New("no cluster is configured")

// Subject returns the verified subject of a token.
func (w Workloads) Subject(ctx context.Context, token string) (string, error) {
	if w.Issuer == "" || w.JWKSFile == "" {
		return "", errNoCluster
	}
	keys, err := w.keys()
	if err != nil {
		return "", err
	}
	verifier := oidc.NewVerifier(w.Issuer, &oidc.StaticKeySet{PublicKeys: keys}, &oidc.Config{
		ClientID: WorkloadAudience, SupportedSigningAlgs: workloadAlgorithms,
	})
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return "", err
	}
	return verified.Subject, nil
}

func (w Workloads) keys() ([]crypto.PublicKey, error) {
	raw, err := os.ReadFile(w.JWKSFile)
	if err != nil {
		return nil, fmt.Errorf("pinned key set: %w", err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("pinned key set: %w", err)
	}
	var keys []crypto.PublicKey
	for _, key := range set.Keys {
		if key.Valid() && key.IsPublic() && signsTokens(key) {
			keys = append(keys, key.Key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("pinned key set: no public key")
	}
	return keys, nil
}

// signsTokens refuses a key that says it is for something else (RFC 7517,
// sections 4.2 and 4.4), and RSA below 2048 bits (NIST SP 800-131A).
func signsTokens(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" || key.Algorithm != "" && !slices.Contains(workloadAlgorithms, key.Algorithm) {
		return false
	}
	public, isRSA := key.Key.(*rsa.PublicKey)
	return !isRSA || public.N.BitLen() >= 2048
}

var workloadAlgorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512}

var deskSubject = regexp.MustCompile(`^system:serviceaccount:agency-([a-z][a-z0-9]{1,30}):desk$`)

// deskOf returns the slug whose desk the subject is, exactly.
func deskOf(subject string) act.AgencyName {
	if match := deskSubject.FindStringSubmatch(subject); match != nil {
		return act.AgencyName(match[1])
	}
	return ""
}

var errUnauthenticated = &hub.Error{Code: hub.CodeUnauthenticated}

func bearer(r *http.Request) (string, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" || len(token) > 16<<10 {
		return "", errUnauthenticated
	}
	return token, nil
}

// asDesk calls next for the agency that the bearer speaks for, within its rate.
func (h *handler) asDesk(next func(http.ResponseWriter, *http.Request, act.AgencyName) error) http.HandlerFunc {
	return h.handle(func(w http.ResponseWriter, r *http.Request) error {
		token, err := bearer(r)
		if err != nil {
			return err
		}
		agency, err := h.service.Bearer(token)
		if err != nil {
			return err
		}
		if !h.limits.allow(agency) {
			return &hub.Error{Code: hub.CodeRateLimited, RetryAfter: rateRetry}
		}
		return next(w, r, agency)
	})
}

// asOperator calls next for the operator's ServiceAccount only.
func (h *handler) asOperator(next func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return h.handle(func(w http.ResponseWriter, r *http.Request) error {
		token, err := bearer(r)
		if err != nil {
			return err
		}
		subject, err := h.workloads.Subject(r.Context(), token)
		if err != nil {
			h.log.Info("workload token refused", "error", err)
			return errUnauthenticated
		}
		if subject != h.operator {
			return &hub.Error{Code: hub.CodeForbidden}
		}
		return next(w, r)
	})
}

// limits give each agency a bucket of its own: one agency's flood does not slow
// another down.
type limits struct {
	rate  rate.Limit
	burst int
	mu    sync.Mutex
	all   map[act.AgencyName]*rate.Limiter
}

func (l *limits) allow(agency act.AgencyName) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.all[agency] // only verified agencies get here, so the map is bounded
	if limiter == nil {
		limiter = rate.NewLimiter(l.rate, l.burst)
		l.all[agency] = limiter
	}
	return limiter.Allow()
}
