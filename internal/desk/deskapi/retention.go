package deskapi

import "time"

// Retention says how long a receiver may open an item and keep its copies.
type Retention struct {
	Days int `json:"days"` // from the agency's first opening
	// OpenUntil is from when the item is not opened any more, and the agency owes
	// that its own copies are gone. It is absent before the first opening.
	OpenUntil time.Time `json:"openUntil,omitzero"`
	Message   string    `json:"message"`
}

// Disposal is the hub's word that it deleted its copy of a part, as the ledger has
// it.
type Disposal struct {
	Release string    `json:"release"`
	Part    string    `json:"part"` // body, with the sections that it had, or cover
	Time    time.Time `json:"time"`
	Entry   uint64    `json:"entry"`
	Reason  string    `json:"reason"`
	Bodies  []string  `json:"bodies,omitempty"` // digests of the sealed bodies that were deleted
	Message string    `json:"message"`
}
