package hubhttp

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/tlog"
)

func (h *handler) submit(w http.ResponseWriter, r *http.Request, _ act.AgencyName) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limitAct))
	if err != nil {
		return badBody(err)
	}
	done, err := h.service.Submit(r.Context(), raw)
	if err != nil {
		return err
	}
	return answerAppended(w, done)
}

type releasedPart struct {
	Part       string `json:"part"`
	Ordinal    int    `json:"ordinal"`
	Header     string `json:"header"` // base64url
	BodyDigest string `json:"bodyDigest"`
	BodySize   int64  `json:"bodySize"`
}

type releaseRequest struct {
	Act         string                  `json:"act"`
	Parts       []releasedPart          `json:"parts"`
	Descriptors []seal.SaltedDescriptor `json:"descriptors"`
}

func (h *handler) release(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	var body releaseRequest
	if err := read(w, r, limitRelease, &body); err != nil {
		return err
	}
	if len(body.Parts) > hub.MaxParts || len(body.Descriptors) > act.MaxDescriptors {
		return &hub.Error{Code: hub.CodeReleaseMalformed}
	}
	parts := make([]hub.ReleasedPart, len(body.Parts))
	for n, p := range body.Parts {
		header, err := b64.DecodeString(p.Header)
		if err != nil || len(header) > seal.MaxHeader {
			return &hub.Error{Code: hub.CodeReleaseMalformed}
		}
		parts[n] = hub.ReleasedPart{Part: p.Part, Ordinal: p.Ordinal, Header: header, BodyDigest: p.BodyDigest, BodySize: p.BodySize}
	}
	done, err := h.service.Release(r.Context(), caller, []byte(body.Act), parts, body.Descriptors)
	if err != nil {
		return err
	}
	return answerAppended(w, done)
}

type feedEntry struct {
	Index uint64 `json:"index"`
	Entry string `json:"entry"` // canonical JSON, as a string
	Salt  string `json:"salt"`
}

type feedPage struct {
	Entries []feedEntry `json:"entries"`
	Next    uint64      `json:"next"`
	Head    uint64      `json:"head"`
}

func (h *handler) feed(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	after, err := number(r, "after")
	if err != nil {
		return err
	}
	seconds, err := number(r, "wait")
	if err != nil {
		return err
	}
	page, err := h.service.Feed(r.Context(), caller, uint64(after), time.Duration(min(seconds, 30))*time.Second)
	if err != nil {
		return err
	}
	out := feedPage{Entries: []feedEntry{}, Next: page.Next, Head: page.Head}
	for _, e := range page.Entries {
		out.Entries = append(out.Entries, feedEntry{e.Index, string(e.Bytes), b64.EncodeToString(e.Salt[:])})
	}
	return answer(w, http.StatusOK, out)
}

type deliveriesRequest struct {
	Releases []act.ID `json:"releases"`
}

type delivery struct {
	Release     act.ID                  `json:"release"`
	Allow       bool                    `json:"allow"`
	Reason      string                  `json:"reason,omitempty"`
	Descriptors []seal.SaltedDescriptor `json:"descriptors"`
	Cover       *deliveredCover         `json:"cover,omitempty"`
}

type deliveredCover struct {
	Header     string `json:"header"`
	BodyDigest string `json:"bodyDigest"`
}

func (h *handler) deliver(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	var body deliveriesRequest
	if err := read(w, r, limitSmall, &body); err != nil {
		return err
	}
	return h.service.Deliver(r.Context(), caller, body.Releases, func(ctx context.Context, answers []hub.Delivery) error {
		out := make([]delivery, len(answers))
		for n, a := range answers {
			out[n] = delivery{Release: a.Release, Allow: a.Allow, Reason: a.Reason, Descriptors: append([]seal.SaltedDescriptor{}, a.Descriptors...)}
			if a.Header != nil {
				out[n].Cover = &deliveredCover{b64.EncodeToString(a.Header), a.BodyDigest}
			}
		}
		return answerUntil(ctx, w, out, func() error { return context.Cause(ctx) })
	})
}

type openRequest struct {
	Act string `json:"act"`
}

type openAnswer struct {
	Decision    decided               `json:"decision"`
	Descriptor  seal.SaltedDescriptor `json:"descriptor"`
	Header      string                `json:"header"`
	Obligations []obligation          `json:"obligations"`
}

type decided struct {
	Index uint64 `json:"index"` // of the record
	Act   uint64 `json:"act"`   // of the item.open
}

type obligation struct {
	Code    string `json:"code"`
	Seconds int64  `json:"seconds"`
}

func (h *handler) open(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	var body openRequest
	if err := read(w, r, limitSmall, &body); err != nil {
		return err
	}
	return h.service.Open(r.Context(), caller, []byte(body.Act), func(ctx context.Context, o hub.Opened) error {
		out := openAnswer{
			Decision: decided{o.Decision.Index, o.Decision.Act}, Descriptor: o.Descriptor, Header: b64.EncodeToString(o.Header),
			Obligations: []obligation{},
		}
		for _, one := range o.Obligations {
			out.Obligations = append(out.Obligations, obligation{one.Code, one.Seconds})
		}
		return answerUntil(ctx, w, out, o.Still)
	})
}

// answerUntil writes a response that must not go on once its context ends: the
// connection's write deadline then passes at once. It returns when the last byte
// is with the kernel, since an act that takes the right away waits for that. If
// still says no, nothing is written, and its error returned.
func answerUntil(ctx context.Context, w http.ResponseWriter, body any, still func() error) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if err := still(); err != nil {
		return err
	}
	control := http.NewResponseController(w)
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		_ = control.SetWriteDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			<-cut // once the handler has returned, the server takes w apart or gives it to another request
		}
	}()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(append(raw, '\n'))
	_ = control.Flush()
	return nil
}

// digestOf reads the 64 hexadecimal digits of a path.
func digestOf(r *http.Request) string { return "sha256:" + r.PathValue("digest") }

const (
	uploadOffsetHeader   = "Upload-Offset"
	uploadLengthHeader   = "Upload-Length"
	uploadCompleteHeader = "Upload-Complete"
)

func (h *handler) uploadOffset(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	offset, complete, err := h.service.UploadOffset(r.Context(), caller, digestOf(r))
	if err != nil {
		return err
	}
	tellOffset(w, offset, complete)
	w.WriteHeader(http.StatusOK)
	return nil
}

func tellOffset(w http.ResponseWriter, offset int64, complete bool) {
	w.Header().Set(uploadOffsetHeader, strconv.FormatInt(offset, 10))
	w.Header().Set(uploadCompleteHeader, strconv.FormatBool(complete))
	w.Header().Set("Cache-Control", "no-store")
}

// upload appends a piece. 201 says that the body is complete, 200 that more is
// expected; both tell the offset.
func (h *handler) upload(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	deadline(w, uploadDeadline)
	offset, err1 := strconv.ParseInt(r.Header.Get(uploadOffsetHeader), 10, 64)
	length, err2 := strconv.ParseInt(r.Header.Get(uploadLengthHeader), 10, 64)
	if err1 != nil || err2 != nil || offset < 0 {
		return &hub.Error{Code: hub.CodeMalformed}
	}
	stored, complete, err := h.service.Upload(r.Context(), caller, digestOf(r), offset, length, r.Body)
	tellOffset(w, stored, complete)
	if err != nil {
		drain(w, r)
		return err
	}
	status := http.StatusOK
	if complete {
		status = http.StatusCreated
	}
	w.WriteHeader(status)
	return nil
}

// What is read of a refused piece, at most.
const (
	drainBytes = 8 << 20
	drainTime  = 2 * time.Second
)

// drain takes in what the caller still sends of a piece that is refused: a caller
// whose connection is reset in the middle of writing never reads why, nor from
// where it should go on.
func drain(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
}

func (h *handler) body(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	deadline(w, uploadDeadline)
	body, err := h.service.Body(r.Context(), caller, digestOf(r))
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	// A range needs no validator: the name is the digest, so the bytes never change.
	http.ServeContent(w, r, "", time.Time{}, body)
	return nil
}

func (h *handler) receipt(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	index, err := strconv.ParseUint(r.PathValue("index"), 10, 53)
	if err != nil {
		return &hub.Error{Code: hub.CodeNotFound}
	}
	receipt, err := h.service.Receipt(r.Context(), caller, index)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", tlog.ReceiptMediaType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(receipt)
	return nil
}

func (h *handler) deposits(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	list, err := h.service.Deposits(r.Context(), caller)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		Thumbprints []act.Thumbprint `json:"thumbprints"`
	}{append([]act.Thumbprint{}, list...)})
}

func (h *handler) deposit(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	wrapped, err := h.service.Deposit(r.Context(), caller, act.Thumbprint(r.PathValue("thumbprint")))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(wrapped)
	return nil
}

func (h *handler) putDeposit(w http.ResponseWriter, r *http.Request, caller act.AgencyName) error {
	wrapped, err := io.ReadAll(http.MaxBytesReader(w, r.Body, hub.MaxDeposit+1))
	if err != nil {
		return badBody(err)
	}
	if strings.TrimSpace(string(wrapped)) == "" {
		return &hub.Error{Code: hub.CodeMalformed}
	}
	if err := h.service.PutDeposit(r.Context(), caller, act.Thumbprint(r.PathValue("thumbprint")), wrapped); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
