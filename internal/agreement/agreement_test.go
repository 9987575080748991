package agreement_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func valid() *agreement.Document {
	return agreementtest.Document("alpha", "beta", "gamma")
}

func TestParseReturnsWhatBytesWrote(t *testing.T) {
	b, digest, err := valid().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	document, again, err := agreement.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if digest != again || document.Reference != valid().Reference || document.SignaturesNeeded() != 3 {
		t.Errorf("Parse = %+v with digest %s, want digest %s", document, again, digest)
	}
}

func TestDocumentsThatNobodyShouldSign(t *testing.T) {
	tests := map[string]struct {
		change func(*agreement.Document)
		code   string
		place  string
	}{
		"the same party twice":          {func(d *agreement.Document) { d.Parties[1].Agency = "alpha" }, "party_twice", "/parties/1/agency"},
		"one key for two parties":       {func(d *agreement.Document) { d.Parties[1].OfficerSign = d.Parties[0].OfficerSign }, "key_twice", "/parties/1"},
		"one key for two purposes":      {func(d *agreement.Document) { d.Parties[0].DeskSign = d.Parties[0].OfficerSign }, "key_twice", "/parties/0"},
		"a window that ends before":     {func(d *agreement.Document) { d.EntryIntoForce.NotBefore = agreementtest.At("2028-01-01T00:00:00Z") }, "window_ends_before_it_starts", "/expires"},
		"a window of no length":         {func(d *agreement.Document) { d.EntryIntoForce.NotBefore = d.Expires }, "window_ends_before_it_starts", "/expires"},
		"no end":                        {func(d *agreement.Document) { d.Expires = canonical.Time{} }, "window_has_no_end", "/expires"},
		"one party":                     {func(d *agreement.Document) { d.Parties = d.Parties[:1] }, "parties_too_few_or_many", "/parties"},
		"a bilateral with three":        {func(d *agreement.Document) { d.Form = "bilateral" }, "bilateral_has_two_parties", "/parties"},
		"a reserved name":               {func(d *agreement.Document) { d.Parties[0].Agency = "operator" }, "agency_name_invalid", "/parties/0/agency"},
		"a name with a hyphen":          {func(d *agreement.Document) { d.Parties[0].Agency = "al-pha" }, "agency_name_invalid", "/parties/0/agency"},
		"a name in other letters":       {func(d *agreement.Document) { d.Parties[0].Agency = "аlpha" }, "agency_name_invalid", "/parties/0/agency"},
		"a party without a mandate":     {func(d *agreement.Document) { d.Parties[2].Mandate = "" }, "mandate_missing", "/parties/2/mandate"},
		"an unknown role":               {func(d *agreement.Document) { d.Parties[2].Role = "owner" }, "term_unknown", "/parties/2/role"},
		"an unknown purpose":            {func(d *agreement.Document) { d.Purposes = []string{"advertising"} }, "purposes_missing_or_unknown", "/purposes"},
		"no purpose":                    {func(d *agreement.Document) { d.Purposes = nil }, "purposes_missing_or_unknown", "/purposes"},
		"victim data allowed":           {func(d *agreement.Document) { d.Excluded = d.Excluded[:3] }, "excluded_is_constant", "/excluded"},
		"an unknown restriction":        {func(d *agreement.Document) { d.Floor["colour"] = []string{"red"} }, "restriction_invalid", "/restrictionFloor"},
		"GREEN without a community":     {func(d *agreement.Document) { d.Floor["tlp"] = []string{"TLP:GREEN"} }, "community_undefined", "/definitions/community"},
		"AMBER without clients":         {func(d *agreement.Document) { d.Floor["tlp"] = []string{"TLP:AMBER"} }, "clients_undefined", "/definitions/clients"},
		"two signatures of two needed":  {func(d *agreement.Document) { d.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: 1} }, "count_out_of_range", "/entryIntoForce/count"},
		"more signatures than parties":  {func(d *agreement.Document) { d.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: 4} }, "count_out_of_range", "/entryIntoForce/count"},
		"a second revision of nothing":  {func(d *agreement.Document) { d.Revision = 2 }, "supersedes_malformed", "/supersedes"},
		"a schema of another version":   {func(d *agreement.Document) { d.Schema = "concordat.agreement/v9" }, "schema_unknown", "/schema"},
		"an id that can be guessed":     {func(d *agreement.Document) { d.ID = "ag1" }, "agreement_id_malformed", "/id"},
		"a hub without a key":           {func(d *agreement.Document) { d.Hub.LogKey = "" }, "hub_missing", "/hub/logKey"},
		"a lease of a month":            {func(d *agreement.Document) { n := 2592000; d.OpenLease = &n }, "lease_out_of_range", "/openLeaseSeconds"},
		"a lease that ends before":      {func(d *agreement.Document) { n := -1; d.OpenLease = &n }, "lease_out_of_range", "/openLeaseSeconds"},
		"notice of more than two years": {func(d *agreement.Document) { d.Termination.NoticeDays = 731 }, "notice_out_of_range", "/termination/noticeDays"},
		"an unknown default":            {func(d *agreement.Document) { d.Default = restriction.Set{"colour": {"red"}} }, "restriction_invalid", "/restrictionDefault"},
		"GREEN by default, undefined":   {func(d *agreement.Document) { d.Default = restriction.Set{"tlp": {"TLP:GREEN"}} }, "community_undefined", "/definitions/community"},
		"a bilateral of one signature": {func(d *agreement.Document) {
			d.Form, d.Parties, d.EntryIntoForce = "bilateral", d.Parties[:2], agreement.EntryIntoForce{Rule: "n-signed", Count: 2}
		}, "count_out_of_range", "/entryIntoForce/count"},
		"notice in the past": {func(d *agreement.Document) { d.Termination.NoticeDays = -1 }, "notice_out_of_range", "/termination/noticeDays"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := valid()
			test.change(d)
			b, err := canonical.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = agreement.Parse(b)
			var wrong *agreement.Error
			if !errors.As(err, &wrong) || wrong.Code != test.code || wrong.Place != test.place {
				t.Errorf("Parse = %v, want %s at %s", err, test.code, test.place)
			}
		})
	}
}

func TestAsManySignAsTheRuleSays(t *testing.T) {
	d := valid()
	if got := d.SignaturesNeeded(); got != 3 {
		t.Errorf("all of three are %d", got)
	}
	for _, count := range []int{2, 3} {
		d.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: count}
		if got := d.SignaturesNeeded(); got != count {
			t.Errorf("%d of three are %d", count, got)
		}
	}
}

func TestOnlyTheExactBytesAreADocument(t *testing.T) {
	b, _, err := valid().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	good := string(b)
	tests := map[string]struct{ in, code string }{
		"a final newline":     {good + "\n", "document_not_canonical"},
		"a space":             {strings.Replace(good, ":", ": ", 1), "document_not_canonical"},
		"an unknown field":    {`{"Aaa":1,` + good[1:], "document_malformed"},
		"a field given twice": {`{"accession":"open",` + good[1:], "document_malformed"},
		"a byte order mark":   {"\ufeff" + good, "document_malformed"},
		"YAML":                {"schema: concordat.agreement/v1\n", "document_malformed"},
		"larger than the cap": {good + strings.Repeat(" ", agreement.MaxSize), "document_too_large"},
		"deeper than any use": {strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "document_malformed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := agreement.Parse([]byte(test.in))
			var wrong *agreement.Error
			if !errors.As(err, &wrong) || wrong.Code != test.code {
				t.Errorf("Parse = %v, want %s", err, test.code)
			}
		})
	}
}

func TestAnyChangedByteIsAnotherDocument(t *testing.T) {
	_, before, err := valid().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	d := valid()
	d.Parties[2].Signatory += "."
	_, after, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if before == after {
		t.Error("one changed byte left the digest as it was")
	}
}

func TestRedIsNeverShownAgainWithoutAsking(t *testing.T) {
	d := valid()
	if got := d.Lease("TLP:RED"); got != 0 {
		t.Errorf("lease of TLP:RED = %v, want none", got)
	}
	if got := d.Lease("TLP:AMBER"); got.Minutes() != 15 {
		t.Errorf("default lease = %v, want 15 minutes", got)
	}
	seconds := 60
	d.OpenLease = &seconds
	if got := d.Lease("TLP:AMBER"); got.Minutes() != 1 {
		t.Errorf("a lease of 60 seconds = %v", got)
	}
}

func FuzzParse(f *testing.F) {
	b, _, err := valid().Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	if b, _, err = whole().Bytes(); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, in []byte) {
		d, digest, err := agreement.Parse(in)
		if err != nil {
			return
		}
		if digest != canonical.Digest(in) {
			t.Fatalf("the digest %s is not that of the bytes", digest)
		}
		out, again, err := d.Bytes()
		if err != nil || d.Schema == agreement.SchemaV2 && (string(out) != string(in) || digest != again) {
			t.Fatalf("accepted bytes that are not the document's own: %q", in)
		}
		for _, party := range d.Parties {
			if act.CheckAgencyName(party.Agency) != nil {
				t.Fatalf("accepted the name %q", party.Agency)
			}
		}
	})
}

// A category names facets; an item has one of the terms of each.
func TestWhatAnAgreementCarries(t *testing.T) {
	d := agreementtest.DocumentV2("alpha", "beta")
	d.Categories = []agreement.Category{
		{Kind: "bulletin", Facets: map[string][]string{"payment-channel": {"virtual-asset"}, "phase": {"payment-laundering"}}},
		{Kind: "curriculum"},
	}
	for name, test := range map[string]struct {
		kind   string
		facets map[string][]string
		want   bool
	}{
		"one term of each facet": {"bulletin", map[string][]string{"payment-channel": {"cash", "virtual-asset"}, "phase": {"payment-laundering"}}, true},
		"a facet too few":        {"bulletin", map[string][]string{"payment-channel": {"virtual-asset"}}, false},
		"another term":           {"bulletin", map[string][]string{"payment-channel": {"cash"}, "phase": {"payment-laundering"}}, false},
		"no facets asked for":    {"curriculum", nil, true},
		"another kind":           {"law-note", nil, false},
	} {
		if got := d.Carries(test.kind, test.facets); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if d.Categories = nil; !d.Carries("bulletin", nil) {
		t.Error("an agreement without categories carries nothing")
	}
}
