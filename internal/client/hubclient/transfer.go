package hubclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/canonical"
)

const (
	transferTimeout  = 10 * time.Minute
	transferAttempts = 5 // without progress between
	transferPause    = 200 * time.Millisecond
)

// Upload stores a sealed body under its digest. It goes on where an earlier
// attempt, of this process or another, stopped.
func (c *Client) Upload(ctx context.Context, body []byte) (digest string, err error) {
	digest = canonical.Digest(body)
	path := "/v1/uploads/" + strings.TrimPrefix(digest, "sha256:")
	last := int64(-1)
	for attempt := 0; attempt < transferAttempts; attempt++ {
		if attempt > 0 {
			if err := pause(ctx, attempt); err != nil {
				return digest, err
			}
		}
		offset, complete, headErr := c.offset(ctx, path)
		if complete {
			return digest, nil
		}
		if err = headErr; err == nil {
			if offset > last {
				last, attempt = offset, 0
			}
			if complete, err = c.piece(ctx, path, offset, body); complete {
				return digest, nil
			}
		}
		if !resumable(err) {
			return digest, err
		}
	}
	return digest, err
}

func (c *Client) offset(ctx context.Context, path string) (int64, bool, error) {
	header, err := c.do(ctx, call{method: http.MethodHead, path: path})
	if err != nil {
		return 0, false, err
	}
	offset, err := strconv.ParseInt(header.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 {
		return 0, false, unavailable(errors.New("the answer holds no Upload-Offset"))
	}
	return offset, header.Get("Upload-Complete") == "true", nil
}

func (c *Client) piece(ctx context.Context, path string, offset int64, body []byte) (bool, error) {
	header, err := c.do(ctx, call{
		method: http.MethodPut, path: path, body: bytes.NewReader(body[min(offset, int64(len(body))):]), timeout: transferTimeout,
		header: http.Header{
			"Content-Type":  {"application/octet-stream"},
			"Upload-Offset": {strconv.FormatInt(offset, 10)}, "Upload-Length": {strconv.Itoa(len(body))},
		},
	})
	if err != nil {
		return false, err
	}
	return header.Get("Upload-Complete") == "true", nil
}

// resumable: a cut connection, a busy hub, or an offset that another attempt moved.
func resumable(err error) bool {
	var e *Error
	if err == nil {
		return true
	}
	return errors.As(err, &e) && (e.Retryable || e.Code == "upload_offset" || e.Code == "upload_digest")
}

func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(time.Duration(attempt) * transferPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Body returns a sealed body of the given size, and only if it has the digest. A
// transfer that breaks off goes on where it stopped.
func (c *Client) Body(ctx context.Context, digest string, size int64) ([]byte, error) {
	var body bytes.Buffer
	var err error
	for attempt := 0; attempt < transferAttempts && int64(body.Len()) < size; attempt++ {
		if attempt > 0 {
			if err := pause(ctx, attempt); err != nil {
				return nil, err
			}
		}
		before := body.Len()
		if err = c.fetch(ctx, digest, size, &body); err != nil && !resumable(err) {
			return nil, err
		}
		if body.Len() > before {
			attempt = 0
		}
	}
	if int64(body.Len()) < size && err != nil {
		return nil, err
	}
	if int64(body.Len()) != size || canonical.Digest(body.Bytes()) != digest {
		return nil, ErrDigest
	}
	return body.Bytes(), nil
}

// ErrDigest says that what the hub sent is not what the digest names.
var ErrDigest = errors.New("the body that the hub sent does not have its digest")

func (c *Client) fetch(ctx context.Context, digest string, size int64, into *bytes.Buffer) error {
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	defer cancel()
	header := http.Header{}
	if into.Len() > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", into.Len()))
	}
	response, err := c.send(ctx, call{method: http.MethodGet, path: "/v1/blobs/" + strings.TrimPrefix(digest, "sha256:"), header: header})
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if into.Len() > 0 && response.StatusCode != http.StatusPartialContent {
		into.Reset() // the whole again
	}
	if _, err := io.Copy(into, io.LimitReader(response.Body, size-int64(into.Len())+1)); err != nil {
		return unavailable(err)
	}
	return nil
}
