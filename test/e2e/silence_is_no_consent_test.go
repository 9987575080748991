package e2e

import (
	"testing"
	"time"
)

type consentView struct {
	Request, State string
}

// A request that nobody answers gives nothing; a consent gives exactly what was
// asked.
func TestSilenceIsNoConsent(t *testing.T) {
	first, second := drafted(t, "bilateral", nil, a, b).enters(t), drafted(t, "bilateral", nil, b, c).enters(t)
	item := shared(t, first)
	request := []string{"consent", "request", item, "--use", "onward", "--for", c, "--purpose", "detection", "--until", "2029-12-31"}
	silent := get[consentView](t, analyst(b), append(request, "--answer-by", time.Now().Add(10*time.Second).UTC().Format(time.RFC3339))...)
	eventually(t, "silence to become no", func() bool {
		for _, one := range get[[]consentView](t, analyst(b), "consent", "list") {
			if one.Request == silent.Request {
				return one.State == "lapsed"
			}
		}
		return false
	})
	do(t, refused, releaser(a), "consent", "grant", silent.Request)
	asked := get[consentView](t, analyst(b), request...)
	if asked.State != "pending" {
		t.Fatalf("%+v", asked)
	}
	draft := get[struct {
		ID string `json:"id"`
	}](t, analyst(b), "bulletin", "pass-on", item, "--agreement", second.reference, "--to", c, "--purpose", "detection")
	do(t, ok, platform.As(b, "analyst-2"), "bulletin", "approve", draft.ID, "--yes")
	passOn := []string{"bulletin", "release", draft.ID, "--agreement", second.reference, "--recipient", c, "--purpose", "detection", "--yes"}
	do(t, refused, releaser(b), passOn...)
	reads(t, releaser(a), item, b+" asks for consent")
	do(t, notFound, releaser(b), "consent", "grant", asked.Request)
	do(t, ok, releaser(a), "consent", "grant", asked.Request)
	reads(t, analyst(b), item, "Consent granted")

	do(t, refused, releaser(b), append(passOn, "--purpose", "training")...)
	passed := get[struct {
		Item string `json:"item"`
	}](t, releaser(b), passOn...)
	arrives(t, c, passed.Item)
	do(t, ok, analyst(c), open(passed.Item)...)

	// What it was made from is tightened: b's desk follows, and c hears of it.
	do(t, ok, releaser(a), "bulletin", "restrict", item, "--restrict", "accessForm=view-only", "--yes")
	reads(t, analyst(c), passed.Item, "Restricted since you opened it")
	reads(t, releaser(b), passed.Item, "your desk restricted this as far")
	do(t, ok, analyst(c), open(passed.Item)...)
}
