package rest

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

type description struct {
	Paths map[string]map[string]struct {
		Responses map[string]any `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]struct {
			Required   []string       `json:"required"`
			Properties map[string]any `json:"properties"`
		} `json:"schemas"`
	} `json:"components"`
}

func parse(t *testing.T) description {
	t.Helper()
	var d description
	if err := yaml.Unmarshal(OpenAPI(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDescriptionHasExactlyTheRoutes(t *testing.T) {
	var described, served []string
	for path, operations := range parse(t).Paths {
		for method := range operations {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range (&handler{}).routes() {
		served = append(served, r.method+" "+r.path)
	}
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(described, served); diff != "" {
		t.Errorf("described (-) and served (+):\n%s", diff)
	}
}

// members returns the JSON members of a struct, and those that are always there.
func members(t reflect.Type) (all, always []string) {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			inner, innerAlways := members(field.Type)
			all, always = append(all, inner...), append(always, innerAlways...)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		all = append(all, name)
		if !strings.Contains(options, "omit") {
			always = append(always, name)
		}
	}
	slices.Sort(all)
	slices.Sort(always)
	return all, always
}

func TestDescriptionHasExactlyTheMembers(t *testing.T) {
	types := map[string]reflect.Type{}
	for _, v := range []any{
		deskapi.Login{}, deskapi.LoginVault{}, deskapi.SessionRequest{}, deskapi.Session{}, deskapi.Me{}, deskapi.Fingerprint{}, deskapi.Agency{},
		deskapi.OfficerRoles{}, deskapi.RolesRequest{}, deskapi.Problem{}, deskapi.Finding{}, deskapi.DraftRequest{}, deskapi.Draft{},
		deskapi.ApprovalRequest{}, deskapi.Approval{}, deskapi.ReleaseRequest{}, deskapi.DryRun{}, deskapi.Recipient{}, deskapi.Release{},
		deskapi.Item{}, deskapi.Conditions{}, deskapi.OpenRequest{}, deskapi.Opened{}, deskapi.RetractionRequest{}, deskapi.Appended{},
		deskapi.SectionPlan{}, deskapi.SectionConditions{}, deskapi.OpenedSection{}, deskapi.WithheldSection{},
		deskapi.Term{}, deskapi.Note{}, deskapi.Parent{}, deskapi.CopyRequest{}, deskapi.RestrictRequest{}, deskapi.Restricted{},
		deskapi.AcknowledgeRequest{}, deskapi.CannotComplyRequest{}, deskapi.UseReportRequest{}, deskapi.AttestationRequest{},
		deskapi.HoldRequest{}, deskapi.DisclosureRequest{}, deskapi.ConsentRequest{}, deskapi.ConsentAnswer{}, deskapi.Consent{}, deskapi.Duty{}, deskapi.Export{},
		deskapi.Access{}, deskapi.AgencyAccess{}, deskapi.ActRequest{}, deskapi.Party{}, deskapi.AgreementSummary{}, deskapi.Agreement{}, deskapi.Ready{}, deskapi.ProblemDetails{},
		deskapi.PartyStanding{}, deskapi.Suspension{}, deskapi.Accession{}, deskapi.Commitment{}, deskapi.Review{}, deskapi.BreachNotice{}, deskapi.BreachRequest{},
		deskapi.AgreementRevision{}, deskapi.AgreementWhy{}, deskapi.Outgoing{},
		deskapi.Retention{}, deskapi.Disposal{},
	} {
		types[reflect.TypeOf(v).Name()] = reflect.TypeOf(v)
	}
	schemas := parse(t).Components.Schemas
	if diff := cmp.Diff(slices.Sorted(maps.Keys(schemas)), slices.Sorted(maps.Keys(types))); diff != "" {
		t.Fatalf("described (-) and used (+):\n%s", diff)
	}
	for name, schema := range schemas {
		all, always := members(types[name])
		if diff := cmp.Diff(slices.Sorted(maps.Keys(schema.Properties)), all); diff != "" {
			t.Errorf("%s: described (-) and used (+):\n%s", name, diff)
		}
		slices.Sort(schema.Required)
		if diff := cmp.Diff(schema.Required, always); diff != "" {
			t.Errorf("%s: required (-) and always there (+):\n%s", name, diff)
		}
	}
}

func TestEveryCodeHasASentenceInEveryLanguage(t *testing.T) {
	for _, code := range desk.Codes() {
		for _, lang := range message.Languages() {
			text := message.Render(lang, message.New("desk_"+code, message.Params{"Right": "r", "Axis": "a"}))
			if text == "desk_"+code || strings.Contains(text, "<no value>") {
				t.Errorf("%s has no sentence in %s: %q", code, lang, text)
			}
		}
		if status, special := statuses[code]; special && http.StatusText(status) == "" {
			t.Errorf("%s has the status %d", code, status)
		}
	}
}
