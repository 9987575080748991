package deskapi

import "time"

// Outgoing is what this agency has signed and the hub does not have, or what the
// hub has refused for good after it waited.
type Outgoing struct {
	Act       string    `json:"act"`
	Kind      string    `json:"kind"`
	State     string    `json:"state"` // pending, refused
	Reason    string    `json:"reason,omitempty"`
	Evidence  []string  `json:"evidence,omitempty"` // of a refusal
	Item      string    `json:"item,omitempty"`
	Release   string    `json:"release,omitempty"`
	Agreement string    `json:"agreement,omitempty"`
	Signed    time.Time `json:"signed"`
	Message   string    `json:"message"`
}
