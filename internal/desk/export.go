package desk

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Restrictions says what binds this agency for a release, as it is exported: in
// words, as this product's JSON, or as a policy of another scheme. An export says
// what is meant elsewhere and binds nobody; the ledger does.
func (d *Desk) Restrictions(ctx context.Context, o *Officer, lang, itemID, named, format string) (mediaType string, body []byte, err error) {
	if err := o.need(ReadItems); err != nil {
		return "", nil, err
	}
	id, err := d.pickRelease(ctx, itemID, named)
	if err != nil {
		return "", nil, err
	}
	err = d.view(func(s *ledger.State, now time.Time) error {
		release := s.Release(id)
		if release == nil {
			return notFound
		}
		mediaType, body, err = d.exported(lang, release, format, now)
		return err
	})
	return mediaType, body, err
}

func (d *Desk) exported(lang string, release *ledger.Release, format string, now time.Time) (string, []byte, error) {
	terms, retention := release.Terms(d.Agency), d.retention(lang, release, now)
	switch format {
	case "", "text":
		text := textOf(readable(lang, terms.Set))
		if retention != nil {
			text += "\n" + retention.Message + "\n"
		}
		for _, told := range disposals(lang, release) {
			text += "\n" + told.Message + "\n"
		}
		return "text/plain; charset=utf-8", []byte(text), nil
	case "json":
		raw, err := json.MarshalIndent(struct {
			Item         string              `json:"item"`
			Release      string              `json:"release"`
			Restrictions map[string][]string `json:"restrictions"`
			Digest       string              `json:"digest"`
			Terms        []deskapi.Term      `json:"terms"`
			Retention    *deskapi.Retention  `json:"retention,omitempty"`
			Disposals    []deskapi.Disposal  `json:"disposals,omitempty"`
		}{release.Item.ID, string(release.ID), terms.Set, terms.Digest, readable(lang, terms.Set), retention, disposals(lang, release)}, "", "  ")
		return "application/json", append(raw, '\n'), err
	case "iep", "odrl":
		return d.elsewhere(release, format)
	}
	return "", nil, malformed("a format is text, json, iep or odrl")
}

// elsewhere says the restrictions in the words of another scheme, with what those
// words cannot say beside it: it still binds.
func (d *Desk) elsewhere(release *ledger.Release, format string) (string, []byte, error) {
	terms, document := release.Terms(d.Agency), release.Revision.Document
	id := uuidOf(string(release.ID) + terms.Digest)
	var export *restriction.Export
	var err error
	if format == "iep" {
		export, err = restriction.IEP(terms.Set, restriction.IEPHeader{
			ID: id, Name: document.Reference + " " + release.Item.ID, Start: release.Time,
		})
	} else {
		export, err = restriction.ODRL(terms.Set, restriction.ODRLHeader{
			UID: "urn:uuid:" + id, Target: "urn:concordat:item:" + release.Item.ID, Originator: "urn:concordat:agency:" + string(release.Item.Publisher),
		})
	}
	if err != nil {
		return "", nil, badTerms(err)
	}
	raw, err := json.Marshal(deskapi.Export{
		Format: format, Document: export.Document, Left: names(export.Left), Tightened: names(export.Tightened),
	})
	return "application/json", append(raw, '\n'), err
}

// uuidOf names the same thing always by the same UUID of version 8 (RFC 9562,
// section 5.8).
func uuidOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// textOf lays terms out for reading without a program.
func textOf(terms []deskapi.Term) string {
	var b strings.Builder
	for _, term := range terms {
		b.WriteString(term.Name + " (" + term.Axis + "=" + strings.Join(term.Terms, ",") + ")\n")
		for _, said := range term.Says {
			b.WriteString("  " + said + "\n")
		}
		b.WriteString("  " + term.How + "\n")
		if term.Outside != "" {
			b.WriteString("  " + term.Outside + "\n")
		}
	}
	return b.String()
}
