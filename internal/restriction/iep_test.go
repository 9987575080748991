package restriction

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const iepExample = `{
  "id": "5f1f6c8e-0c53-4a6b-9a1d-0c6b1a8e7d11", "name": "Fictional exchange", "description": "A sample.",
  "iep_version": 2.0, "start_date": "2026-01-01T00:00:00Z", "end_date": null,
  "encrypt_in_transit": "must", "permitted_actions": "externally-visible-indirect-actions",
  "affected_party_notifications": "must-not", "tlp": "amber", "attribution": "must-not",
  "unmodified_resale": "must-not", "external_references": ["https://example.org/policy"]
}`

func TestAnIEPPolicyIsReadWithAllItSays(t *testing.T) {
	policy, err := ReadIEP([]byte(iepExample))
	if err != nil {
		t.Fatal(err)
	}
	want := Set{
		"notBefore": {"2026-01-01T00:00:00Z"}, "actionExposure": {"passive-external"}, "notifications": {"must-not"},
		"attribution": {"must-not"}, "tlp": {"TLP:AMBER"}, "audience": {"agreement-parties"},
		"onwardScope": {"own-organisation-and-clients"}, "onwardConsent": {"never"},
	}
	if !same(policy.Terms, want) {
		t.Errorf("terms: %v\nwant:  %v", policy.Terms, want)
	}
	if err := Declare(policy.Terms); err != nil {
		t.Error(err)
	}
	if want := []string{"description", "external_references", "unmodified_resale"}; !slices.Equal(policy.Left, want) {
		t.Errorf("left out: %v, want %v", policy.Left, want)
	}
}

func TestIEPWordsMeanOurs(t *testing.T) {
	for _, test := range []struct {
		member, word string
		axis         Axis
		want         string
	}{
		{"tlp", "red", TLP, "TLP:RED"}, {"tlp", "amber", TLP, "TLP:AMBER"}, {"tlp", "green", TLP, "TLP:GREEN"}, {"tlp", "white", TLP, "TLP:CLEAR"},
		{"permitted_actions", "none", ActionExposure, "none"},
		{"permitted_actions", "contact-for-instruction", ActionExposure, "contact-originator"},
		{"permitted_actions", "internally-visible-actions", ActionExposure, "internal-only"},
		{"permitted_actions", "externally-visible-indirect-actions", ActionExposure, "passive-external"},
		{"permitted_actions", "externally-visible-direct-actions", ActionExposure, "active"},
		{"affected_party_notifications", "may", Notifications, "may"},
		{"affected_party_notifications", "must-not", Notifications, "must-not"},
		{"attribution", "may", Attribution, "may"}, {"attribution", "must", Attribution, "must"}, {"attribution", "must-not", Attribution, "must-not"},
		{"end_date", "2027-06-01T00:00:00.9Z", Expires, "2027-06-01T00:00:00Z"},
		{"start_date", "2026-06-01T00:00:00.1+00:00", NotBefore, "2026-06-01T00:00:01Z"},
	} {
		members := map[string]string{"start_date": "2026-01-01T00:00:00Z", "end_date": "2029-01-01T00:00:00Z"}
		members[test.member] = test.word
		doc := `{"id":"x","name":"y","iep_version":2.0`
		for member, word := range members {
			doc += `,"` + member + `":"` + word + `"`
		}
		policy, err := ReadIEP([]byte(doc + "}"))
		if err != nil {
			t.Errorf("%s %s: %v", test.member, test.word, err)
		} else if got := policy.Terms.Value(test.axis); got != test.want {
			t.Errorf("%s %s: %s is %q, want %q", test.member, test.word, test.axis, got, test.want)
		}
	}
}

func TestAnIEPPolicyThatIsNotUnderstoodIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ old, new, code, place string }{
		"a member of version 1":       {`"tlp": "amber"`, `"encrypt_at_rest": "must"`, "iep_malformed", "/encrypt_at_rest"},
		"a member twice":              {`"tlp": "amber"`, `"tlp": "amber", "tlp": "white"`, "iep_malformed", "/tlp"},
		"a member in capitals":        {`"tlp": "amber"`, `"TLP": "amber"`, "iep_malformed", "/TLP"},
		"a label of another scheme":   {`"tlp": "amber"`, `"tlp": "amber+strict"`, "iep_value_unknown", "/tlp"},
		"a label in capitals":         {`"tlp": "amber"`, `"tlp": "AMBER"`, "iep_value_unknown", "/tlp"},
		"an unknown action":           {`externally-visible-indirect-actions`, `anything`, "iep_value_unknown", "/permitted_actions"},
		"an unknown word on transit":  {`"encrypt_in_transit": "must"`, `"encrypt_in_transit": "never"`, "iep_value_unknown", "/encrypt_in_transit"},
		"an unknown word on resale":   {`"unmodified_resale": "must-not"`, `"unmodified_resale": "must"`, "iep_value_unknown", "/unmodified_resale"},
		"version 1":                   {`"iep_version": 2.0`, `"iep_version": 1.0`, "iep_version_unknown", "/iep_version"},
		"a version in quotes":         {`"iep_version": 2.0`, `"iep_version": "2.0"`, "iep_version_unknown", "/iep_version"},
		"no start":                    {`"start_date": "2026-01-01T00:00:00Z", `, ``, "iep_member_missing", "/start_date"},
		"no end":                      {`, "end_date": null`, ``, "iep_member_missing", "/end_date"},
		"no id":                       {`"id": "5f1f6c8e-0c53-4a6b-9a1d-0c6b1a8e7d11", `, ``, "iep_member_missing", "/id"},
		"an end before the start":     {`"end_date": null`, `"end_date": "2025-01-01T00:00:00Z"`, "iep_value_unknown", "/end_date"},
		"a window inside one second":  {`"end_date": null`, `"end_date": "2026-01-01T00:00:00.5Z"`, "iep_value_unknown", "/end_date"},
		"a start in another zone":     {`2026-01-01T00:00:00Z`, `2026-01-01T00:00:00+07:00`, "iep_value_unknown", "/start_date"},
		"an end that is a number":     {`"end_date": null`, `"end_date": 20270101`, "iep_malformed", "/end_date"},
		"a start beyond every treaty": {`2026-01-01T00:00:00Z`, `9999-01-01T00:00:00Z`, "iep_value_unknown", "/start_date"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := strings.Replace(iepExample, test.old, test.new, 1)
			if doc == iepExample {
				t.Fatal("the example does not have what is to be replaced")
			}
			var refused *DocumentError
			if _, err := ReadIEP([]byte(doc)); !errors.As(err, &refused) || refused.Code != test.code || refused.Place != test.place {
				t.Errorf("ReadIEP = %v, want %s at %s", err, test.code, test.place)
			}
		})
	}
	var refused *DocumentError
	if _, err := ReadIEP([]byte(`{"id":"` + strings.Repeat("x", MaxIEP) + `"}`)); !errors.As(err, &refused) || refused.Code != "iep_malformed" {
		t.Errorf("a document of any size: %v", err)
	}
}
