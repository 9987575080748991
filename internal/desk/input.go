package desk

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// noHash asks for pure Ed25519.
const noHash = crypto.Hash(0)

var errInput = errors.New("the stored act is not a signing input of a release")

// payloadOf reads back the release that a stored signing input says.
func payloadOf(input []byte) (*act.ItemRelease, error) {
	_, body, err := halves(input)
	if err != nil {
		return nil, err
	}
	var payload act.ItemRelease
	return &payload, canonical.Unmarshal(body, &payload)
}

// keyOf reads back the key that a stored signing input names.
func keyOf(input []byte) (act.KeyID, error) {
	head, _, err := halves(input)
	if err != nil {
		return act.KeyID{}, err
	}
	var header struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Type      string `json:"typ"`
	}
	if err := canonical.Unmarshal(head, &header); err != nil {
		return act.KeyID{}, err
	}
	return act.ParseKeyID(header.KeyID)
}

func halves(input []byte) (head, body []byte, err error) {
	first, second, found := bytes.Cut(input, []byte("."))
	if !found {
		return nil, nil, errInput
	}
	if head, err = base64.RawURLEncoding.DecodeString(string(first)); err != nil {
		return nil, nil, errInput
	}
	if body, err = base64.RawURLEncoding.DecodeString(string(second)); err != nil {
		return nil, nil, errInput
	}
	return head, body, nil
}
