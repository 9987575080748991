package hub_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/store"
)

func with(w *hubtest.World, t *testing.T, token string) *hubclient.Client {
	t.Helper()
	return w.Client(t, func(context.Context) (string, error) { return token, nil })
}

func TestEnrolmentIsOnceAndTheSameKeysGetTheSameAnswer(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.NewAgency(t, "agencya")
	desk := with(h.World, t, h.Cluster.DeskToken("agencya"))
	_, err := desk.Enrol(t.Context(), a.Enrolment(t))
	wantCode(t, err, "not_admitted", 403)
	h.Admit(t, "agencya")
	view, err := h.Operator.Agency(t.Context(), "agencya")
	if err != nil || !view.Admitted || view.EnrolledIndex != nil || view.Status != "" {
		t.Fatalf("%+v, %v", view, err)
	}
	first, err := desk.Enrol(t.Context(), a.Enrolment(t))
	if err != nil {
		t.Fatal(err)
	}
	again, err := desk.Enrol(t.Context(), a.Enrolment(t))
	if err != nil || again != first {
		t.Errorf("the same keys: %+v, %v; want %+v", again, err, first)
	}
	_, err = desk.Enrol(t.Context(), h.NewAgency(t, "agencya").Enrolment(t))
	wantCode(t, err, "agency_exists", 409)
	view, err = h.Operator.Agency(t.Context(), "agencya")
	if err != nil || *view.EnrolledIndex != first.Index || view.Status != "enrolled" ||
		view.Thumbprints[act.OfficerSign] != a.KeyID(act.OfficerSign).Thumbprint || view.Thumbprints[act.DeskSign] != a.KeyID(act.DeskSign).Thumbprint {
		t.Errorf("%+v, %v", view, err)
	}
	if none, err := h.Operator.Agency(t.Context(), "agencyq"); err != nil || none.Admitted || none.EnrolledIndex != nil {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestOnlyTheAgencysOwnDeskEnrolsIt(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	h.Admit(t, "agencya")
	a, b := h.NewAgency(t, "agencya"), h.NewAgency(t, "agencyb")
	subject := "system:serviceaccount:agency-agencya:desk"
	for name, c := range map[string]struct {
		token, code string
		status      int
	}{
		"another agency's desk":    {h.Cluster.DeskToken("agencyb"), "not_admitted", 403},
		"another account there":    {h.Cluster.Token("system:serviceaccount:agency-agencya:default"), "forbidden", 403},
		"a longer account":         {h.Cluster.Token("system:serviceaccount:agency-agencya:desk2"), "forbidden", 403},
		"a longer subject":         {h.Cluster.Token("x" + subject), "forbidden", 403},
		"the operator":             {h.Cluster.OperatorToken(), "forbidden", 403},
		"a token for Vault":        {h.Cluster.Token(subject, claim("aud", []string{"concordat-vault"})), "unauthenticated", 401},
		"a token without audience": {h.Cluster.Token(subject, claim("aud", nil)), "unauthenticated", 401},
		"another issuer":           {h.Cluster.Token(subject, claim("iss", "https://else.test")), "unauthenticated", 401},
		"a second past its end":    {h.Cluster.Token(subject, claim("exp", time.Now().Add(-time.Second).Unix())), "unauthenticated", 401},
		"no end":                   {h.Cluster.Token(subject, claim("exp", nil)), "unauthenticated", 401},
		"another cluster's key":    {hubtest.NewCluster(t).Token(subject), "unauthenticated", 401},
		"unsigned":                 {unsigned(t, subject, h.Cluster.Issuer), "unauthenticated", 401},
		"a code":                   {"guess", "not_admitted", 403},
		"nothing":                  {"", "unauthenticated", 401},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := with(h.World, t, c.token).Enrol(t.Context(), a.Enrolment(t))
			wantCode(t, err, c.code, c.status)
		})
	}
	good := with(h.World, t, h.Cluster.DeskToken("agencya"))
	for name, change := range map[string]func(*hubclient.Enrolment){
		"another's proof":        func(e *hubclient.Enrolment) { e.Proof = b.Enrolment(t).Proof },
		"a key not in the proof": func(e *hubclient.Enrolment) { e.OfficerSign = b.Enrolment(t).OfficerSign },
		"no proof":               func(e *hubclient.Enrolment) { e.Proof = "" },
	} {
		t.Run(name, func(t *testing.T) {
			enrolment := a.Enrolment(t)
			change(&enrolment)
			_, err := good.Enrol(t.Context(), enrolment)
			wantCode(t, err, "enrolment_proof_invalid", 422)
		})
	}
	if entries, _ := h.Service.Sizes(); entries != 0 {
		t.Errorf("%d entries", entries)
	}
}

func claim(name string, value any) func(jwt.MapClaims) {
	return func(claims jwt.MapClaims) {
		if value == nil {
			delete(claims, name)
			return
		}
		claims[name] = value
	}
}

func unsigned(t *testing.T, subject, issuer string) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"iss": issuer, "aud": "concordat-hub", "sub": subject, "exp": time.Now().Add(time.Minute).Unix(),
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAnEnrolmentCodeWorksOnceForItsExternalAgency(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	h := hubtest.Start(t, hubtest.Options{Clock: clock})
	admit := func(name act.AgencyName, custody string) {
		if _, err := h.Operator.Admit(t.Context(), name, hubclient.Admission{
			LegalName: "Sample", Kind: "ngo", Jurisdiction: "FR", Custody: custody, Mandate: "a sample mandate",
		}); err != nil {
			t.Fatal(err)
		}
	}
	admit("agencya", "external")
	admit("agencyb", "external")
	admit("agencyc", "managed")
	_, err := h.Operator.NewCode(t.Context(), "agencyc")
	wantCode(t, err, "custody_mismatch", 409)
	_, err = h.Operator.NewCode(t.Context(), "agencyq")
	wantCode(t, err, "not_found", 404)
	code, err := h.Operator.NewCode(t.Context(), "agencya")
	if err != nil {
		t.Fatal(err)
	}
	a, b := h.NewAgency(t, "agencya"), h.NewAgency(t, "agencyb")
	_, err = with(h.World, t, code.Code).Enrol(t.Context(), b.Enrolment(t))
	wantCode(t, err, "not_admitted", 403)
	// An External agency has no desk in the cluster, whatever token is shown.
	_, err = with(h.World, t, h.Cluster.DeskToken("agencya")).Enrol(t.Context(), a.Enrolment(t))
	wantCode(t, err, "not_admitted", 403)
	first, err := with(h.World, t, code.Code).Enrol(t.Context(), a.Enrolment(t))
	if err != nil {
		t.Fatal(err)
	}
	again, err := with(h.World, t, code.Code).Enrol(t.Context(), a.Enrolment(t))
	if err != nil || again != first {
		t.Errorf("retry: %+v, %v", again, err)
	}
	err = h.Store.View(t.Context(), func(r store.Reader) error {
		kept, err := r.Code(canonical.Digest([]byte(code.Code)))
		if !kept.Used {
			t.Error("the code is not marked as used")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	old, err := h.Operator.NewCode(t.Context(), "agencyb")
	if err != nil {
		t.Fatal(err)
	}
	clock.Pass(73 * time.Hour)
	_, err = with(h.World, t, old.Code).Enrol(t.Context(), b.Enrolment(t))
	wantCode(t, err, "not_admitted", 403)
}

func TestNamesThatNobodyMayHaveAreNotAdmitted(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	good := hubclient.Admission{LegalName: "Sample", Kind: "ngo", Jurisdiction: "FR", Custody: "managed", Mandate: "m"}
	for _, name := range []act.AgencyName{"hub", "registrar", "a", "Agency", "agency-a", "аgency", "x y", act.AgencyName(strings.Repeat("a", 32))} {
		_, err := h.Operator.Admit(t.Context(), name, good)
		wantCode(t, err, "agency_name_invalid", 422)
	}
	for name, change := range map[string]func(*hubclient.Admission){
		"no legal name": func(a *hubclient.Admission) { a.LegalName = "" }, "unknown custody": func(a *hubclient.Admission) { a.Custody = "shared" },
		"no jurisdiction": func(a *hubclient.Admission) { a.Jurisdiction = "" }, "no kind": func(a *hubclient.Admission) { a.Kind = "" },
	} {
		bad := good
		change(&bad)
		_, err := h.Operator.Admit(t.Context(), "agencya", bad)
		t.Log(name)
		wantCode(t, err, "request_malformed", 400)
	}
}
