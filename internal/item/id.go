package item

import (
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

// ID names an item for ever, across its versions and releases: "itm-" and 26
// lower-case base32 characters (RFC 4648 without padding) of 128 random bits.
// It is random rather than derived from content, so that it says nothing about
// the content and cannot be guessed.
type ID string

const (
	idPrefix = "itm-"
	idBytes  = 16
)

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID draws an ID from random, which must be crypto/rand.Reader outside tests.
func NewID(random io.Reader) (ID, error) {
	var raw [idBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("draw an item id: %w", err)
	}
	return ID(idPrefix + idEncoding.EncodeToString(raw[:])), nil
}

// ParseID accepts exactly what NewID writes. The last character carries only
// three bits; spellings with other unused bits are refused, because one item
// must not have several names.
func ParseID(s string) (ID, error) {
	body, found := strings.CutPrefix(s, idPrefix)
	if !found {
		return "", fmt.Errorf("an item id begins with %q", idPrefix)
	}
	raw, err := idEncoding.DecodeString(body)
	if err != nil || len(raw) != idBytes || idEncoding.EncodeToString(raw) != body {
		return "", fmt.Errorf("an item id has 26 lower-case base32 characters after %q", idPrefix)
	}
	return ID(s), nil
}
