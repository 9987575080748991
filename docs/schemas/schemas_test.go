package schemas_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/concordat-hub/concordat/docs/schemas"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemas.AgreementV2))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource("agreement.json", raw); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("agreement.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func valid(t *testing.T, schema *jsonschema.Schema, document []byte) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func ring() *keyring.Ring {
	ring := &keyring.Ring{
		Hub:      agreement.Hub{ID: agreementtest.Hub, LogKey: agreementtest.LogKey, Registrar: agreementtest.JWK(act.Registrar, act.RegistrarSign).Thumbprint()},
		Agencies: map[act.AgencyName]keyring.Agency{},
	}
	for _, name := range []act.AgencyName{"agencya", "agencyb", "agencyc", "agencyd", "agencye", "agencyf"} {
		ring.Agencies[name] = keyring.Agency{
			OfficerSign: agreementtest.JWK(name, act.OfficerSign).Thumbprint(), DeskSign: agreementtest.JWK(name, act.DeskSign).Thumbprint(),
		}
	}
	return ring
}

func TestEverySampleIsValid(t *testing.T) {
	schema := compiled(t)
	files, err := filepath.Glob("../../config/samples/agreements/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		composed, err := compose.Document(source, ring())
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if err := valid(t, schema, composed.Bytes); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Every member of the document stands in the schema with its bounds, and the schema
// has no member that the document lacks.
func TestSchemaAndDocumentHaveTheSameMembers(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(schemas.AgreementV2, &schema); err != nil {
		t.Fatal(err)
	}
	var walk func(reflect.Type, map[string]any, string)
	walk = func(typ reflect.Type, schema map[string]any, place string) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			if items, ok := schema["items"].(map[string]any); typ.Kind() == reflect.Slice && ok {
				schema = items
			}
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[canonical.Time]() {
			return
		}
		properties, _ := schema["properties"].(map[string]any)
		if schema["additionalProperties"] != false {
			t.Errorf("%s is open to other members", place)
		}
		var names []string
		for _, field := range reflect.VisibleFields(typ) {
			if field.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(names, name)
			of, there := properties[name].(map[string]any)
			if !there {
				t.Errorf("the schema has no %s/%s", place, name)
				continue
			}
			walk(field.Type, of, place+"/"+name)
		}
		for name := range properties {
			if !slices.Contains(names, name) {
				t.Errorf("the document has no %s/%s", place, name)
			}
		}
	}
	walk(reflect.TypeFor[agreement.Document](), schema, "")
}

func TestSchemaKnowsEveryAxisAndValue(t *testing.T) {
	schema := compiled(t)
	for _, axis := range restriction.Axes() {
		if axis == restriction.Recall {
			continue // comes only with a later request
		}
		shape := restriction.ShapeOf(axis)
		for _, value := range restriction.Values(axis) {
			d := agreementtest.DocumentV2("alpha", "beta")
			d.Floor[string(axis)] = []string{value}
			raw, err := canonical.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if err := valid(t, schema, raw); err != nil {
				t.Errorf("%s=%s: %v", axis, value, err)
			}
		}
		d := agreementtest.DocumentV2("alpha", "beta")
		d.Floor[string(axis)] = []string{"no such term!"}
		raw, err := canonical.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if valid(t, schema, raw) == nil {
			t.Errorf("%s (%s) takes anything", axis, shape)
		}
	}
}

// What the schema refuses, the program refuses too; each by itself.
func TestWhatTheSchemaRefuses(t *testing.T) {
	schema := compiled(t)
	for name, change := range map[string]func(*agreement.Document){
		"a clause missing":           func(d *agreement.Document) { d.Retention = nil },
		"the first schema":           func(d *agreement.Document) { d.Schema = agreement.Schema },
		"personal data":              func(d *agreement.Document) { d.DataProtection.NoPersonalData = false },
		"a floor with a hole":        func(d *agreement.Document) { delete(d.Floor, "judicialUse") },
		"a closed agreement's rule":  func(d *agreement.Document) { d.Accession = "closed" },
		"an open one's missing rule": func(d *agreement.Document) { d.AccessionRule = nil },
		"a second revision of none":  func(d *agreement.Document) { d.Revision = 2 },
		"a day without the day":      func(d *agreement.Document) { d.EntryIntoForce.Rule = agreement.OnDate },
		"restrictions end":           func(d *agreement.Document) { d.Termination.Survival = []string{"retention"} },
		"a bilateral of three":       func(d *agreement.Document) { d.Form, d.Accession, d.AccessionRule = "bilateral", "closed", nil },
		"an express renewal of days": func(d *agreement.Document) { d.Renewal.Days = 1 },
		"attested at once":           func(d *agreement.Document) { d.Retention.AttestWithinDays = 0 },
		"no ground":                  func(d *agreement.Document) { d.Suspension.Grounds = []string{} },
		"excluded shortened":         func(d *agreement.Document) { d.Excluded = d.Excluded[:3] },
	} {
		d := agreementtest.DocumentV2("alpha", "beta", "gamma")
		change(d)
		raw, err := canonical.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if valid(t, schema, raw) == nil {
			t.Errorf("%s: the schema takes it", name)
		}
		if _, _, err := agreement.Parse(raw); err == nil {
			t.Errorf("%s: the program takes it", name)
		}
	}
	raw, _, err := agreementtest.DocumentV2("alpha", "beta", "gamma").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, schema, raw); err != nil {
		t.Errorf("the document of tests: %v", err)
	}
	if valid(t, schema, bytes.Replace(raw, []byte(`"costs"`), []byte(`"aaa":1,"costs"`), 1)) == nil {
		t.Error("the schema takes an unknown member")
	}
}
