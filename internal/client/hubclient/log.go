package hubclient

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/concordat-hub/concordat/internal/act"
)

// About is what a hub says of itself. Trust in these keys comes from the signed
// agreement, which names them; what the hub says is compared with that.
type About struct {
	ID                  string         `json:"id"`
	LogKey              string         `json:"logKey"`
	Registrar           act.JWK        `json:"registrar"`
	RegistrarThumbprint act.Thumbprint `json:"registrarThumbprint"`
	Version             string         `json:"version"`
}

// About asks the hub who it is.
func (c *Client) About(ctx context.Context) (About, error) {
	var out About
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/v1/hub", public: true, out: &out})
	return out, err
}

// Ready reports whether the hub can do its work.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/readyz", public: true})
	return err
}

// Checkpoint returns the latest signed checkpoint, not verified.
func (c *Client) Checkpoint(ctx context.Context) ([]byte, error) {
	var out []byte
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/log/checkpoint", public: true, out: &out})
	return out, err
}

// Tile returns a tile or an entry bundle by its C2SP path, not verified.
func (c *Client) Tile(ctx context.Context, path string) ([]byte, error) {
	var out []byte
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/log/" + path, public: true, out: &out})
	return out, err
}

// Consistency returns the proof that the tree of from leaves is a prefix of the
// tree of to leaves, and that size; to of 0 means the latest checkpoint's.
func (c *Client) Consistency(ctx context.Context, from, to int64) ([]tlog.Hash, int64, error) {
	return c.hashes(ctx, "/v1/log/consistency", "from", from, "to", to)
}

// Inclusion returns the proof that a leaf is in the tree of size leaves, and that
// size; 0 means the latest checkpoint's.
func (c *Client) Inclusion(ctx context.Context, index, size int64) ([]tlog.Hash, int64, error) {
	return c.hashes(ctx, "/v1/log/proof", "index", index, "size", size)
}

func (c *Client) hashes(ctx context.Context, path, name1 string, value1 int64, name2 string, value2 int64) ([]tlog.Hash, int64, error) {
	var out struct {
		Size  int64    `json:"size"`
		Proof []string `json:"proof"`
	}
	_, err := c.do(ctx, call{
		method: http.MethodGet, path: path, public: true, out: &out,
		query: url.Values{name1: {strconv.FormatInt(value1, 10)}, name2: {strconv.FormatInt(value2, 10)}},
	})
	if err != nil {
		return nil, 0, err
	}
	proof := make([]tlog.Hash, len(out.Proof))
	for n, text := range out.Proof {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, 0, unavailable(err)
		}
		copy(proof[n][:], raw)
	}
	return proof, out.Size, nil
}
