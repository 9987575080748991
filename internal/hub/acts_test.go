package hub_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

// wantCode fails unless err is the hub's refusal with this code and status.
func wantCode(t *testing.T, err error, code string, status int) {
	t.Helper()
	var refused *hubclient.Error
	if !errors.As(err, &refused) || refused.Code != code || refused.Status != status {
		t.Errorf("got %v, want %s (%d)", err, code, status)
	}
}

func keyAdd(t *testing.T, a *hubtest.Agency) *act.KeyAdd {
	t.Helper()
	a.Sync(t)
	return &act.KeyAdd{Common: a.Common(), Purpose: act.Sealing, Recipient: hubtest.NewRecipient(t), Prev: a.State.Agency(a.Name).Last}
}

func TestAnActDeliveredTwiceIsOneEntry(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	raw := a.SignAct(t, act.DeskSign, keyAdd(t, a))
	first, err := a.Client.Submit(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	entries, _ := h.Service.Sizes()
	for name, carrier := range map[string]*hubtest.Agency{"its signer": a, "another agency": b} {
		again, err := carrier.Client.Submit(t.Context(), raw)
		if err != nil || again != first {
			t.Errorf("carried by %s: %+v, %v; want %+v", name, again, err, first)
		}
	}
	if now, _ := h.Service.Sizes(); now != entries {
		t.Errorf("%d entries, want %d", now, entries)
	}
}

// A client that did not hear the answer asks again, also when the key has ended
// in between.
func TestARetryGetsItsAnswerAfterItsKeyHasEnded(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	raw := a.SignAct(t, act.DeskSign, keyAdd(t, a))
	first, err := a.Client.Submit(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	a.Sync(t)
	a.Submit(t, act.OfficerSign, &act.KeyRevoke{KeyEnd: act.KeyEnd{
		Common: a.Common(), Purpose: act.DeskSign, Thumbprint: a.KeyID(act.DeskSign).Thumbprint, Prev: a.State.Agency(a.Name).Last,
	}})
	if again, err := b.Client.Submit(t.Context(), raw); err != nil || again != first {
		t.Errorf("retry: %+v, %v", again, err)
	}
	fresh := a.SignAct(t, act.DeskSign, &act.KeyAdd{Common: a.Common(), Purpose: act.Sealing, Recipient: hubtest.NewRecipient(t), Prev: first.Act})
	_, err = b.Client.Submit(t.Context(), fresh)
	wantCode(t, err, "sig_key_unknown", 422)
	_, err = a.Feed(t.Context(), 0, 0)
	wantCode(t, err, "unauthenticated", 401)
}

func TestActsThatAreNotForThisHubOrNotOfTheirSignerAreRefused(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	entries, _ := h.Service.Sizes()
	sign := func(signer *hubtest.Agency, purpose act.Purpose, id act.KeyID, change func(*act.KeyAdd)) string {
		payload := keyAdd(t, a)
		change(payload)
		raw, err := act.Sign(signer.Key(purpose), id, payload)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	same := func(*act.KeyAdd) {}
	good := sign(a, act.DeskSign, a.KeyID(act.DeskSign), same)
	cases := map[string]struct{ raw, code string }{
		"for another hub":                         {sign(a, act.DeskSign, a.KeyID(act.DeskSign), func(p *act.KeyAdd) { p.Audience = "other.test/ledger" }), "sig_audience"},
		"the kid of another agency":               {sign(a, act.DeskSign, b.KeyID(act.DeskSign), same), "sig_issuer_mismatch"},
		"the kid of another agency, signed by it": {sign(b, act.DeskSign, b.KeyID(act.DeskSign), same), "sig_issuer_mismatch"},
		"another agency's key under the own kid":  {sign(b, act.DeskSign, a.KeyID(act.DeskSign), same), "sig_invalid"},
		"a key of another purpose":                {sign(a, act.OfficerSign, a.KeyID(act.OfficerSign), same), "key_authority"},
		"a witness's key":                         {sign(a, act.WitnessSign, a.KeyID(act.WitnessSign), same), "sig_purpose_mismatch"},
		"a prev that nobody knows": {sign(a, act.DeskSign, a.KeyID(act.DeskSign), func(p *act.KeyAdd) {
			p.Prev = act.ID(strings.Repeat("A", 43))
		}), "prev_unknown"},
		"a classic recipient": {sign(a, act.DeskSign, a.KeyID(act.DeskSign), func(p *act.KeyAdd) {
			p.Recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
		}), "recipient_not_hybrid"},
		"one bit of the signature changed": {flip(good), "sig_invalid"},
		"alg none":                         {header(good, `{"alg":"none","kid":"`+a.KeyID(act.DeskSign).String()+`","typ":"`+act.KeyAddKind.Type()+`"}`), "sig_alg_not_allowed"},
		"a critical extension":             {header(good, `{"alg":"EdDSA","crit":["b64"],"kid":"`+a.KeyID(act.DeskSign).String()+`","typ":"`+act.KeyAddKind.Type()+`"}`), "sig_header_forbidden"},
		"an unknown kind":                  {header(good, `{"alg":"EdDSA","kid":"`+a.KeyID(act.DeskSign).String()+`","typ":"concordat.item.burn.v1+jws"}`), "act_kind_unknown"},
		"no JWS":                           {"hello", "sig_malformed"},
		"nothing":                          {"", "sig_malformed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := a.Client.Submit(t.Context(), c.raw)
			status := 422
			if c.code == "prev_unknown" {
				status = 409
			}
			wantCode(t, err, c.code, status)
		})
	}
	if now, _ := h.Service.Sizes(); now != entries {
		t.Errorf("%d entries, want %d: something refused was appended", now, entries)
	}
}

// flip changes one character of the last part, so that it stays base64url.
func flip(raw string) string {
	cut := strings.LastIndexByte(raw, '.') + 1
	changed := byte('A')
	if raw[cut] == changed {
		changed = 'B'
	}
	return raw[:cut] + string(changed) + raw[cut+1:]
}

func header(raw, head string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(head)) + raw[strings.IndexByte(raw, '.'):]
}

func TestOneIdentifierIsUsedOnce(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	first := keyAdd(t, a)
	a.Submit(t, act.DeskSign, first)
	second := keyAdd(t, a)
	second.JTI = first.JTI
	_, err := a.Client.Submit(t.Context(), a.SignAct(t, act.DeskSign, second))
	wantCode(t, err, "act_replayed", 409)
}

func TestActsThatNeedMoreThanThemselvesAreHandedInElsewhere(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	ref := h.Agree(t, h.Document(a, b), a, b)
	release := a.Release(t, ref, "content", b)
	item := a.Seal(t, ref, "content", b)
	for name, raw := range map[string]string{
		"a release": a.SignAct(t, act.DeskSign, item.Payload), "an open": b.OpenAct(t, release.Act),
	} {
		_, err := a.Client.Submit(t.Context(), raw)
		t.Log(name)
		wantCode(t, err, "act_wrong_endpoint", 422)
	}
	// What the registrar signed and never appended stays out, whoever brings it.
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	id := act.KeyID{Agency: act.Registrar, Purpose: act.RegistrarSign, Thumbprint: act.ThumbprintOf(key.Public().(ed25519.PublicKey))}
	forged, err := act.Sign(key, id, &act.AgencySuspend{AgencyStanding: act.AgencyStanding{
		Common: act.Common{Issuer: act.Registrar, Audience: h.Hub.ID, JTI: act.NewJTI(), IssuedAt: a.Common().IssuedAt}, Agency: "agencyb", Prev: b.Last,
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Client.Submit(t.Context(), forged)
	wantCode(t, err, "sig_key_unknown", 422)
	// And an open or a release is its issuer's to hand in.
	_, err = a.Client.Open(t.Context(), b.OpenAct(t, release.Act))
	wantCode(t, err, "not_the_issuer", 403)
	b.Upload(t, item)
	_, err = b.Client.Release(t.Context(), a.Request(t, item))
	wantCode(t, err, "not_the_issuer", 403)
}

func TestASuspendedAgencyMayReadItsFeedAndTakeRightsAwayAndNothingElse(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	ref := h.Agree(t, h.Document(a, b), a, b)
	own := b.Release(t, ref, "content of b", a)
	item := b.Seal(t, ref, "more content of b", a)
	b.Upload(t, item)
	if _, err := h.Operator.Request(t.Context(), "agencyb", hubclient.RequestSuspend); err != nil {
		t.Fatal(err)
	}
	b.Sync(t)
	_, err := b.Client.Release(t.Context(), b.Request(t, item))
	wantCode(t, err, "release_denied", 403)
	_, err = b.Client.Upload(t.Context(), []byte("another body"))
	wantCode(t, err, "agency_suspended", 403)
	_, err = b.Client.Submit(t.Context(), b.SignAct(t, act.DeskSign, keyAdd(t, b)))
	wantCode(t, err, "agency_suspended", 403)
	document, _, err := h.Document(a, b).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Client.Submit(t.Context(), b.SignAct(t, act.OfficerSign, &act.AgreementPropose{Common: b.Common(), Document: string(document)}))
	wantCode(t, err, "agency_suspended", 403)

	b.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: b.Step(t, ref)})
	_, err = b.Client.Submit(t.Context(), b.SignAct(t, act.OfficerSign, &act.AgreementResume{AgreementStep: b.Step(t, ref)}))
	wantCode(t, err, "agency_suspended", 403)
	b.Submit(t, act.DeskSign, &act.ItemRetract{Common: b.Common(), Item: b.State.Release(own.Act).Item.ID, Officer: b.Officer(), Reason: "safety"})
	if _, err := b.Receipt(t.Context(), own.Index); err != nil {
		t.Errorf("receipt: %v", err)
	}
	b.Submit(t, act.OfficerSign, &act.AgreementWithdraw{AgreementStep: b.Step(t, ref)})
	h.Verify(t)
}

func TestAnOffboardedAgencyIsOut(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	first, err := h.Operator.Request(t.Context(), "agencya", hubclient.RequestOffboard)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Operator.Request(t.Context(), "agencya", hubclient.RequestOffboard)
	if err != nil || again.Index != first.Index {
		t.Errorf("the same request again: %+v, %v; want %+v", again, err, first)
	}
	_, err = a.Feed(context.Background(), 0, 0)
	wantCode(t, err, "unauthenticated", 401)
	view, err := h.Operator.Agency(t.Context(), "agencya")
	if err != nil || view.Status != "offboarded" {
		t.Errorf("%+v, %v", view, err)
	}
	_, err = h.Operator.Request(t.Context(), "agencya", hubclient.RequestResume)
	if hubclient.CodeOf(err) == "" {
		t.Errorf("resumed after offboarding: %v", err)
	}
}
