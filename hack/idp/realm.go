package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	// acrPassword is the one authentication context this provider knows: a password, just now.
	acrPassword = "urn:concordat:acr:password"

	tokenLife   = 5 * time.Minute  // of an id_token and its access token
	requestLife = 10 * time.Minute // from the authorisation request to the password
	codeLife    = time.Minute      // from the password to the exchange of the code
)

// realm is one agency's provider: the protocol by pkg/op, the login pages and the memory of what is
// under way. Logins under way do not survive a restart; keys and subjects do.
type realm struct {
	issuer   string
	secrets  realmSecrets
	provider *op.Provider
	routes   *http.ServeMux
	logger   *slog.Logger
	now      func() time.Time

	mu       sync.Mutex
	clients  map[string]clientConfig
	officers map[string]officerConfig
	requests map[string]*authRequest // by request id
	codes    map[string]string       // code → request id
	tokens   map[string]accessToken  // by token id
	devices  map[string]*deviceLogin // by device code
}

func newRealm(issuer string, secrets realmSecrets, logger *slog.Logger) (*realm, error) {
	r := &realm{
		issuer: issuer, secrets: secrets, logger: logger, now: time.Now,
		requests: map[string]*authRequest{}, codes: map[string]string{},
		tokens: map[string]accessToken{}, devices: map[string]*deviceLogin{},
	}
	var cryptoKey [32]byte // encrypts codes and access tokens, which do not outlive the process
	copy(cryptoKey[:], random(32))
	issuerPath, err := url.Parse(issuer)
	if err != nil {
		return nil, err
	}
	r.provider, err = op.NewProvider(&op.Config{
		CryptoKey:      cryptoKey,
		CodeMethodS256: true,
		DeviceAuthorization: op.DeviceAuthorizationConfig{
			Lifetime:     requestLife,
			PollInterval: 2 * time.Second,
			UserFormPath: issuerPath.Path + "/device",
			UserCode:     op.UserCodeBase20,
		},
	}, storage{r}, op.StaticIssuer(issuer), op.WithLogger(logger), op.WithCORSOptions(nil))
	if err != nil {
		return nil, err
	}
	r.routes = r.newRoutes()
	return r, nil
}

// newRoutes lists every path there is. pkg/op's introspection, revocation, end-session and its
// authorize/callback are left out: the last would hand the code to whoever knows the request's id.
func (r *realm) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", r.discovery)
	for _, route := range []string{"GET /keys", "POST /oauth/token", "GET /userinfo", "POST /userinfo", "POST /device_authorization"} {
		mux.Handle(route, r.provider)
	}
	mux.HandleFunc("GET /authorize", r.authorize)
	mux.HandleFunc("POST /authorize", r.authorize)
	mux.HandleFunc("GET /login", r.loginPage)
	mux.HandleFunc("POST /login", r.login)
	mux.HandleFunc("GET /device", r.devicePage)
	mux.HandleFunc("POST /device", r.deviceLogin)
	return mux
}

// configure replaces clients and officers. A login under way for one that is gone fails at its next step.
func (r *realm) configure(c realmConfig) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clients = make(map[string]clientConfig, len(c.Clients))
	for _, client := range c.Clients {
		r.clients[client.ID] = client
	}
	r.officers = make(map[string]officerConfig, len(c.Officers))
	for _, officer := range c.Officers {
		r.officers[officer.Name] = officer
	}
}

func (r *realm) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 64<<10)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	r.routes.ServeHTTP(w, req)
}

// subject is the officer's stable, opaque sub: it cannot be turned back into the name without the
// realm's secret, and is another one in another realm.
func (r *realm) subject(name string) string {
	mac := hmac.New(sha256.New, r.secrets.subject)
	mac.Write([]byte(name))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// officerBySubject finds the officer again; r.mu must be held.
func (r *realm) officerBySubject(subject string) (officerConfig, bool) {
	for name, officer := range r.officers {
		if r.subject(name) == subject {
			return officer, true
		}
	}
	return officerConfig{}, false
}

// authenticate checks a name and a password, in the same time whether or not the name exists.
func (r *realm) authenticate(name, password string) (officerConfig, bool) {
	r.mu.Lock()
	officer, known := r.officers[name]
	r.mu.Unlock()
	want, got := sha256.Sum256([]byte(officer.Password)), sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	return officer, known && same && password != ""
}

// discovery is OpenID Connect Discovery 1.0 §3, narrowed to what is really there: pkg/op would also
// announce the implicit flow and client authentication.
func (r *realm) discovery(w http.ResponseWriter, req *http.Request) {
	c := op.CreateDiscoveryConfig(op.ContextWithIssuer(req.Context(), r.issuer), r.provider, r.provider.Storage())
	c.IntrospectionEndpoint, c.RevocationEndpoint, c.EndSessionEndpoint = "", "", ""
	c.IntrospectionEndpointAuthMethodsSupported, c.IntrospectionEndpointAuthSigningAlgValuesSupported = nil, nil
	c.RevocationEndpointAuthMethodsSupported, c.RevocationEndpointAuthSigningAlgValuesSupported = nil, nil
	c.ScopesSupported = []string{oidc.ScopeOpenID, oidc.ScopeProfile}
	c.ResponseTypesSupported = []string{string(oidc.ResponseTypeCode)}
	c.ResponseModesSupported = []string{string(oidc.ResponseModeQuery)}
	c.GrantTypesSupported = []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeDeviceCode}
	c.TokenEndpointAuthMethodsSupported = []oidc.AuthMethod{oidc.AuthMethodNone}
	c.ACRValuesSupported = []string{acrPassword}
	c.ClaimsSupported = []string{"iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "preferred_username", "groups"}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "max-age=60")
	_ = json.NewEncoder(w).Encode(struct {
		*oidc.DiscoveryConfiguration
		IssuerInResponse bool `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	}{c, true})
}

// authorize is pkg/op's endpoint with the issuer added to what it sends back to a client (RFC 9207).
// Requests for anything but a code in the query end here, before a redirect is looked at: pkg/op
// would answer them in the fragment.
func (r *realm) authorize(w http.ResponseWriter, req *http.Request) {
	if mode := req.FormValue("response_mode"); req.FormValue("response_type") != "code" || (mode != "" && mode != "query") {
		http.Error(w, "unsupported_response_type: only response_type=code in the query is offered", http.StatusBadRequest)
		return
	}
	r.provider.ServeHTTP(&issuerInRedirect{ResponseWriter: w, issuer: r.issuer}, req)
}

// issuerInRedirect adds iss to redirects that leave the provider, errors included.
type issuerInRedirect struct {
	http.ResponseWriter
	issuer string
}

// WriteHeader changes the Location before the header goes out.
func (w *issuerInRedirect) WriteHeader(status int) {
	if location := w.Header().Get("Location"); location != "" && !strings.HasPrefix(location, w.issuer+"/") {
		w.Header().Set("Location", withIssuer(location, w.issuer))
	}
	w.ResponseWriter.WriteHeader(status)
}

func withIssuer(location, issuer string) string {
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	query := u.Query()
	query.Set("iss", issuer)
	u.RawQuery = query.Encode()
	return u.String()
}
