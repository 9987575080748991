package hubclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Bearer yields the token for one request; it may keep one as long as it is good.
type Bearer func(ctx context.Context) (string, error)

// FileBearer reads a token from a file that somebody else renews, at each request.
func FileBearer(path string) Bearer {
	return func(context.Context) (string, error) {
		raw, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		return strings.TrimSpace(string(raw)), nil
	}
}

// Config says which hub to speak to, and as whom.
type Config struct {
	URL    string // https URL without a path
	CAFile string // PEM with the only authorities trusted; empty means the system's
	Bearer Bearer // nil for the public endpoints only
	// Timeout bounds a request that is not a long poll or a transfer; 0 means 30 s.
	Timeout time.Duration
}

// Client is safe for concurrent use.
type Client struct {
	base    string
	bearer  Bearer
	timeout time.Duration
	http    *http.Client
}

// New checks the configuration and connects to nothing.
func New(config Config) (*Client, error) {
	u, err := url.Parse(config.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("the hub's address is not an https URL of a host")
	}
	var roots *x509.CertPool
	if config.CAFile != "" {
		pem, err := os.ReadFile(config.CAFile)
		if err != nil {
			return nil, fmt.Errorf("hub CA: %w", err)
		}
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("hub CA: %s holds no certificate", config.CAFile)
		}
	}
	if config.Timeout == 0 {
		config.Timeout = 30 * time.Second
	}
	return &Client{
		base: "https://" + u.Host, bearer: config.Bearer, timeout: config.Timeout,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots},
				TLSHandshakeTimeout: 5 * time.Second, IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 8,
				ForceAttemptHTTP2: true,
			},
			// A redirect would carry the bearer to an address that nobody configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// WithBearer returns a client that sends another bearer over the same connections.
func (c *Client) WithBearer(bearer Bearer) *Client {
	other := *c
	other.bearer = bearer
	return &other
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// CodeUnavailable is the code of an Error for which there was no answer.
const CodeUnavailable = "hub_unavailable"

// Error is what the hub answered instead of what was asked, or that it did not
// answer.
type Error struct {
	Code       string
	Status     int // 0 where there was no answer
	Title      string
	Detail     string
	Reason     string  // the policy's reason, of a denial
	Index      *uint64 // the entry that records the denial
	Retryable  bool
	RetryAfter time.Duration

	cause error
}

func (e *Error) Error() string {
	text := "hub: " + e.Code
	for _, more := range []string{e.Reason, e.Detail} {
		if more != "" {
			text += ": " + more
		}
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.cause }

// CodeOf returns the code of an *Error in err's chain, or "".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func unavailable(err error) error {
	return &Error{Code: CodeUnavailable, Retryable: true, RetryAfter: time.Second, cause: err}
}

const maxAnswer = 32 << 20

// call is one request. out is decoded from JSON, or filled if it is *[]byte.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	body         io.Reader
	public       bool
	out          any
	timeout      time.Duration // 0: the client's
}

func (c *Client) do(ctx context.Context, r call) (http.Header, error) {
	if r.timeout == 0 {
		r.timeout = c.timeout
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	response, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, unavailable(err)
	}
	switch out := r.out.(type) {
	case nil:
	case *[]byte:
		*out = raw
	default:
		// A later hub may tell more than this client knows.
		if err := json.Unmarshal(raw, out); err != nil {
			return nil, unavailable(fmt.Errorf("%s %s: answer not understood", r.method, r.path))
		}
	}
	return response.Header, nil
}

// send returns a response of success; everything else is an *Error.
func (c *Client) send(ctx context.Context, r call) (*http.Response, error) {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, r.method, address, r.body)
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		request.Header[name] = values
	}
	if !r.public && c.bearer != nil {
		token, err := c.bearer(ctx)
		if err != nil {
			return nil, fmt.Errorf("hub bearer: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, unavailable(err)
	}
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	return nil, problemOf(response)
}

func problemOf(response *http.Response) error {
	var problem struct {
		Title     string  `json:"title"`
		Code      string  `json:"code"`
		Detail    string  `json:"detail"`
		Retryable bool    `json:"retryable"`
		Reason    string  `json:"reason"`
		Index     *uint64 `json:"index"`
	}
	raw, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	failed := &Error{Status: response.StatusCode, Code: headProblem(response), Retryable: response.StatusCode >= 500}
	if json.Unmarshal(raw, &problem) == nil && problem.Code != "" {
		failed.Code, failed.Title, failed.Detail = problem.Code, problem.Title, problem.Detail
		failed.Reason, failed.Index, failed.Retryable = problem.Reason, problem.Index, problem.Retryable
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		failed.RetryAfter = min(time.Duration(seconds)*time.Second, time.Minute)
	}
	return failed
}

// headProblem names an answer without a body: to HEAD, or by something between.
func headProblem(response *http.Response) string {
	switch response.StatusCode {
	case http.StatusNotFound:
		return "not_found"
	case http.StatusUnauthorized:
		return "unauthenticated"
	}
	return CodeUnavailable
}

func jsonBody(v any) (io.Reader, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(raw), nil
}
