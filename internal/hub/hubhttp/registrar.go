package hubhttp

import (
	"net/http"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
)

type admission struct {
	LegalName    string `json:"legalName"`
	Kind         string `json:"kind"`
	Jurisdiction string `json:"jurisdiction"`
	Custody      string `json:"custody"`
	Mandate      string `json:"mandate"`
}

type agencyAnswer struct {
	Admitted      bool                           `json:"admitted"`
	EnrolledIndex *uint64                        `json:"enrolledIndex,omitempty"`
	Thumbprints   map[act.Purpose]act.Thumbprint `json:"thumbprints"`
	Status        ledger.Standing                `json:"status,omitempty"`
	Agreements    int                            `json:"agreements"`
}

func (h *handler) agency(w http.ResponseWriter, r *http.Request) error {
	view, err := h.service.Agency(r.Context(), act.AgencyName(r.PathValue("slug")))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, agencyAnswer{view.Admitted, view.Enrolled, view.Thumbprints, view.Standing, view.Agreements})
}

func (h *handler) admit(w http.ResponseWriter, r *http.Request) error {
	var body admission
	if err := read(w, r, limitSmall, &body); err != nil {
		return err
	}
	err := h.service.Admit(r.Context(), store.Admission{
		Agency: act.AgencyName(r.PathValue("slug")), LegalName: body.LegalName, Kind: body.Kind,
		Jurisdiction: body.Jurisdiction, Custody: body.Custody, Mandate: body.Mandate,
	})
	if err != nil {
		return err
	}
	return h.agency(w, r)
}

func (h *handler) newCode(w http.ResponseWriter, r *http.Request) error {
	code, expires, err := h.service.NewCode(r.Context(), act.AgencyName(r.PathValue("slug")))
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, struct {
		Code    string         `json:"code"`
		Expires canonical.Time `json:"expires"`
	}{code, canonical.At(expires)})
}

func (h *handler) request(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Request string `json:"request"`
	}
	if err := read(w, r, limitSmall, &body); err != nil {
		return err
	}
	done, err := h.service.Request(r.Context(), act.AgencyName(r.PathValue("slug")), body.Request)
	if err != nil {
		return err
	}
	return answerAppended(w, done)
}

func (h *handler) confirmClock(w http.ResponseWriter, r *http.Request) error {
	if err := h.service.ConfirmClock(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
