package compose

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Composed is a document that can be signed.
type Composed struct {
	Document *agreement.Document
	Bytes    []byte // what is signed, without a final newline
	Digest   string
	NewID    bool // the source had no id and a fresh one was drawn
}

// Document composes the document from its source and from what is known of the
// hub and the parties; known may be nil. The error is an *Error.
func Document(source []byte, known *keyring.Ring) (*Composed, error) {
	return compose(source, known, asItStands)
}

// compose is Document with a step between what the source says and what is filled
// in.
func compose(source []byte, known *keyring.Ring, first func(*agreement.Document, *tree) error) (*Composed, error) {
	composed, t, err := draft(source, known, first)
	if err != nil {
		return nil, err
	}
	if err := fillTexts(composed.Document, t); err != nil {
		return nil, err
	}
	composed.Bytes, composed.Digest, err = composed.Document.Bytes()
	var wrong *agreement.Error
	if errors.As(err, &wrong) {
		return nil, t.refuse(wrong.Code, wrong.Place)
	}
	return composed, err
}

// Draft reads a source that need not be complete yet, for people who want to read
// its text while they write it. What it returns has no Bytes and cannot be signed.
func Draft(source []byte, known *keyring.Ring) (*Composed, error) {
	composed, _, err := draft(source, known, asItStands)
	return composed, err
}

func asItStands(*agreement.Document, *tree) error { return nil }

func draft(source []byte, known *keyring.Ring, first func(*agreement.Document, *tree) error) (*Composed, *tree, error) {
	t, err := parse(source)
	if err != nil {
		return nil, nil, err
	}
	var document agreement.Document
	if err := t.decode(&document); err != nil {
		return nil, nil, err
	}
	if err := first(&document, t); err != nil {
		return nil, nil, err
	}
	composed := &Composed{Document: &document, NewID: document.ID == ""}
	fillConstants(&document)
	if err := fillKnown(&document, known, t); err != nil {
		return nil, nil, err
	}
	fillUndertakings(&document)
	return composed, t, nil
}

// Read accepts either the document itself, verbatim, or its YAML source. Bytes
// that are a document are never composed anew: what is signed is exactly them.
func Read(input []byte, known *keyring.Ring) (*Composed, error) {
	if document, digest, err := agreement.Parse(input); err == nil {
		return &Composed{Document: document, Bytes: input, Digest: digest}, nil
	}
	// An editor's final newline is the one change that is surely no other text.
	trimmed := bytes.TrimRight(input, "\r\n")
	if document, digest, err := agreement.Parse(trimmed); err == nil {
		return &Composed{Document: document, Bytes: trimmed, Digest: digest}, nil
	}
	return Document(input, known)
}

// decode refuses members that the schema does not know, and says where.
func (t *tree) decode(into any) error {
	raw, err := json.Marshal(t.value)
	if err != nil {
		return &Error{Code: "source_not_yaml", Place: "/"}
	}
	err = json.Unmarshal(raw, into, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	place, code := "", "field_malformed"
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &semantic):
		place = string(semantic.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			code = "field_unknown"
		}
	case errors.As(err, &syntactic):
		place = string(syntactic.JSONPointer)
	}
	return t.refuse(code, place)
}

func fillConstants(d *agreement.Document) {
	if d.Schema == "" {
		d.Schema = agreement.Schema
	}
	if d.ID == "" {
		d.ID = act.NewAgreementID()
	}
	if d.Revision == 0 {
		d.Revision = 1
	}
	if d.Excluded == nil {
		d.Excluded = agreement.Excluded()
	}
	// Order carries no meaning in these lists and the canonical form wants one.
	for _, list := range unordered(d) {
		slices.Sort(list)
	}
	for _, set := range []restriction.Set{d.Floor, d.Default} {
		for _, terms := range set {
			slices.Sort(terms)
		}
	}
	if d.Floor == nil {
		d.Floor = restriction.Set{}
	}
}

// unordered are the lists of terms that are signed in alphabetical order.
func unordered(d *agreement.Document) [][]string {
	lists := [][]string{d.Purposes, d.ItemKinds, d.ExcludedPurposes, d.Termination.Survival}
	for _, c := range d.Commitments {
		lists = append(lists, c.Give, c.Receive)
	}
	for _, c := range d.Categories {
		for _, terms := range c.Facets {
			lists = append(lists, terms)
		}
	}
	if d.Audit != nil {
		lists = append(lists, d.Audit.Events)
	}
	if d.Suspension != nil {
		lists = append(lists, d.Suspension.Grounds, d.Suspension.Urgent)
	}
	return lists
}

// fillKnown adds keys and names that the source leaves out. A thumbprint that
// the source gives and that is not the known one is refused: somebody's key
// would sign for a party that does not hold it.
func fillKnown(d *agreement.Document, known *keyring.Ring, t *tree) error {
	if known == nil {
		known = &keyring.Ring{}
	}
	differs := func(place string) error { return t.refuse("key_differs", place) }
	for _, hub := range []struct {
		place string
		value *string
		known string
	}{
		{"/hub/id", &d.Hub.ID, known.Hub.ID},
		{"/hub/logKey", &d.Hub.LogKey, known.Hub.LogKey},
		{"/hub/registrar", (*string)(&d.Hub.Registrar), string(known.Hub.Registrar)},
	} {
		if !fill(hub.value, hub.known, true) {
			return differs(hub.place)
		}
	}
	for i := range d.Parties {
		party := &d.Parties[i]
		agency := known.Agencies[party.Agency]
		if !fill((*string)(&party.OfficerSign), string(agency.OfficerSign), true) ||
			!fill((*string)(&party.DeskSign), string(agency.DeskSign), true) {
			return differs("/parties/" + strconv.Itoa(i))
		}
		fill(&party.LegalName, agency.LegalName, false)
		fill(&party.Jurisdiction, agency.Jurisdiction, false)
		fill(&party.Kind, agency.Kind, false)
		fill(&party.Mandate, agency.Mandate, false)
	}
	return nil
}

// fillUndertakings imposes the duty of Article 10(3) on parties that need it, where
// there is no choice of who answers for them: one State's party only.
func fillUndertakings(d *agreement.Document) {
	var answers []act.AgencyName
	for i := range d.Parties {
		if d.Parties[i].ActsForState() {
			answers = append(answers, d.Parties[i].Agency)
		}
	}
	for i := range d.Parties {
		party := &d.Parties[i]
		if d.Schema == agreement.SchemaV2 && len(answers) == 1 && party.Kind != "" && party.Undertaking == nil && !party.ActsForState() {
			party.Undertaking = &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: answers[0]}
		}
	}
}

// fillTexts adds the digest of the rendered text of each authentic language. One
// that the source gives for a language that the renderer speaks has to be the
// rendered one: nobody signs terms beside the text of others. For a language that
// it does not speak, the parties give the digest of their own text.
func fillTexts(d *agreement.Document, t *tree) error {
	if d.Schema != agreement.SchemaV2 {
		return nil
	}
	for lang, digest := range render.Digests(d) {
		if d.Texts == nil {
			d.Texts = map[string]string{}
		}
		text := d.Texts[lang]
		if !fill(&text, digest, true) {
			return t.refuse("text_differs", "/texts/"+lang)
		}
		d.Texts[lang] = text
	}
	return nil
}

// fill sets an empty value. It reports false if strict and both are set and differ.
func fill(value *string, known string, strict bool) bool {
	if *value == "" {
		*value = known
	}
	return !strict || known == "" || *value == known
}
